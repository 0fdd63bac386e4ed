"""The archive: one SQLite file that holds everything; all indexes can be built again from it.

Writers call the `put_...` methods under `kb.store.lock.writer_lock`; each is one transaction.
Readers see what CURRENT publishes and no tip has lost, in one transaction within `reading()`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kb.errors import UsageError
from kb.store import changes, conditions, kept, manifest, outlines, reading, schema, vectors
from kb.store.codec import epoch, pack
from kb.store.kept import QuestionEntry, ReportEntry
from kb.store.outlines import OutlineRow
from kb.store.reading import Coverage
from kb.types import Filters

if TYPE_CHECKING:
    from kb.store.conditions import Condition
    from kb.store.vectors import Vector
    from kb.types import (
        Analysis,
        Change,
        ChangeRecord,
        Digest,
        FileChange,
        Period,
        Relation,
        SourceState,
    )

__all__ = ["Archive", "Coverage", "OutlineRow", "QuestionEntry", "ReportEntry"]


class Archive:
    """Connections are one a thread, so a resident process may share an Archive."""

    def __init__(self, home: Path, *, readonly: bool = False) -> None:
        self.home = home
        self.readonly = readonly
        self._threads = threading.local()
        self._connections: list[sqlite3.Connection] = []

    @classmethod
    def open(cls, home: Path, readonly: bool = False) -> Self:
        """Raises StoreError where the file is damaged, newer, or (readonly) not there."""
        archive = cls(home, readonly=readonly)
        _ = archive.connection
        return archive

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._threads = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        return self.home / schema.FILE_NAME

    @property
    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = schema.connect(self.home, readonly=self.readonly)
            self._threads.connection = found
            self._connections.append(found)
        return found

    # --- transactions ----------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[int]:
        """One read transaction; yields the generation that is shown. May be nested."""
        held: int | None = getattr(self._threads, "generation", None)
        if held is not None:
            yield held
            return
        with schema.explained(self.path):
            generation = manifest.current(self.home)
            self.connection.execute("BEGIN")
            self._threads.generation = generation
            try:
                yield generation
            finally:
                self._threads.generation = None
                self.connection.execute("ROLLBACK")

    @contextmanager
    def writing(self, *, found: bool = True) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it is stored, or nothing. `found`: what readers find may be
        another thing now; not so where only answers, reports or questions are kept."""
        with schema.explained(self.path):
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                if found:
                    connection.execute(
                        "INSERT INTO meta (key, value) VALUES ('writes', 1)"
                        " ON CONFLICT (key) DO UPDATE SET value = value + 1"
                    )
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def condition(
        self, filters: Filters, *, pending: bool = False, include_bots: bool = True
    ) -> Condition:
        """What readers may see and these filters let through, as SQL over `changes`."""
        generation = None if pending else self.generation()
        return conditions.condition(
            self.connection, filters, generation=generation, include_bots=include_bots
        )

    def state(self) -> tuple[int, int]:
        """(generation, writes so far): while it is the same, readers find the same."""
        with self.reading() as generation:
            row = self.connection.execute("SELECT value FROM meta WHERE key = 'writes'").fetchone()
            return generation, int(row[0]) if row else 0

    def some_hidden(self) -> bool:
        """Whether a change is stored that readers may not see."""
        with self.reading() as generation:
            found = self.connection.execute(
                "SELECT EXISTS (SELECT 1 FROM changes WHERE generation > ?)"
                " OR EXISTS (SELECT 1 FROM changes WHERE stale = 1)",
                (generation,),
            ).fetchone()
            return bool(found[0])

    def generation(self) -> int:
        held: int | None = getattr(self._threads, "generation", None)
        return manifest.current(self.home) if held is None else held

    # --- writing ---------------------------------------------------------------------------

    def put_changes(self, records: Sequence[ChangeRecord]) -> changes.PutCounts:
        """Stores records by id and fingerprint; the next generation publishes what is new."""
        with self.writing() as connection:
            return changes.put_changes(
                connection,
                records,
                generation=manifest.current(self.home) + 1,
                lexical_fields=_lexical_tokens,
            )

    def put_analyses(self, pairs: Iterable[tuple[str, Analysis]]) -> int:
        with self.writing() as connection:
            return changes.put_analyses(connection, pairs)

    def put_digests(self, records: Iterable[ChangeRecord]) -> None:
        """Replaces digests and words; vectors of passages that read otherwise now are dropped."""
        with self.writing() as connection:
            changes.put_digests(connection, records, _lexical_tokens)

    def rebuild_words(self) -> int:
        """Indexes the words of every change again, from what is stored; returns how many."""
        with self.writing() as connection:
            return changes.rebuild_words(connection, _lexical_tokens)

    def put_relations(self, repo: str, relations: Iterable[Relation]) -> None:
        """All relations of a repository; replaces what was stored of it."""
        with self.writing() as connection:
            changes.put_relations(connection, repo, relations)

    def put_source(self, state: SourceState) -> None:
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sources (name, kind, branch, state) VALUES (?, ?, ?, ?)",
                (state.name, state.kind, state.branch or "", pack(state)),
            )

    def put_details(self, repo: str, fingerprints: Mapping[int, str]) -> None:
        """What a host said of these numbers is stored; see `details`."""
        with self.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO details (repo, number, fingerprint) VALUES (?, ?, ?)",
                ((repo, number, fingerprint) for number, fingerprint in fingerprints.items()),
            )

    def mark_reachable(
        self,
        repo: str,
        branch: str,
        shas: Iterable[str],
        *,
        named: Collection[tuple[str, str]] = frozenset(),
        more: bool = False,
    ) -> None:
        """All commits that the branch's tip reaches (`more`: beside those that it reached before),
        and what their changes are called, (id, sha)."""
        with self.writing() as connection:
            changes.mark_reachable(connection, repo, branch, shas, named=named, more=more)

    def put_outlines(
        self,
        repo: str,
        branch: str,
        added: Iterable[OutlineRow],
        gone: Iterable[int] = (),
    ) -> None:
        """What a branch was planned to be, beside what is stored of it; `added` oldest first,
        `gone` by rowid."""
        with self.writing(found=False) as connection:
            outlines.put(connection, repo, branch, added, gone)

    def record_failure(self, repo: str, change_id: str, reason: str) -> None:
        with self.writing() as connection:
            changes.record_failure(connection, repo, change_id, reason)

    def clear_failures(self, repo: str, change_ids: Iterable[str]) -> None:
        with self.writing() as connection:
            connection.executemany(
                "DELETE FROM failures WHERE repo = ? AND id = ?",
                ((repo, change_id) for change_id in change_ids),
            )

    def delete_repo(self, repo: str) -> int:
        """Forgets a repository wholly; returns how many changes it had. None of its text stays in
        the file: freed pages are overwritten, and the words are indexed again without it."""
        with schema.explained(self.path):
            self.connection.execute("PRAGMA secure_delete = ON")
        with self.writing() as connection:
            count = changes.delete_repo(connection, repo)
            kept.forget(connection, repo)
        self.rebuild_words()
        with schema.explained(self.path):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def put_vectors(
        self,
        rows: Iterable[tuple[int, str, int, Vector]],
        *,
        embedder: str,
        dimension: int,
        done: Iterable[tuple[int, str]] = (),
    ) -> int:
        """Stores (rowid, kind, chunk, vector) of an embedder's identity.

        `done`: the (rowid, kind) pairs whose passages are now all stored, also those that have
        none; `missing_vectors` leaves them out from here on.
        """
        with self.writing() as connection:
            key = vectors.add_embedder(connection, embedder, dimension)
            return vectors.put(connection, key, rows, done)

    # --- what an ingest asks ---------------------------------------------------------------

    def fingerprints(self, repo: str) -> dict[str, str]:
        """Change id -> fingerprint of all that is stored, whether shown, pending or stale."""
        rows = self._rows("SELECT id, fingerprint FROM changes WHERE repo = ?", (repo,))
        return dict(rows)

    def shas(self, repo: str) -> dict[str, str]:
        """Sha -> change id, with the commits that a change claims."""
        found = dict(
            self._rows(
                "SELECT commits.sha, id FROM commits JOIN changes ON changes.rowid = change"
                " WHERE repo = ?",
                (repo,),
            )
        )
        found.update(self._rows("SELECT sha, id FROM changes WHERE repo = ?", (repo,)))
        return found

    def stale(self, repo: str) -> set[str]:
        """Ids of the changes that no ingested tip reaches."""
        rows = self._rows("SELECT id FROM changes WHERE repo = ? AND stale = 1", (repo,))
        return {change_id for (change_id,) in rows}

    def stands(
        self, repo: str, branch: str, change_id: str, reached: Container[str], named: str | None
    ) -> bool:
        """Whether a change is there still where the tip of `branch` reaches these shas: by its own
        sha, or since another ingested tip reaches it; `named`: the sha that has its id now."""
        rows = self._rows(
            "SELECT sha, EXISTS (SELECT 1 FROM reached WHERE change = changes.rowid AND branch <> ?)"
            " FROM changes WHERE repo = ? AND id = ?",
            (branch, repo, change_id),
        )
        return any(
            (elsewhere or sha in reached) and named in (None, sha) for sha, elsewhere in rows
        )

    def paths(self, repo: str, shas: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Sha -> the paths that its change touches, both ends of a rename, in git's order; without
        what a host folded into one change, and what touches nothing."""
        found: dict[str, list[str]] = {}
        for batch in reading.batched(shas, reading.BATCH):
            rows = self._rows(
                "SELECT sha, path FROM changes JOIN change_paths ON change = changes.rowid"
                " JOIN paths USING (path_key)"
                # +: by sha. By repo SQLite would look through all of its changes for each batch.
                f" WHERE +repo = ? AND sha IN ({conditions.marks(batch)})"
                " AND NOT EXISTS (SELECT 1 FROM aliases WHERE aliases.change = changes.rowid)",
                (repo, *batch),
            )
            for sha, path in rows:
                found.setdefault(sha, []).append(path)
        return {sha: tuple(sorted(paths)) for sha, paths in found.items()}

    def outlines(self, repo: str, branch: str) -> list[OutlineRow]:
        """The changes of a branch as its last reading planned them, newest first."""
        with schema.explained(self.path):
            return outlines.read(self.connection, repo, branch)

    def outlined(self, repo: str, branch: str) -> dict[tuple[str, str], int]:
        """(id, sha) -> rowid of every outline that is stored of a branch."""
        with schema.explained(self.path):
            return outlines.keys(self.connection, repo, branch)

    def details(self, repo: str) -> dict[int, str]:
        """Number -> fingerprint of what a host said of it."""
        return dict(self._rows("SELECT number, fingerprint FROM details WHERE repo = ?", (repo,)))

    def failures(self, repo: str) -> dict[str, str]:
        """Change id -> why it could not be read."""
        return dict(self._rows("SELECT id, reason FROM failures WHERE repo = ?", (repo,)))

    def vectors_stored(self, embedder: str) -> tuple[int, int]:
        """(how many, the last serial): what a generation of this embedder ought to hold."""
        with self.reading():
            key = vectors.embedder_key(self.connection, embedder)
            return vectors.last_serial(self.connection, key)

    def missing_vectors(
        self,
        kinds: Sequence[str] = vectors.KINDS,
        *,
        embedder: str,
        since: datetime | None = None,
        repo: str | None = None,
        limit: int | None = None,
    ) -> list[vectors.Missing]:
        """What this embedder has not embedded yet, newest first: (rowid, kinds)."""
        with self.reading():
            return vectors.missing(
                self.connection,
                vectors.embedder_key(self.connection, embedder),
                kinds,
                since=None if since is None else epoch(since),
                repo=repo,
                limit=limit,
            )

    def _rows(self, sql: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self.reading():
            return self.connection.execute(sql, parameters).fetchall()

    # --- reading ---------------------------------------------------------------------------

    def record(
        self, change_id: str, patches: bool = False, *, pending: bool = False
    ) -> ChangeRecord | None:
        """One change by id or alias; None where readers see no such change."""
        with self.reading():
            visible = self.condition(Filters(), pending=pending)
            rowid = reading.rowids_of(self.connection, [change_id], visible).get(change_id)
            if rowid is None:
                return None
            found = reading.by_rowids(self.connection, [rowid])[rowid]
            return reading.with_patches(self.connection, rowid, found) if patches else found

    def records(self, change_ids: Sequence[str], *, pending: bool = False) -> list[ChangeRecord]:
        """In the order asked for; what is not visible is left out."""
        with self.reading():
            visible = self.condition(Filters(), pending=pending)
            rowids = reading.rowids_of(self.connection, change_ids, visible)
            wanted = [rowids[item] for item in dict.fromkeys(change_ids) if item in rowids]
            return list(reading.by_rowids(self.connection, wanted).values())

    def by_rowids(self, rowids: Sequence[int]) -> dict[int, ChangeRecord]:
        """Records by integer key, whether published or not: for keys that a query returned."""
        with self.reading():
            return reading.by_rowids(self.connection, rowids)

    def rowids(self, change_ids: Sequence[str], *, pending: bool = False) -> dict[str, int]:
        """Integer keys by change id (or alias)."""
        with self.reading():
            visible = self.condition(Filters(), pending=pending)
            return reading.rowids_of(self.connection, change_ids, visible)

    def resolve(self, ref: str, repo: str | None = None) -> list[str]:
        """Ids that a reference means: number, #N, owner/name#N, sha (7 or more), URL, old id."""
        with self.reading():
            return reading.resolve(self.connection, ref, repo, self.condition(Filters()))

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> list[ChangeRecord]:
        return list(
            self.iter_records(
                filters, order=order, limit=limit, offset=offset, include_bots=include_bots
            )
        )

    def iter_records(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
        pending: bool = False,
        patches: bool = False,
    ) -> Iterator[ChangeRecord]:
        """Streams; memory does not grow. `order`: newest, oldest, importance."""
        with self.reading():
            rowids = self.ids(
                filters,
                order=order,
                limit=limit,
                offset=offset,
                include_bots=include_bots,
                pending=pending,
            )
        for start in range(0, len(rowids), reading.BATCH):
            with self.reading():
                batch = reading.by_rowids(self.connection, rowids[start : start + reading.BATCH])
                records = [
                    reading.with_patches(self.connection, rowid, record) if patches else record
                    for rowid, record in batch.items()
                ]
            yield from records

    def count(self, filters: Filters, *, include_bots: bool = True, pending: bool = False) -> int:
        with self.reading():
            found = self.condition(filters, pending=pending, include_bots=include_bots)
            sql, parameters = f"SELECT count(*) FROM changes WHERE {found.sql}", found.parameters
            if not filters and include_bots and not self.some_hidden():
                sql, parameters = "SELECT count(*) FROM changes", ()  # reads no row
            return int(self.connection.execute(sql, parameters).fetchone()[0])

    def ids(
        self,
        filters: Filters,
        *,
        order: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
        pending: bool = False,
    ) -> list[int]:
        """Integer keys of what a search may return."""
        with self.reading():
            found = self.condition(filters, pending=pending, include_bots=include_bots)
            return reading.ids(self.connection, found, order=order, limit=limit, offset=offset)

    def patches(self, change_id: str) -> dict[str, str]:
        """Path -> stored patch (hunks); a file without one is left out."""
        with self.reading():
            rowid = self.rowids([change_id]).get(change_id)
            return {} if rowid is None else reading.patches(self.connection, rowid)

    def touched_before(self, rowid: int, path: str) -> list[int]:
        """Keys of the changes that touched a path before this one, newest first."""
        return reading.touched_before(self.connection, rowid, path, self.condition(Filters()))

    def files(self, rowid: int) -> tuple[FileChange, ...]:
        """The files of a change by key, without their patches."""
        return reading.files(self.connection, rowid)

    def patch_at(self, rowid: int, place: int) -> str | None:
        """The stored patch of a change's file, by its place among them."""
        return reading.patch_at(self.connection, rowid, place)

    def facets(self, filters: Filters = Filters()) -> dict[str, list[tuple[str, int]]]:
        with self.reading():
            return reading.facets(self.connection, self.condition(filters))

    def all_relations(self, repo: str) -> list[Relation]:
        """In any order."""
        from kb.types import Relation

        sql = "SELECT kind, source, target, evidence FROM relations WHERE repo = ?"
        return [Relation(*row) for row in self._rows(sql, (repo,))]

    def relations(self, change_ids: Sequence[str]) -> list[Relation]:
        with self.reading():
            return reading.relations(self.connection, change_ids)

    def sources(self) -> list[SourceState]:
        with self.reading():
            return reading.sources(self.connection)

    def repos(self) -> list[str]:
        """Every repository with a change or a source."""
        rows = self._rows("SELECT repo FROM changes UNION SELECT name FROM sources ORDER BY 1", ())
        return [repo for (repo,) in rows]

    def must_hold(self, repos: Iterable[str]) -> None:
        """UsageError for a repository that is not here: a slip must not read as "nothing found"."""
        for repo in repos:
            held = self._rows(
                "SELECT 1 FROM changes WHERE repo = ?"
                " UNION ALL SELECT 1 FROM sources WHERE name = ? COLLATE NOCASE LIMIT 1",
                (repo, repo),
            )
            if not held:
                raise UsageError(f"no repository {repo!r} is indexed", "kb sources")

    def has_pending(self) -> bool:
        """Whether anything is stored that a later generation publishes."""
        with self.reading() as generation:
            row = self.connection.execute(
                "SELECT EXISTS (SELECT 1 FROM changes WHERE generation > ? AND stale = 0)",
                (generation,),
            ).fetchone()
            return bool(row[0])

    def coverage(self, repo: str) -> Coverage:
        with self.reading() as generation:
            return reading.coverage(self.connection, repo, generation)

    def vectors(
        self, change_ids: Sequence[str], kind: str = "text", *, embedder: str | None = None
    ) -> dict[str, Vector]:
        """The first vector of a kind of each change that has one, by change id."""
        with self.reading() as generation:
            identity = embedder or manifest.read(self.home, generation).embedder
            key = vectors.embedder_key(self.connection, identity)
            rowids = self.rowids(change_ids)
            if key is None:
                return {}
            found = vectors.of_changes(self.connection, key, kind, list(rowids.values()))
            return {item: found[rowid] for item, rowid in rowids.items() if rowid in found}

    # --- answers, reports, questions -------------------------------------------------------

    def cached_answer(self, key: str) -> str | None:
        with self.reading():
            return kept.cached_answer(self.connection, key)

    def put_answer(
        self,
        key: str,
        model: str,
        prompt_version: str,
        input_hash: str,
        text: str,
        usage: Mapping[str, Any] | None = None,
    ) -> None:
        with self.writing(found=False) as connection:
            kept.put_answer(
                connection,
                key,
                model=model,
                prompt_version=prompt_version,
                input_hash=input_hash,
                text=text,
                usage=usage or {},
            )

    def answer_usage(self) -> list[tuple[str, int, dict[str, int]]]:
        with self.reading():
            return kept.answer_usage(self.connection)

    def put_report(
        self,
        kind: str,
        lang: str,
        period: Period | None,
        json: str,
        *,
        scope: str = "",
        title: str = "",
        made_at: datetime | None = None,
    ) -> int:
        """Keeps a report's JSON; `scope` names its filters, so that the next one finds it."""
        with self.writing(found=False) as connection:
            return kept.put_report(
                connection,
                kind,
                lang,
                period,
                json,
                scope=scope,
                title=title,
                made_at=made_at or datetime.now(UTC),
            )

    def reports(self, limit: int = 50) -> list[ReportEntry]:
        with self.reading():
            return kept.reports(self.connection, limit)

    def report(self, report_id: int) -> str | None:
        with self.reading():
            return kept.report(self.connection, report_id)

    def last_report(
        self, kind: str, scope: str, ended_by: datetime
    ) -> tuple[ReportEntry, str] | None:
        """The kept report, with its JSON, of the last period that had ended by then."""
        with self.reading():
            return kept.last_report(self.connection, kind, scope, ended_by)

    def put_question(self, text: str, answer: Mapping[str, Any]) -> int:
        with self.writing(found=False) as connection:
            return kept.put_question(connection, text, answer)

    def questions(self, limit: int = 50) -> list[QuestionEntry]:
        with self.reading():
            return kept.questions(self.connection, limit)


def _lexical_tokens(change: Change, digest: Digest) -> dict[str, list[str]]:
    from kb.analysis.digest import lexical_fields
    from kb.text.tokenizer import tokens

    return {name: tokens(text) for name, text in lexical_fields(change, digest).items()}
