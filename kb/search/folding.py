"""Near duplicates and long series behind their best hits, so that ten hits are ten things.

The same title over the same files again (a re-land, a backport) stands behind the first one; over
other files it is another change that happens to be called alike. Of a series the two best parts
stay, because a question is often after one part and not after the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.types import ChangeRecord

SHOWN_OF_A_SERIES = 2
_NUMBER = re.compile(r"\(#\d+\)")
_MARKS = re.compile(r"[\W_]+")


def fold(records: Iterable[ChangeRecord]) -> list[tuple[ChangeRecord, tuple[str, ...]]]:
    """Records in their order, each with the ids of the later ones that it stands for."""
    shown: list[ChangeRecord] = []
    folded: dict[str, list[str]] = {}
    alike: dict[tuple[str, str, frozenset[str]], str] = {}
    by_series: dict[tuple[str, str], list[str]] = {}
    for record in records:
        repo, title = record.change.repo, _title(record.change.title)
        key = (repo, title, frozenset(file.path for file in record.change.files))
        leader = alike.get(key, record.id)
        if leader == record.id and record.analysis.series is not None:
            parts = by_series.setdefault((repo, record.analysis.series.key), [])
            if len(parts) < SHOWN_OF_A_SERIES:
                parts.append(record.id)
            else:
                leader = parts[0]
        if title:
            alike.setdefault(key, leader)
        if leader == record.id:
            shown.append(record)
            folded[record.id] = []
        else:
            folded[leader].append(record.id)
    return [(record, tuple(folded[record.id])) for record in shown]


def _title(title: str) -> str:
    """A title's words without its number and marks."""
    return _MARKS.sub(" ", _NUMBER.sub("", title).casefold()).strip()
