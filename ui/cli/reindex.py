"""`kb reindex`: the indexes again, from the archive; nothing is fetched."""

from __future__ import annotations

import click

from ui.cli.options import Common, counted
from ui.cli.options import command as kb_command


@kb_command("reindex")
def command(common: Common) -> int:
    """Build words and vectors again from the archive (after changing the embedder)."""
    from ingest.reindex import reindex

    with common.observer() as observer:
        count = reindex(common.settings(), observer)
    click.echo(f"{counted(count, 'change')} indexed again")
    return 0
