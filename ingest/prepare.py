"""From what a source brings to what is stored: trimmed, redacted, digested, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingest.redact import redact
from ingest.sources.interface import Outline, Reading
from ingest.trim import trim
from kb.analysis.path_roles import role
from kb.types import Change, ChangeRecord

if TYPE_CHECKING:
    from kb.analysis.context import HistoryRow, RepoContext
    from kb.settings import AnalysisSettings

# A judgement looks this far around a change (runs of one author) and at least this many changes
# back (core paths, package roots): an increment then judges as a whole ingest would.
CONTEXT_DAYS = 30
CONTEXT_CHANGES = 4000


def prepare(
    change: Change, settings: AnalysisSettings, context: RepoContext, now: datetime | None = None
) -> ChangeRecord:
    """The record of a change as a source brought it. Pure; the slowest part after embedding."""
    from kb.analysis.digest import digest
    from kb.analysis.judge import analyse

    change = redact(trim(change))
    change = replace(
        change,
        files=tuple(
            file if file.role else replace(file, role=role(file.path, file.patch))
            for file in change.files
        ),
    )
    found = digest(change)
    return ChangeRecord(change, found, analyse(change, found, settings, context, now=now))


def context_of(reading: Reading, oldest_new: datetime | None) -> RepoContext:
    """What the repository's history says, from outlines and paths; no diff is read for it."""
    from kb.analysis.context import build_context

    return build_context(_rows(reading, oldest_new))


def _rows(reading: Reading, oldest_new: datetime | None) -> Iterator[HistoryRow]:
    from kb.analysis.context import HistoryRow

    outlines = sorted(reading.outlines, key=lambda outline: outline.merged_at, reverse=True)
    floor = oldest_new and oldest_new - timedelta(days=CONTEXT_DAYS)
    wanted = [
        outline
        for place, outline in enumerate(outlines)
        if place < CONTEXT_CHANGES or (floor is not None and outline.merged_at >= floor)
    ]
    paths = _paths(wanted, reading)
    for outline in wanted:
        yield HistoryRow(
            outline.id,
            outline.author,
            outline.title,
            outline.merged_at,
            outline.paths if outline.paths is not None else paths.get(outline.sha, ()),
        )


def _paths(outlines: Iterable[Outline], reading: Reading) -> Mapping[str, tuple[str, ...]]:
    shas: Sequence[str] = [outline.sha for outline in outlines if outline.paths is None]
    return dict(reading.paths(shas)) if shas and reading.paths is not None else {}
