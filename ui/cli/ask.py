"""`kb ask`: a question answered with citations, or with quotes where there is no model."""

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
    words_argument,
)
from ui.cli.options import (
    command as kb_command,
)
from ui.presenters import answer_json


@kb_command("ask")
@words_argument(required=True)
@filter_options
@option("--chat", "chat_model", metavar="MODEL", help="Chat model, or `none`.")
@lang_option
@json_option
def command(
    common: Common,
    words: tuple[str, ...],
    filter_words: FilterWords,
    tz: str | None,
    chat_model: str | None,
    lang: str | None,
    as_json: bool,
) -> int:
    """Answer a question from the indexed changes; every sentence cites its change."""
    from ui.cli.terminal import inert, inert_lines

    def say(text: str) -> None:
        click.echo(inert_lines(text), nl=False)

    with common.open({"chat.model": chat_model, "tz": tz}) as knowledge:
        filters = filter_words.filters(knowledge.settings)
        on_text = None if as_json else say
        answer = knowledge.ask(" ".join(words), filters=filters, lang=lang, on_text=on_text)
    if as_json:
        emit_json(answer_json(answer))
    else:
        lines = ["", ""] if answer.citations else [""]
        for citation in answer.citations:
            link = f"  {citation.url}" if citation.url else ""
            lines.append(f"[{citation.index}] {citation.change_id}  {inert(citation.title)}{link}")
        emit("\n".join(lines))
    if not common.quiet:
        for note in answer.notes:
            click.echo(f"note:  {note}", err=True)
    return 1 if answer.abstained else 0
