"""One run's reading: new changes and details are prepared and stored, related, and marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ingest.embedding import RECENT, Backlog
from ingest.redact import line, text
from ingest.sources.interface import (
    Bounds,
    Checkpoint,
    Details,
    Enricher,
    Failure,
    Identity,
    Known,
    Outline,
    Reading,
)
from ingest.workers import preparation, prepare_one
from kb.analysis.overrides import overridden
from kb.store.archive import OutlineRow
from kb.types import (
    Analysis,
    Change,
    ChangeRecord,
    Filters,
    Observer,
    Relation,
    SourceState,
)

if TYPE_CHECKING:
    from kb.analysis.context import RepoContext
    from kb.errors import LimitReached
    from kb.settings import Settings
    from kb.store.archive import Archive

LONG = 1000  # changes; an ingest of fewer is over before a first step would be worth its time
CHANGES_A_BATCH = 100  # of one transaction: about a second of work that a kill may repeat


@dataclass
class Run:
    """What one run has stored so far. Every method leaves whole transactions behind."""

    archive: Archive
    state: SourceState
    settings: Settings
    observer: Observer
    backlog: Backlog
    reading: Reading
    known: Known
    new: int = 0
    updated: int = 0
    failed: int = 0
    touched: set[str] = field(default_factory=set)
    described: int = 0  # changes that only the host had something new about
    _records: list[ChangeRecord] = field(default_factory=list)
    _failing: set[str] = field(default_factory=set)
    _gone: set[str] = field(default_factory=set)  # changes that no tip reaches any more
    _back: set[str] = field(default_factory=set)  # and those that one reaches again

    def __post_init__(self) -> None:
        """Changes are related by the words that are stored of them, which are clean."""
        outlines = [_clean(row) for row in self.reading.outlines]
        self.reading = replace(self.reading, outlines=outlines)

    @property
    def repo(self) -> str:
        return self.state.name

    # --- changes ---------------------------------------------------------------------------

    def store_changes(self) -> None:
        """Stores what is new in batches; shows the recent ones as soon as they are all there."""
        recent, total = self._recent_from(), self.reading.total
        self.observer.phase("changes", total)
        with preparation(self.settings.for_repo(self.repo), self._context, total) as prepared:
            for item in prepared.map(map(self._keeping_details, self.reading.changes)):
                if isinstance(item, Checkpoint):
                    self._checkpoint("source", item.cursor)
                elif isinstance(item, Failure):
                    self._fail(item.id, item.reason)
                elif isinstance(item, tuple):
                    change, record = item
                    if recent is not None and change.merged_at < recent:
                        self.show(recent)
                        recent = None
                        self.observer.phase("changes", total and total - self.new - self.updated)
                    self._add(change, record)
        self._flush()

    def _recent_from(self) -> datetime | None:
        """The newest 90 days are shown first, where so much follows that waiting would be long."""
        newest = max((outline.merged_at for outline in self.reading.outlines), default=None)
        return newest and newest - RECENT if (self.reading.total or 0) >= LONG else None

    def show(self, since: datetime | None = None) -> None:
        """Publishes what is stored with the short vectors of titles; the recent part (`since`) of a
        long history by its words at once, because its titles take half a minute."""
        self._flush()
        if self.touched:
            if since is not None:
                self.backlog.publish()
            self.backlog.embed(("title",), since, phase="titles")
            self.backlog.publish()

    def _add(self, change: Change, record: ChangeRecord | str) -> None:
        """A change that our own code cannot digest is recorded as failed, and others go on."""
        if isinstance(record, str):
            self._fail(change.id, record)
            return
        override = self.settings.overrides.get(record.id)
        if override is not None:
            record = replace(record, analysis=overridden(record.analysis, override))
        self._records.append(record)
        if len(self._records) >= CHANGES_A_BATCH:
            self._flush()

    @cached_property
    def _context(self) -> RepoContext:
        from ingest.prepare import context_of

        known = self.known
        unknown = (
            outline.merged_at
            for outline in self.reading.outlines
            if outline.id not in known.fingerprints and outline.sha not in known.shas
        )
        reading = self.reading
        if reading.paths is not None:
            reading = replace(reading, paths=partial(self._paths, reading.paths))
        return context_of(reading, min(unknown, default=None))

    def _paths(
        self,
        source: Callable[[Sequence[str]], Iterator[tuple[str, tuple[str, ...]]]],
        shas: Sequence[str],
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Of what is stored the archive tells, in a fifth of the time; of the rest the source."""
        stored = self.archive.paths(self.repo, shas)
        yield from stored.items()
        if rest := [sha for sha in shas if sha not in stored]:
            yield from source(rest)

    def _keeping_details(
        self, change: Change | Failure | Checkpoint
    ) -> Change | Failure | Checkpoint:
        """A change that git tells anew keeps what a host said of it."""
        if not isinstance(change, Change) or " " not in self.known.fingerprints.get(change.id, ""):
            return change
        from ingest.enrichment import with_details_of

        record = self.archive.record(change.id, pending=True)
        return change if record is None else with_details_of(change, record.change)

    def _flush(self) -> None:
        if not self._records:
            return
        new, updated, _ = self.archive.put_changes(self._records)
        ids = [record.id for record in self._records]
        if self.known.failed:
            self.archive.clear_failures(self.repo, ids)
        self.new += new
        self.updated += updated
        self.touched.update(ids)
        self.observer.advance(len(ids))
        self._records.clear()

    def _fail(self, change_id: str, reason: str) -> None:
        self.archive.record_failure(self.repo, change_id, reason)
        self._failing.add(change_id)
        self.failed += 1

    def _checkpoint(self, key: str, cursor: Mapping[str, Any]) -> None:
        self._flush()
        self.state = replace(self.state, cursor=dict(self.state.cursor) | {key: dict(cursor)})
        self.archive.put_source(self.state)

    # --- details ---------------------------------------------------------------------------

    def store_details(self, enricher: Enricher, bounds: Bounds) -> None:
        """Lays over stored changes what a host says of their pull requests."""
        from ingest.enrichment import Enrichment

        fingerprints, details = (
            self.archive.fingerprints(self.repo),
            self.archive.details(self.repo),
        )
        numbers = {int(item.rpartition("#")[2]) for item in fingerprints if "#" in item}
        known = replace(
            self.known,
            fingerprints=fingerprints,
            shas=self.archive.shas(self.repo),
            details=details,
            undescribed=frozenset(numbers - details.keys()),
            cursor=self.state.cursor.get("host", {}),
        )
        settings = self.settings.for_repo(self.repo)
        enrichment = Enrichment(
            self.archive,
            self.repo,
            known,
            lambda change: prepare_one(change, settings, self._context),
        )
        told: dict[int, str] = {}
        self.observer.phase("host")
        for item in enricher.details(known, bounds, self.observer):
            if isinstance(item, Failure):
                self._fail(item.id, item.reason)
            elif isinstance(item, Details):
                record = enrichment.record(item)
                if isinstance(record, str):
                    self._fail(f"#{item.number}", record)
                elif record is not None:
                    self._add(record.change, record)
                    told[item.number] = item.fingerprint
            if isinstance(item, Checkpoint) or len(told) >= CHANGES_A_BATCH:
                self._flush_details(told)
            if isinstance(item, Checkpoint):
                self._checkpoint("host", item.cursor)
        self._flush_details(told)

    def _flush_details(self, told: dict[int, str]) -> None:
        self._flush()
        if told:
            self.archive.put_details(self.repo, told)
            self.archive.clear_failures(self.repo, [f"#{number}" for number in told])
            told.clear()

    def stop(self, reason: LimitReached) -> None:
        """A limit ends the reading: what was read before is kept, and shown."""
        self._flush()
        self.failed += 1
        self.state = replace(self.state, last_error=reason.message)

    # --- the whole repository ----------------------------------------------------------------

    def judge_again(self, *, whole: bool) -> None:
        """Where the source could not tell its history beforehand, the archive can by now: for what
        this run stored (`whole`: for all, since a run before was killed)."""
        if self.reading.outlines or not (self.touched or whole):
            return
        from kb.analysis.context import HistoryRow, build_context
        from kb.analysis.judge import rescore

        stored = self.archive.iter_records(Filters(repos=(self.repo,)), pending=True)
        context = build_context(
            HistoryRow(
                record.id,
                record.change.author,
                record.change.title,
                record.change.merged_at,
                [file.path for file in record.change.files],
            )
            for record in stored
        )
        settings, now = self.settings.for_repo(self.repo), datetime.now(UTC)
        wanted = self.archive.fingerprints(self.repo) if whole else self.touched
        for records in self._in_batches(sorted(wanted)):
            read = (self.archive.record(item.id, patches=True, pending=True) for item in records)
            self.archive.put_analyses(
                [
                    (record.id, overridden(judged, self.settings.overrides.get(record.id)))
                    for record in read
                    if record is not None
                    and (judged := rescore(record, settings, context, now=now))
                ]
            )

    def link(self, *, whole: bool, related: bool) -> None:
        """Relations of all changes; those that touch this run's (`whole`: all) are filled in, and
        those that are others than before.

        `related`: all that this run did not store was related before, and is not read again."""
        fresh = self.touched | self._back
        if not (fresh or self._gone or whole):
            return
        from kb.analysis.series import relations

        self.observer.phase("relations")
        stored, before = self.archive.fingerprints(self.repo), self.archive.all_relations(self.repo)
        settled = related and not whole and not self._gone
        unchanged = stored.keys() - fresh if settled else frozenset()
        rows = list(self._relation_rows(stored, unchanged))
        found = relations(rows, before if settled else (), unchanged, self._body)
        by_change: dict[str, list[Relation]] = {}
        for relation in found:
            for end in {relation.source, relation.target}:
                by_change.setdefault(end, []).append(relation)
        touching = (item for item in found if item.source in fresh or item.target in fresh)
        wanted = set(by_change) if whole else _ends(touching)
        wanted = (wanted | _ends(set(before) ^ set(found))) & stored.keys()
        for records in self._in_batches(sorted(wanted)):
            self.archive.put_analyses(
                (record.id, linked)
                for record in records
                if (linked := self._linked(record, by_change.get(record.id, ()))) != record.analysis
            )
        self.archive.put_relations(self.repo, found)  # last: a run after a kill compares with them

    def _linked(self, record: ChangeRecord, found: Sequence[Relation]) -> Analysis:
        from kb.analysis.series import apply_relations, series_in_title

        alone = series_in_title(record.id, record.change.title)
        linked = apply_relations(replace(record.analysis, series=alone), found, record.id)
        return overridden(linked, self.settings.overrides.get(record.id))

    def _relation_rows(
        self, stored: Mapping[str, str], unchanged: Collection[str]
    ) -> Iterator[tuple[str, int | None, str, str, str | None, str, datetime]]:
        told: set[str] = set()
        for row in self.reading.outlines:
            if row.id in stored:
                told.add(row.id)
                # A host may have said another body.
                kept = row.body is None or row.id in unchanged or " " in stored[row.id]
                body = None if kept else text(row.body or "")
                yield row.id, row.number, row.sha, row.title, body, row.author, row.merged_at
        for records in self._in_batches([item for item in stored if item not in told]):
            for record in records:
                row_ = record.change
                yield (
                    row_.id,
                    row_.number,
                    row_.sha,
                    row_.title,
                    row_.body,
                    row_.author,
                    row_.merged_at,
                )

    def _body(self, change_id: str) -> str:
        record = self.archive.record(change_id, pending=True)
        return record.change.body if record else ""

    def _in_batches(self, ids: Sequence[str]) -> Iterator[list[ChangeRecord]]:
        for start in range(0, len(ids), 500):
            yield self.archive.records(ids[start : start + 500], pending=True)

    def mark(self, identity: Identity) -> int:
        """Remembers what the tip reaches; how many changes no ingested tip reaches now."""
        # Lines of a file that could not be read; those of changes go when they are stored.
        lines = [item for item in self.known.failed if not {"#", "@"} & set(item)]
        self.archive.clear_failures(
            self.repo, [item for item in lines if item not in self._failing]
        )
        if self.reading.reachable is None:
            return 0
        branch, before = identity.branch or identity.location, self.archive.stale(self.repo)
        if self.state.cursor.get("source"):  # where the next run may go on from this one
            self._keep_outlines(branch)
        self.archive.mark_reachable(
            self.repo,
            branch,
            self.reading.reachable,
            named={(row.id, row.sha) for row in self.reading.outlines},
            more=self.reading.resumed,
        )
        stale = self.archive.stale(self.repo)
        self._gone, self._back = stale - before, before - stale
        return len(stale)

    def _keep_outlines(self, branch: str) -> None:
        """What the next run plans no more."""
        stored = {} if self.reading.resumed else self.archive.outlined(self.repo, branch)
        told = {(row.id, row.sha): row for row in self.reading.outlines if row.body is not None}
        self.archive.put_outlines(
            self.repo,
            branch,
            [
                OutlineRow(row.id, row.number, row.sha, row.title, row.author, row.merged_at)
                for name, row in reversed(told.items())
                if name not in stored
            ],
            gone=[rowid for name, rowid in stored.items() if name not in told],
        )


def _clean(row: Outline) -> Outline:
    """Without secrets and hidden characters in its words; what comes from the archive is so."""
    if row.body is None:
        return row
    return row._replace(title=line(row.title), author=line(row.author))


def _ends(relations: Iterable[Relation]) -> set[str]:
    return {end for relation in relations for end in (relation.source, relation.target)}
