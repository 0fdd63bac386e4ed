"""`kb changes`: the ledger of a period."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from kb.types import Filters, Period
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
    if as_json:
        from ui.presenters import changes_json

        period = _period(filters, settings.tz)
        repo = filters.repos[0] if len(filters.repos) == 1 else None
        document = changes_json(records, period, repo)
        document["period"]["tz"] = settings.tz
        emit_json(document)
    else:
        from ui.cli.terminal import ledger_text

        emit(ledger_text(records, settings.tz, settings.lang))
    return 0


def _period(filters: Filters, tz: str) -> Period | None:
    if filters.since is None and filters.until is None:
        return None
    return Period(
        filters.since or datetime.fromtimestamp(0, UTC), filters.until or datetime.now(UTC), tz
    )
