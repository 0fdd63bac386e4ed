"""Options that commands share: where the knowledge base is, filters, language, zone, output."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from kb.errors import UsageError
from kb.types.noun import noun
from kb.vocabulary import CHANGE_TYPES, LANGUAGES, LEVELS, RISK_KINDS
from ui.cli.click_parts import Command, option

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.settings import Settings
    from kb.types import Filters, Observer

STEERING = "[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
P = ParamSpec("P")
R = TypeVar("R")
Decorator = Callable[[Callable[..., R]], Callable[..., R]]


@dataclass(slots=True)
class Common:
    """The flags that may stand before or after the command; the later one wins."""

    home: Path | None = None
    config: Path | None = None
    quiet: bool = False
    verbose: bool = False

    def settings(self, changes: Mapping[str, Any] | None = None) -> Settings:
        from kb.settings import load_settings

        return load_settings(config=self.config, home=self.home, changes=changes)

    def open(self, changes: Mapping[str, Any] | None = None) -> KnowledgeBase:
        from kb.knowledge_base import KnowledgeBase

        return KnowledgeBase.open(settings=self.settings(changes))

    def tell_written(self, output: Path | None, lang: str) -> None:
        """The file that was written, on stderr: of a result in it nothing else is seen."""
        if output is not None and not self.quiet:
            from ui.messages import message

            click.echo(message("cli", "output.written", lang, path=output), err=True)

    @contextmanager
    def observer(self) -> Iterator[Observer]:
        """Progress on stderr while a command works; silent with --quiet or without a terminal."""
        if self.quiet:
            from kb.types import SilentObserver

            yield SilentObserver()
            return
        from ingest.progress import ProgressObserver

        with ProgressObserver(verbose=self.verbose) as observer:
            yield observer


def common_options(function: Callable[P, R]) -> Callable[..., R]:
    """`--home --config --quiet --verbose`, gathered in the context's `Common`."""

    @option("--home", type=click.Path(path_type=Path), help="Folder of the knowledge base.")
    @option("--config", type=click.Path(path_type=Path), help="Settings file (kb.toml).")
    @option("-q", "--quiet", is_flag=True, help="No progress and no notes.")
    @option("-v", "--verbose", is_flag=True, help="More notes; errors with their trace.")
    @click.pass_context
    @wraps(function)
    def wrapper(
        ctx: click.Context,
        /,
        *args: Any,
        home: Path | None,
        config: Path | None,
        quiet: bool,
        verbose: bool,
        **kwargs: Any,
    ) -> R:
        common = ctx.ensure_object(Common)
        common.home = home or common.home
        common.config = config or common.config
        common.quiet = quiet or common.quiet
        common.verbose = verbose or common.verbose
        return ctx.invoke(function, *args, **kwargs)

    return wrapper


def command(name: str, **attributes: Any) -> Decorator[Any]:
    """A click command with the common options; its function gets `common` first."""

    def decorate(function: Callable[..., R]) -> Any:
        body = common_options(click.pass_obj(function))
        make: Any = click.command(name, cls=Command, **attributes)
        return make(body)

    return decorate


tz_option = option("--tz", metavar="ZONE", help="IANA time zone (default: the machine's).")
lang_option = option(
    "--lang", type=click.Choice(LANGUAGES), help="Language of the text (default: en)."
)
json_option = option("--json", "as_json", is_flag=True, help="Print one JSON object.")
output_option = option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)


def words_argument(*, required: bool = False) -> Decorator[Any]:
    """What a person says in words; bytes that are no UTF-8 become signs that every part can read."""

    def as_text(ctx: click.Context, parameter: click.Parameter, said: Any) -> tuple[str, ...]:
        del ctx, parameter
        written = (word.encode("utf-8", "surrogateescape") for word in said)
        return tuple(word.decode("utf-8", "replace") for word in written)

    return click.argument("words", nargs=-1, required=required, callback=as_text)


