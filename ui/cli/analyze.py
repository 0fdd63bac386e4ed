"""`kb analyze`: every change judged again, from the archive."""

from __future__ import annotations

import click

from ui.cli.click_parts import option
from ui.cli.options import Common, counted
from ui.cli.options import command as kb_command


@kb_command("analyze")
@option("--repo", metavar="OWNER/NAME", help="Only this one.")
def command(common: Common, repo: str | None) -> int:
    """Read and judge all changes again, fetching nothing (after changing weights, core paths or
    overrides, or after a new version of RepoKB)."""
    with common.open() as knowledge, common.observer() as observer:
        outcome = knowledge.analyze(repo, observer)
    click.echo(
        f"{counted(outcome.changes, 'change')} judged again: "
        f"{counted(outcome.levels_moved, 'level')} and "
        f"{counted(outcome.importances_moved, 'importance')} moved"
    )
    for (before, after), count in sorted(outcome.moves.items()):
        click.echo(f"  {before} -> {after}: {count}")
    if outcome.reread:
        click.echo(
            f"{counted(outcome.reread, 'diff')} read otherwise now; kb update embeds what changed",
            err=True,
        )
    return 0
