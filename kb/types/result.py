"""What a search found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.types.noun import noun

if TYPE_CHECKING:
    from kb.types.query import Query
    from kb.types.record import ChangeRecord


@noun
class Hit:
    """A change that was found, and why."""

    record: ChangeRecord
    score: float
    ranks: Mapping[str, int]  # dense, lexical, exact: 1-based rank in each retriever
    passage: str  # the text that matched
    passage_kind: str = ""  # title, text, diff, symbols, paths, review
    matched: tuple[str, ...] = ()  # the words of the query found in it
    found_by: tuple[str, ...] = ()  # one line a reason, for --explain
    folded: tuple[
        str, ...
    ] = ()  # ids of near duplicates or of the same series folded into this hit


@noun
class SearchResult:
    """What a search found, and how."""

    query: Query
    mode: str  # the mode really used
    engine: str | None  # exact, chroma; None when no vector was asked
    hits: tuple[Hit, ...]
    took_ms: float
    notes: tuple[str, ...] = ()


@noun
class LineOrigin:
    """A change that brought lines which a later change replaced."""

    record: ChangeRecord
    lines: int  # of those that were replaced
    of: int  # replaced lines that could be looked for
    line: str  # the longest of them
    path: str  # where it came in
