"""`kb doctor`: every check of the installation and of the knowledge base."""

from __future__ import annotations

import click

from ui.cli.click_parts import option
from ui.cli.options import Common
from ui.cli.options import command as kb_command


@kb_command("doctor")
@option(
    "--chat",
    "chat_model",
    metavar="MODEL",
    is_flag=False,
    flag_value="",
    help="Analyse one change with the chat model.",
)
def command(common: Common, chat_model: str | None) -> int:
    """Check git, archive, embedder, indexes and sources; with --chat the model too. Exit 1 if one fails."""
    from ui.cli.terminal import columns_of
    from ui.messages import error_text
    from ui.presenters import word

    failed = 0
    with common.open({"chat.model": chat_model or None}) as knowledge:
        for check in knowledge.doctor(chat=chat_model is not None):
            failed += not check.ok
            lang = knowledge.settings.lang
            name = word("check", check.name, lang)
            name += " " * (9 - columns_of(name))
            detail = error_text(check.detail, lang)
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {name} {detail}")
            if check.hint and not check.ok:
                click.echo(f"      hint: {error_text(check.hint, lang)}")
    return 1 if failed else 0