def filter_options(function: Callable[..., R]) -> Callable[..., R]:
    """The filters of CONTRACT.md, the same words in every command; passed on as `filters`."""

    @option("--repo", "repos", multiple=True, metavar="OWNER/NAME", help="Only this one.")
    @option("--author", "authors", multiple=True, help="Only changes by this author.")
    @option("--path", "paths", multiple=True, metavar="GLOB", help="Touching these files.")
    @option("--module", "modules", multiple=True, help="Touching this module.")
    @option("--type", "types", multiple=True, type=click.Choice(CHANGE_TYPES))
    @option("--risk", "risks", multiple=True, type=click.Choice(RISK_KINDS))
    @option("--label", "labels", multiple=True, help="With this label.")
    @option("--level", "levels", multiple=True, type=click.Choice(LEVELS))
    @option("--min-importance", type=click.FloatRange(0, 10), help="At least this (0-10).")
    @option("--since", metavar="TIME", help="Merged at this time or later.")
    @option("--until", metavar="TIME", help="Merged before this time.")
    @tz_option
    @wraps(function)
    def wrapper(*args: Any, since: str | None, until: str | None, **kwargs: Any) -> R:
        names = ("repos", "authors", "paths", "modules", "types", "risks", "labels", "levels")
        parts = {name: tuple(kwargs.pop(name)) for name in names}
        parts["min_importance"] = kwargs.pop("min_importance")
        kwargs["filter_words"] = FilterWords(parts, since, until, kwargs.get("tz"))
        return function(*args, **kwargs)

    return wrapper


@noun
class FilterWords:
    """Filters as typed; times are read once the zone is known from the settings."""

    parts: Mapping[str, Any]
    since: str | None
    until: str | None
    tz: str | None

    def filters(self, settings: Settings) -> Filters:
        from kb.periods import between, parse_time
        from kb.types import Filters

        tz = self.tz or settings.tz
        now = datetime.now(UTC)
        since = None if self.since is None else parse_time(self.since, tz, now)
        until = None if self.until is None else parse_time(self.until, tz, now)
        if since and until:
            between(since, until, tz)
        return Filters(since=since, until=until, **self.parts)


def counted(count: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def say_error(message: str, hint: str, lang: str, *, of: str = "") -> None:
    """What happened (`of` one of several) and what to do about it, in a language, on stderr."""
    from ui.messages import error_text

    click.echo("error: " + (f"{of}: " if of else "") + error_text(message, lang), err=True)
    if hint:
        click.echo(f"hint:  {error_text(hint, lang)}", err=True)


def emit(text: str, output: Path | None = None) -> None:
    """Print, or write the file whole: a reader never finds half of it."""
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    emit_bytes(text.encode("utf-8", "replace"), output)


def emit_json(document: object, output: Path | None = None) -> None:
    """One object; nothing in it steers a terminal."""
    emit(inert_json(json.dumps(document, ensure_ascii=False, indent=1)), output)


def inert_json(text: str) -> str:
    """JSON of the same values with direction marks and control characters escaped."""
    return re.sub(STEERING, lambda found: f"\\u{ord(found[0]):04x}", text)


def check_output(output: Path | None) -> None:
    """Says before the work, not after it, that a file cannot be written."""
    if output is None:
        return
    folder = output.parent
    if not folder.is_dir():
        raise UsageError(
            f"cannot write {output}: there is no folder {folder}", f"mkdir -p {folder}"
        )
    if not os.access(folder, os.W_OK):
        raise UsageError(
            f"cannot write {output}: the folder {folder} is not writable", "-o another file"
        )


def emit_bytes(content: bytes, output: Path) -> None:
    _write_whole((content,), output)


def emit_lines(lines: Iterable[str], output: Path | None = None) -> None:
    """Like `emit`, a line at a time: a long history is never in memory at once."""
    if output is not None:
        _write_whole((line.encode("utf-8", "replace") for line in lines), output)
        return
    for line in lines:
        click.echo(line, nl=False)


def _write_whole(parts: Iterable[bytes], output: Path) -> None:
    import tempfile

    check_output(output)
    name = None
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(output)
    except BaseException as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(
                f"cannot write {output}: {error.strerror or error}", "-o another file"
            ) from error
        raise
