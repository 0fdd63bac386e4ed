"""The tqdm observer: phases, rate and time left on stderr; silent where nobody looks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from kb.types import Observer, SilentObserver

if TYPE_CHECKING:
    from tqdm import tqdm

# What a person reads; a phase that is not named here is shown by its own name.
PHASES = {
    "history": "Reading the history",
    "changes": "Reading changes",
    "titles": "Embedding titles",
    "texts": "Embedding descriptions and diffs",
    "relations": "Linking series and reverts",
    "publish": "Publishing",
    "host": "Asking the host",
    "export": "Writing",
}


class TerminalObserver:
    """Draws one bar at a time. Use as a context manager, so that the last bar is closed."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar: tqdm[Any] | None = None

    def phase(self, name: str, total: int | None = None) -> None:
        from tqdm import tqdm

        self.close()
        self._bar = tqdm(
            total=total,
            desc=PHASES.get(name, name),
            file=self._stream,
            leave=False,
            dynamic_ncols=True,
            mininterval=0.2,
            unit="",
        )

    def advance(self, count: int = 1) -> None:
        if self._bar is not None:
            self._bar.update(count)

    def note(self, message: str) -> None:
        from tqdm import tqdm

        if self._bar is None:
            print(message, file=self._stream)
        else:
            tqdm.write(message, file=self._stream)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class NotesOnly(SilentObserver):
    """Where stderr is no terminal: what a person must know, and no bars."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def note(self, message: str) -> None:
        print(message, file=self._stream)


def observer_for(*, quiet: bool, stream: TextIO | None = None) -> Observer:
    """Bars on a terminal, notes elsewhere, nothing with --quiet."""
    stream = stream or sys.stderr
    if quiet:
        return SilentObserver()
    return TerminalObserver(stream) if stream.isatty() else NotesOnly(stream)
