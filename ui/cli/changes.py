"""`kb changes`: the ledger of a period."""

from __future__ import annotations

import click

from ui.cli.click_parts import option
from ui.cli.options import (
    Common,
    FilterWords,
    emit,
    emit_json,
    filter_options,
    json_option,
    lang_option,
)
from ui.cli.options import (
    command as kb_command,
)


@kb_command("changes")
@filter_options
@option("--order", type=click.Choice(["newest", "importance"]), default="newest", show_default=True)
@option("-n", "--limit", type=click.IntRange(1), help="At most so many.")
@lang_option
@json_option
def command(
    common: Common,
    filter_words: FilterWords,
    tz: str | None,
    order: str,
    limit: int | None,
    lang: str | None,
    as_json: bool,
) -> int:
    """List every change that the filters leave, newest first."""
    with common.open({"lang": lang, "tz": tz}) as knowledge:
        settings = knowledge.settings
        filters = filter_words.filters(settings)
        records = knowledge.select(filters, order=order, limit=limit)
        repos = filters.repos or knowledge.archive.repos()
    if as_json:
        from ui.presenters import changes_json

        repo = repos[0] if len(repos) == 1 else None
        emit_json(changes_json(records, filters.since, filters.until, settings.tz, repo))
    else:
        from ui.cli.terminal import ledger_text

        emit(ledger_text(records, settings.tz, settings.lang))
    return 0
