"""`kb forget`: one source gone, entirely."""

from __future__ import annotations

import click

from ui.cli.options import Common, counted
from ui.cli.options import command as kb_command


@kb_command("forget")
@click.argument("source")
def command(common: Common, source: str) -> int:
    """Remove SOURCE (owner/name): changes, vectors, own clone, and the reports, questions and model
    answers about it.
    """
    with common.open() as knowledge:
        count = knowledge.forget(source)
    click.echo(f"{source}: {counted(count, 'change')} removed")
    return 0
