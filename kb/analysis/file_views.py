"""The files of a change as the judgement reads them: role, language and parsed hunks, read once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.analysis.languages import Language, language_of
from kb.analysis.path_roles import role
from kb.types import Change, FileChange

if TYPE_CHECKING:
    from kb.patch import Hunk


@dataclass(frozen=True, slots=True)
class FileView:
    file: FileChange
    path: str
    role: str
    language: Language | None
    hunks: tuple[Hunk, ...]

    def lines(self, kind: str) -> Iterator[tuple[str, int]]:
        """(text, line number) of the added ("+") or removed ("-") lines."""
        for hunk in self.hunks:
            for line in hunk.lines:
                if line.kind == kind:
                    yield line.text, (line.new_line if kind == "+" else line.old_line) or 0


# A parser that is committed beside its grammar (parser.y, parser.c) was written by a program.
_GRAMMAR = re.compile(r"\.(yy?|ll?|ypp|lpp)$")
_PARSER = re.compile(r"(\.tab|\.yy)?\.(c|h|cc|cpp|hpp)$")

# The digest and the judgement read the same change one after the other: keep the last one parsed.
_last: tuple[tuple[FileChange, ...], tuple[FileView, ...]] | None = None


def views_of(change: Change) -> tuple[FileView, ...]:
    """One view a file, in the change's order."""
    global _last
    held = _last
    if held is not None and held[0] is change.files:
        return held[1]
    grammars = {_GRAMMAR.sub("", file.path) for file in change.files if _GRAMMAR.search(file.path)}
    views = tuple(
        view_of(file, generated=_PARSER.sub("", file.path) in grammars) for file in change.files
    )
    _last = (change.files, views)
    return views


def view_of(file: FileChange, *, generated: bool = False) -> FileView:
    from kb.patch import parse_hunks

    return FileView(
        file=file,
        path=file.path,
        role="generated" if generated else role(file.path, file.patch),
        language=language_of(file.path),
        hunks=parse_hunks(file.patch) if file.patch else (),
    )
