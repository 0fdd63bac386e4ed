"""Near duplicates behind their best hit: the same title again (a re-land, a backport).

Only what reads alike is folded: a part of a series that answers the question by itself stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.types import ChangeRecord

_NUMBER = re.compile(r"\(#\d+\)")
_MARKS = re.compile(r"[\W_]+")


def same_text(record: ChangeRecord) -> str:
    """What two near duplicates have in common: repository-independent title words."""
    title = _NUMBER.sub("", record.change.title).casefold()
    return _MARKS.sub(" ", title).strip()


def fold(records: Iterable[ChangeRecord]) -> list[tuple[ChangeRecord, tuple[str, ...]]]:
    """Records in their order, each with the ids of the later ones that it stands for."""
    leaders: dict[str, ChangeRecord] = {}
    folded: dict[str, list[str]] = {}
    for record in records:
        key = same_text(record) or record.id
        if key in leaders:
            folded[key].append(record.id)
        else:
            leaders[key] = record
            folded[key] = []
    return [(record, tuple(folded[key])) for key, record in leaders.items()]
