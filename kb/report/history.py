"""What the knowledge base remembers: for a theme, a risk or a change, what came before in that area.

Every retrieval is recorded (`Retrieved`): the purpose, the words asked, what came and what was used.
Queries are bounded; a report of a week asks about twenty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kb.report.facts import weightiest
from kb.report.titles import headline
from kb.report.types import ReportReader, Retrieved
from kb.types import ChangeRecord, Filters, Hit, Query

QUARTER = timedelta(days=91)
MOST_QUERIES = 24
HITS = 8


class History:
    """Asks the knowledge base about the time before `until`; keeps what it was told."""

    def __init__(self, reader: ReportReader, filters: Filters, until: datetime | None) -> None:
        self._reader = reader
        self.scope = Filters(repos=filters.repos)
        self.until = until
        self._reverts: dict[str, list[ChangeRecord]] = {}
        self.retrieved: list[Retrieved] = []
        self.found: dict[str, ChangeRecord] = {}
        self._asked = 0

    def search(
        self, purpose: str, text: str, *, limit: int = HITS, filters: Filters | None = None
    ) -> list[Hit]:
        """Earlier changes nearest to the words; recorded with nothing used yet."""
        if self._asked >= MOST_QUERIES or not text.strip():
            return []
        self._asked += 1
        base = filters or self.scope
        bounded = (
            base if self.until is None else replace(base, until=_earlier(base.until, self.until))
        )
        result = self._reader.search(Query(text=text, limit=limit, filters=bounded, raw=text))
        hits = list(result.hits)
        self.retrieved.append(
            Retrieved(purpose, text, result.engine, tuple(hit.record.id for hit in hits), ())
        )
        return hits

    def use(self, records: Sequence[ChangeRecord], purpose: str | None = None) -> None:
        """Marks what a retrieval (the last one, or the last for a purpose) brought into the report."""
        for record in records:
            self.found[record.id] = record
        for place in range(len(self.retrieved) - 1, -1, -1):
            entry = self.retrieved[place]
            if purpose is None or entry.purpose == purpose:
                used = dict.fromkeys((*entry.used, *(record.id for record in records)))
                self.retrieved[place] = replace(entry, used=tuple(used))
                return

    def use_listing(self, records: Sequence[ChangeRecord]) -> None:
        """Marks what a retrieval by fields brought, wherever it stands."""
        ids = {record.id for record in records}
        for record in records:
            self.found[record.id] = record
        for position, entry in enumerate(self.retrieved):
            used = tuple(change_id for change_id in entry.hits if change_id in ids)
            if entry.engine is None and used:
                merged = tuple(dict.fromkeys((*entry.used, *used)))
                self.retrieved[position] = replace(entry, used=merged)

    def account_for(self, change_ids: Sequence[str]) -> None:
        """Earlier changes that the period's own ones name (reverted, followed up): a retrieval too."""
        used = {change_id for entry in self.retrieved for change_id in entry.used}
        named = tuple(change_id for change_id in change_ids if change_id not in used)
        if named:
            self.retrieved.append(Retrieved("named", "", None, named, named))

    def record_listing(self, purpose: str, query: str, records: Sequence[ChangeRecord]) -> None:
        """A retrieval by fields (module, type, time) and not by words."""
        ids = tuple(record.id for record in records)
        self.retrieved.append(Retrieved(purpose, query, None, ids, ()))

    def reverts_in(self, module: str) -> list[ChangeRecord]:
        """Reverts of the quarter before, in a module, newest first."""
        if self.until is None or not module:
            return []
        if module not in self._reverts:
            filters = replace(
                self.scope,
                modules=(module,),
                types=("revert",),
                since=self.until - QUARTER,
                until=self.until,
            )
            found = list(self._reader.select(filters, order="newest", limit=20))
            self._reverts[module] = found
            self.record_listing("reverts", f"module:{module} type:revert", found)
        return self._reverts[module]

    def known(self, change_ids: Sequence[str]) -> list[ChangeRecord]:
        """Records of changes that others name (reverted, followed)."""
        missing = [change_id for change_id in change_ids if change_id not in self.found]
        if missing:
            for record in self._reader.records(missing):
                self.found[record.id] = record
        return [self.found[change_id] for change_id in change_ids if change_id in self.found]


def _earlier(left: datetime | None, right: datetime) -> datetime:
    return right if left is None else min(left, right)


def related(hits: Sequence[Hit], lead: ChangeRecord, terms: Sequence[str]) -> list[ChangeRecord]:
    """Hits that are about the same thing: found by words and meaning, or sharing the theme's term."""
    wanted = [term.lower() for term in terms if len(term) > 1]
    modules = set(lead.analysis.modules[:1])
    kept = []
    for hit in hits:
        record = hit.record
        if record.id == lead.id or record.analysis.bot:
            continue
        text = " ".join((record.change.title, *record.analysis.modules)).lower()
        named = any(term in text for term in wanted)
        if named or (
            modules & set(record.analysis.modules[:2]) and {"dense", "lexical"} <= set(hit.ranks)
        ):
            kept.append(record)
    return kept


def query_of(records: Sequence[ChangeRecord], name: str) -> str:
    """The words to ask for: the theme's name and its leading titles."""
    titles = [headline(record.change) for record in weightiest(records)[:2]]
    return " ".join(dict.fromkeys((name, *titles)))[:240]
