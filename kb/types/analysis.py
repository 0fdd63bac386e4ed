"""The judgement of one change, and its links to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from kb.types.noun import noun


@noun
class Term:
    """One term of the importance: `points` on the raw scale; `name` is a phrase key, `values` fill it."""

    name: str
    points: float
    values: Mapping[str, str] = field(default_factory=dict)


@noun
class Risk:
    """A risk tag with its evidence: where it stands, and what stood there (quoted from the diff)."""

    kind: str
    evidence: str  # short, from the change itself (symbol, flag, "0.62 -> 0.60", path)
    path: str | None = None
    line: int = 0
    url: str | None = None


@noun
class Size:
    """Lines by what they are: only source counts as size."""

    source_added: int = 0
    source_removed: int = 0
    source_files: int = 0
    test_lines: int = 0
    other_added: int = 0
    files: int = 0
    additions: int = 0
    deletions: int = 0


@noun
class Relation:
    """A link between two changes, from the later to the earlier one."""

    kind: str  # reverts, follows, fixes, series
    source: str  # change id (the later)
    target: str  # change id (the earlier); for a series: its key
    evidence: str = ""  # words of the change that say so


@noun
class Series:
    """A change's place in a line of changes."""

    key: str
    name: str
    index: int | None = None
    total: int | None = None


@noun
class Analysis:
    """The judgement of one change; everything here can be computed again from the archive."""

    types: tuple[str, ...]  # one or two of CHANGE_TYPES, the main one first
    importance: float  # 0-10, one decimal
    raw: float  # the sum of the terms; sorts changes of equal importance
    level: str
    terms: tuple[Term, ...] = ()
    level_reason: str = ""  # phrase key; why the level is what it is
    modules: tuple[str, ...] = ()
    risks: tuple[Risk, ...] = ()
    size: Size = Size()
    bot: bool = False
    series: Series | None = None
    reverts: tuple[str, ...] = ()  # change ids
    reverted_by: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()  # earlier changes that this one follows up or fixes
    followed_by: tuple[str, ...] = ()
    override_note: str | None = None  # a maintainer's word (kb.toml [overrides])
    method: str = "rules"
    analysed_at: datetime | None = None
