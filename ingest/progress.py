"""The tqdm observer: phases, rate and time left on stderr; silent where nobody looks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

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


class ProgressObserver:
    """Bars on a terminal, one at a time; elsewhere only the notes. Close it, or use `with`."""

    def __init__(self, *, verbose: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._draws = self._stream.isatty()
        self._verbose = verbose
        self._bar: tqdm[Any] | None = None

    def phase(self, name: str, total: int | None = None) -> None:
        self.close()
        words = PHASES.get(name, name)
        if not self._draws:
            if self._verbose:
                print(words if total is None else f"{words} ({total})", file=self._stream)
            return
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            desc=words,
            file=self._stream,
            leave=self._verbose,
            dynamic_ncols=True,
            mininterval=0.2,
            unit="",
        )

    def advance(self, count: int = 1) -> None:
        if self._bar is not None:
            self._bar.update(count)

    def note(self, message: str) -> None:
        if self._bar is None:
            print(message, file=self._stream)
        else:
            self._bar.write(message, file=self._stream)

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
