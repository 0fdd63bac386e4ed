"""click's option and command as every command of ours is made of them.

click takes the indentation off each help text with `inspect`, whose import takes 11 ms. The help of
our options stands on one line, so nothing needs it before a command's own help is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Option(click.Option):
    """An option with its help as it is written."""

    def __init__(self, *arguments: Any, help: str | None = None, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = help


def option(*names: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """`click.option`, of ours."""
    return click.option(*names, cls=Option, **attributes)


def _show_help(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    del parameter
    if asked and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


HELP = Option(
    ["-h", "--help"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show this message and exit.",
    callback=_show_help,
)


class Command(click.Command):
    """A command with `HELP` for its help."""

    def get_help_option(self, ctx: click.Context) -> Option:
        del ctx
        return HELP
