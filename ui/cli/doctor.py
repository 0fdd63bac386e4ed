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
    failed = 0
    with common.open({"chat.model": chat_model or None}) as knowledge:
        for check in knowledge.doctor(chat=chat_model is not None):
            failed += not check.ok
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<9} {check.detail}")
            if check.hint and not check.ok:
                click.echo(f"      hint: {check.hint}")
    return 1 if failed else 0
