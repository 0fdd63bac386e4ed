"""Which changes brought the lines that a change replaced, by the stored patches.

The line is looked for in the earlier patches of its file, newest first, as `git blame` would find it
(Śliwerski, Zimmermann and Zeller: When Do Changes Induce Fixes?, MSR 2005). A change that has a line
among its removed ones too has moved it, maybe from another file: then it is older. Indentation does
not count. Lines that stand everywhere (`return None`) say nothing and are left out. Measured on 60
repairs of sglang, 399 lines: 93 % as `git blame -w` says, and of 59 repairs 56 with the same first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.analysis.file_views import view_of
from kb.analysis.source_lines import code_lines
from kb.types import LineOrigin

if TYPE_CHECKING:
    from kb.store.archive import Archive
    from kb.types import FileChange

REPAIRS = ("bugfix", "security", "revert")
MOST_READ = 400  # patches of earlier changes for one change; each takes 0.2 ms
LEAST_LETTERS = 12
_LETTER = re.compile(r"\w")
_IMPORT = re.compile(r"(?:import|from|use|using|include|#include|package|require)\b")


def line_origins(archive: Archive, change_id: str, limit: int = 3) -> list[LineOrigin]:
    """Of the code that a repair replaced, whose it was: the change with most of its lines first.
    What another change replaced says nothing of a fault, and may be much."""
    with archive.reading():
        rowid = archive.rowids([change_id]).get(change_id)
        if rowid is None:
            return []
        repair = archive.by_rowids([rowid])[rowid]
        if set(REPAIRS).isdisjoint(repair.analysis.types):
            return []
        search = _Search(archive)
        total = 0
        for place, file in enumerate(repair.change.files):
            if file.deletions:
                wanted = _replaced(replace(file, patch=archive.patch_at(rowid, place)))
                total += len(wanted)
                search.trace(rowid, file.previous_path or file.path, wanted)
        most = sorted(search.found.items(), key=lambda item: len(item[1]), reverse=True)[:limit]
        records = archive.by_rowids([key for key, _ in most])
        return [
            LineOrigin(records[key], len(lines), total, *_longest(lines)) for key, lines in most
        ]


class _Search:
    def __init__(self, archive: Archive) -> None:
        self.found: dict[int, list[tuple[str, str]]] = {}  # key -> (line, path)
        self._archive = archive
        self._left = MOST_READ

    def trace(self, before: int, path: str, wanted: set[str]) -> None:
        """Find who added these lines to a path before a change; `wanted` is used up."""
        for key in self._archive.touched_before(before, path):
            if not wanted or self._left <= 0:
                return
            files = self._archive.files(key)
            place = next((at for at, file in enumerate(files) if file.path == path), None)
            if place is None:
                continue  # it was renamed away, and what has the name now is another file
            added, removed = self._sides(key, place)
            came = (wanted & added) - removed
            wanted -= came
            if came:
                for other, file in enumerate(files):
                    if other != place and file.deletions and came:
                        moved = came & self._sides(key, other)[1]
                        came -= moved
                        self.trace(key, file.previous_path or file.path, moved)
            if came:
                self.found.setdefault(key, []).extend((line, path) for line in sorted(came))
            previous = files[place].previous_path
            if previous is not None and files[place].status == "renamed":
                self.trace(key, previous, wanted)
                return

    def _sides(self, key: int, place: int) -> tuple[set[str], set[str]]:
        """The lines that a patch adds and removes."""
        self._left -= 1
        lines = (self._archive.patch_at(key, place) or "").split("\n")
        return _lines(lines, "+"), _lines(lines, "-")


def _replaced(file: FileChange) -> set[str]:
    view = view_of(file)
    if view.role != "source":
        return set()
    code = code_lines(view)
    added = {text.strip() for text, _ in code.added}
    lines = {text.strip() for text, _ in code.removed} - added  # what was moved or indented stays
    return {line for line in lines if _telling(line)}


def _telling(line: str) -> bool:
    return len(_LETTER.findall(line)) >= LEAST_LETTERS and not _IMPORT.match(line)


def _lines(lines: Iterable[str], sign: str) -> set[str]:
    return {line[1:].strip() for line in lines if line[:1] == sign}


def _longest(lines: list[tuple[str, str]]) -> tuple[str, str]:
    return max(lines, key=lambda item: len(item[0]))
