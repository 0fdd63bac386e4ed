"""The knowledge base as it stood at a moment (`--as-of`): what came at it or later is not there.

A composer reads through this one, so that no section has to think of the cut. The stored analysis
stays as it is, but for the links to changes that were yet to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from kb.errors import NotFound
from kb.report.types import Covered, ReportReader
from kb.types import (
    ChangeRecord,
    Filters,
    Hit,
    LineOrigin,
    Period,
    Query,
    Relation,
    SearchResult,
    SourceState,
)

Found = TypeVar("Found", Hit, LineOrigin)
DEEPER = 4  # of an old change, many of the nearest came later


class AsOfReader:
    """A ReportReader over another one, before `moment`."""

    def __init__(self, reader: ReportReader, moment: datetime) -> None:
        self._reader = reader
        self.moment = moment

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> Sequence[ChangeRecord]:
        return self._cut(
            self._reader.select(
                self._bounded(filters),
                order=order,
                limit=limit,
                offset=offset,
                include_bots=include_bots,
            )
        )

    def count(self, filters: Filters) -> int:
        return self._reader.count(self._bounded(filters))

    def facets(self, filters: Filters) -> Mapping[str, Sequence[tuple[str, int]]]:
        return self._reader.facets(self._bounded(filters))

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord:
        record = self._reader.record(change_id, patches)
        if record.change.merged_at >= self.moment:
            raise NotFound(
                f"{change_id} came at {record.change.merged_at:%Y-%m-%d %H:%M} UTC, not before --as-of",
                "a later --as-of, or none",
            )
        return self._cut([record])[0]

    def records(self, ids: Sequence[str]) -> Sequence[ChangeRecord]:
        return self._cut(self._reader.records(ids))

    def search(self, query: Query) -> SearchResult:
        found = self._reader.search(replace(query, filters=self._bounded(query.filters)))
        return replace(found, hits=tuple(self._cut_found(found.hits)))

    def similar(self, change_id: str, limit: int = 8) -> Sequence[Hit]:
        return self._cut_found(self._reader.similar(change_id, DEEPER * limit))[:limit]

    def line_origins(self, change_id: str, limit: int = 3) -> Sequence[LineOrigin]:
        return self._cut_found(self._reader.line_origins(change_id, limit))

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Any]:
        return self._reader.vectors(ids)

    def relations(self, ids: Sequence[str]) -> Sequence[Relation]:
        found = self._reader.relations(ids)
        known = self._known([relation.source for relation in found])
        return [relation for relation in found if relation.source in known]

    def patches(self, change_id: str) -> Mapping[str, str]:
        return self._reader.patches(change_id)

    def sources(self) -> Sequence[SourceState]:
        return self._reader.sources()

    def coverage(self, repo: str) -> Covered:
        return self._reader.coverage(repo)

    def last_report(self, kind: str, scope: str, ended_by: datetime) -> Mapping[str, Any] | None:
        return self._reader.last_report(kind, scope, min(ended_by, self.moment))

    def put_report(
        self, kind: str, lang: str, period: Period | None, document: str, scope: str = ""
    ) -> str:
        return self._reader.put_report(kind, lang, period, document, scope)

    def _bounded(self, filters: Filters) -> Filters:
        return replace(filters, until=min(filters.until or self.moment, self.moment))

    def _known(self, ids: Sequence[str]) -> set[str]:
        """Of these, the ids of the changes that were there."""
        held = self._reader.records(tuple(dict.fromkeys(ids)))
        return {record.id for record in held if record.change.merged_at < self.moment}

    def _cut(self, records: Sequence[ChangeRecord]) -> list[ChangeRecord]:
        """Those that were there, each without what later changes made of it."""
        held = [record for record in records if record.change.merged_at < self.moment]
        known = self._known(
            [
                change_id
                for record in held
                for change_id in (*record.analysis.reverted_by, *record.analysis.followed_by)
            ]
        )

        def before(ids: Sequence[str]) -> tuple[str, ...]:
            return tuple(change_id for change_id in ids if change_id in known)

        return [
            replace(
                record,
                analysis=replace(
                    record.analysis,
                    reverted_by=before(record.analysis.reverted_by),
                    followed_by=before(record.analysis.followed_by),
                ),
            )
            for record in held
        ]

    def _cut_found(self, found: Sequence[Found]) -> list[Found]:
        records = {record.id: record for record in self._cut([item.record for item in found])}
        return [
            replace(item, record=records[item.record.id])
            for item in found
            if item.record.id in records
        ]
