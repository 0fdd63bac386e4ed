"""Who is told of progress."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Told of progress; draws it, or not."""

    def phase(self, name: str, total: int | None = None) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def note(self, message: str) -> None: ...


class SilentObserver:
    """The observer of who does not look."""

    def phase(self, name: str, total: int | None = None) -> None:
        del name, total

    def advance(self, count: int = 1) -> None:
        del count

    def note(self, message: str) -> None:
        del message
