"""`kb search`: past changes by meaning and by words."""

from __future__ import annotations

import click

from kb.vocabulary import MODES
from ui.cli.click_parts import option
from ui.cli.options import (
    Common,
    FilterWords,
    emit,
    emit_json,
    filter_options,
    json_option,
    lang_option,
    words_argument,
)
from ui.cli.options import (
    command as kb_command,
)


@kb_command("search")
@words_argument(required=True)
@filter_options
@option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@option("-n", "--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@option("--explain", is_flag=True, help="Say which words and vectors found each hit.")
@option("--engine", type=click.Choice(["auto", "chroma", "exact"]), help="Vector engine.")
@lang_option
@json_option
def command(
    common: Common,
    words: tuple[str, ...],
    filter_words: FilterWords,
    tz: str | None,
    mode: str,
    limit: int,
    explain: bool,
    engine: str | None,
    lang: str | None,
    as_json: bool,
) -> int:
    """Find past changes, in English or Chinese.

    WORDS may hold `author: path: module: type: risk: label: since: until: importance:>8`,
    "a phrase" and -word. A PR number or a SHA finds that change.
    """
    with common.open({"search.engine": engine, "lang": lang, "tz": tz}) as knowledge:
        settings = knowledge.settings
        result = knowledge.search(
            " ".join(words), filters=filter_words.filters(settings), mode=mode, limit=limit
        )
    if as_json:
        from ui.presenters import search_json

        emit_json(search_json(result))
    else:
        from ui.cli.terminal import result_text
        from ui.messages import message

        if result.hits:
            emit(result_text(result, settings.tz, settings.lang, explain=explain))
        else:
            said = "search.empty" if result.query.empty else "search.nothing"
            click.echo(message("cli", said, settings.lang), err=True)
        if not common.quiet:
            for note in result.notes:
                click.echo(f"note:  {note}", err=True)
    return 0 if result.hits else 1
