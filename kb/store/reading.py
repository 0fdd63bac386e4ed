"""Reading changes: only what the current generation publishes and some ingested tip reaches."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kb.store.codec import moment, unpack
from kb.store.conditions import Condition, marks

if TYPE_CHECKING:
    from kb.types import ChangeRecord, FileChange, Relation, SourceState

ORDERS = {
    # A run stores newest first: of the same second, the lower key is the later commit.
    "newest": "merged_at DESC, rowid",
    "oldest": "merged_at, rowid DESC",
    "importance": "importance DESC, raw DESC, merged_at DESC, rowid",
}
TRAITS = ("type", "module", "risk", "label")
SINGLE = {  # a facet of one value a change -> that value
    "repo": "repo",
    "level": "level",
    "author": "(SELECT name FROM authors WHERE authors.author = chosen.author)",
}
URL = re.compile(r"https?://[^/\s]+/(?P<repo>[^/\s]+/[^/\s]+)/(?:pull|issues|commit)/(?P<ref>\w+)")
REFERENCE = re.compile(
    r"(?:(?P<repo>[\w.-]+/[\w.-]+)(?=[#@]))?(?:#?(?P<number>\d{1,9})|@?(?P<sha>[0-9a-fA-F]{7,64}))"
)
COLUMNS = "changes.rowid, documents.record, documents.digest, documents.analysis"
BATCH = 500

T = TypeVar("T")


class Coverage(NamedTuple):
    """What is stored of a repository. `since`: the oldest moment from which all is searchable."""

    repo: str
    since: datetime | None
    until: datetime | None  # the newest published change
    changes: int
    pending: int  # stored, and published by a later step
    updated_at: datetime | None = None


def iter_records(
    connection: sqlite3.Connection,
    condition: Condition,
    *,
    order: str = "newest",
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[ChangeRecord]:
    rowids = ids(connection, condition, order=order, limit=limit, offset=offset)
    for start in range(0, len(rowids), BATCH):
        yield from by_rowids(connection, rowids[start : start + BATCH]).values()


def ids(
    connection: sqlite3.Connection,
    condition: Condition,
    *,
    order: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[int]:
    sql = f"SELECT rowid FROM changes WHERE {condition.sql}"
    if order is not None:
        sql += f" ORDER BY {ORDERS[order]}"
    sql += " LIMIT ? OFFSET ?"
    found = connection.execute(sql, (*condition.parameters, -1 if limit is None else limit, offset))
    return [rowid for (rowid,) in found]


def by_rowids(connection: sqlite3.Connection, rowids: Sequence[int]) -> dict[int, ChangeRecord]:
    """Records by key, in the order asked for; a key that is not there is left out."""
    from kb.types import Analysis, Change, ChangeRecord, Digest

    found: dict[int, ChangeRecord] = {}
    for batch in batched(rowids, BATCH):
        rows = connection.execute(
            f"SELECT {COLUMNS} FROM changes JOIN documents ON documents.change = changes.rowid"
            f" WHERE changes.rowid IN ({marks(batch)})",
            batch,
        )
        for rowid, record, digest, analysis in rows:
            found[rowid] = ChangeRecord(
                unpack(Change, record), unpack(Digest, digest), unpack(Analysis, analysis)
            )
    return {rowid: found[rowid] for rowid in rowids if rowid in found}


def rowids_of(
    connection: sqlite3.Connection, change_ids: Sequence[str], visible: Condition
) -> dict[str, int]:
    """Keys by id or alias as asked for; what is not visible is left out."""
    found: dict[str, int] = {}
    for batch in batched(change_ids, BATCH):
        rows = connection.execute(
            f"SELECT id, rowid FROM changes WHERE id IN ({marks(batch)}) AND {visible.sql}",
            (*batch, *visible.parameters),
        )
        found.update(rows.fetchall())
        missing = [change_id for change_id in batch if change_id not in found]
        if missing:
            rows = connection.execute(
                "SELECT alias, change FROM aliases JOIN changes ON changes.rowid = change"
                f" WHERE alias IN ({marks(missing)}) AND {visible.sql}",
                (*missing, *visible.parameters),
            )
            found.update(rows.fetchall())
    return found


def with_patches(connection: sqlite3.Connection, rowid: int, record: ChangeRecord) -> ChangeRecord:
    rows = connection.execute("SELECT position, patch FROM patches WHERE change = ?", (rowid,))
    stored = {place: zlib.decompress(blob).decode() for place, blob in rows}
    files = tuple(
        replace(item, patch=stored.get(place)) for place, item in enumerate(record.change.files)
    )
    return replace(record, change=replace(record.change, files=files))


def patches(connection: sqlite3.Connection, rowid: int) -> dict[str, str]:
    record = by_rowids(connection, [rowid])[rowid]
    files = with_patches(connection, rowid, record).change.files
    return {item.path: item.patch for item in files if item.patch is not None}


def touched_before(
    connection: sqlite3.Connection, rowid: int, path: str, visible: Condition
) -> list[int]:
    """Keys of the changes of its repository that touched a path before this one, newest first."""
    rows = connection.execute(
        "SELECT rowid FROM changes, (SELECT repo AS its_repo, merged_at AS its_moment"
        " FROM changes WHERE rowid = ?) WHERE repo = its_repo"
        " AND (merged_at < its_moment OR (merged_at = its_moment AND rowid > ?))"
        " AND rowid IN (SELECT change FROM change_paths"
        " WHERE path_key = (SELECT path_key FROM paths WHERE path = ?))"
        f" AND {visible.sql} ORDER BY {ORDERS['newest']}",
        (rowid, rowid, path, *visible.parameters),
    )
    return [key for (key,) in rows]


def files(connection: sqlite3.Connection, rowid: int) -> tuple[FileChange, ...]:
    """The files of a change, without their patches."""
    from kb.types import Change

    row = connection.execute("SELECT record FROM documents WHERE change = ?", (rowid,)).fetchone()
    return unpack(Change, row[0]).files if row is not None else ()


def patch_at(connection: sqlite3.Connection, rowid: int, place: int) -> str | None:
    """The stored patch of a change's file, by its place among them."""
    row = connection.execute(
        "SELECT patch FROM patches WHERE change = ? AND position = ?", (rowid, place)
    ).fetchone()
    return zlib.decompress(row[0]).decode() if row is not None else None


def resolve(
    connection: sqlite3.Connection, reference: str, repo: str | None, visible: Condition
) -> list[str]:
    """Ids that a reference may mean, best first: an id, a number, a SHA (of the change, or
    of a commit that it claims), a URL or an old id."""
    from kb.text.tokenizer import ZERO_WIDTH

    reference = reference.replace(ZERO_WIDTH, "").strip()
    exact = rowids_of(connection, [reference], visible)
    if exact:
        return _ids_of(connection, list(exact.values()))
    url = URL.match(reference)
    if url is not None:
        repo = url["repo"]
        reference = url["ref"]
    found = REFERENCE.fullmatch(reference)
    if found is None:
        return []
    repo = found["repo"] or repo
    where, parameters = [visible.sql], list(visible.parameters)
    if repo:
        where.append("repo = ?")
        parameters.append(repo)
    rows: list[tuple[str]] = []
    if found["number"]:
        rows = connection.execute(
            "SELECT id FROM changes WHERE number = ? AND "
            + " AND ".join(where)
            # the owner of the number before later commits that carry it too
            + " ORDER BY id = repo || '#' || number DESC, repo, merged_at",
            (int(found["number"]), *parameters),
        ).fetchall()
    sha = reference.rpartition("@")[2].lower()
    if not rows and re.fullmatch("[0-9a-f]{7,64}", sha):
        rows = connection.execute(
            "SELECT id FROM changes WHERE sha >= ? AND sha < ? AND "
            + " AND ".join(where)
            + " ORDER BY repo, merged_at",
            (sha, sha + "g", *parameters),
        ).fetchall()
        if not rows:
            rows = connection.execute(
                "SELECT id FROM changes JOIN aliases ON aliases.change = changes.rowid"
                " WHERE instr(alias, '@' || ?) AND " + " AND ".join(where),
                (sha, *parameters),
            ).fetchall()
        if not rows:  # what `git blame` names: a commit of a merged branch
            rows = connection.execute(
                "SELECT DISTINCT id FROM changes JOIN commits ON commits.change = changes.rowid"
                " WHERE commits.sha >= ? AND commits.sha < ? AND " + " AND ".join(where),
                (sha, sha + "g", *parameters),
            ).fetchall()
    return [change_id for (change_id,) in rows]


def _ids_of(connection: sqlite3.Connection, rowids: Sequence[int]) -> list[str]:
    rows = connection.execute(
        f"SELECT id FROM changes WHERE rowid IN ({marks(rowids)})", tuple(rowids)
    )
    return [change_id for (change_id,) in rows]


def facets(
    connection: sqlite3.Connection, condition: Condition
) -> dict[str, list[tuple[str, int]]]:
    """How many changes each value of a field has, most first. The condition is met once for all
    fields: it costs more than the counting."""
    counts = [
        f"SELECT '{name}' AS field, {value} AS value, count(*) AS held FROM chosen GROUP BY 2"
        for name, value in SINGLE.items()
    ]
    counts.append(
        f"SELECT field, value, count(*) AS held FROM traits WHERE field IN ({marks(TRAITS)})"
        " AND change IN (SELECT change FROM chosen) GROUP BY field, value"
    )
    rows = connection.execute(
        "WITH chosen AS MATERIALIZED"
        f" (SELECT rowid AS change, repo, level, author FROM changes WHERE {condition.sql}) "
        + " UNION ALL ".join(
            f"SELECT * FROM ({count} ORDER BY held DESC, value)" for count in counts
        ),
        (*condition.parameters, *TRAITS),
    )
    found: dict[str, list[tuple[str, int]]] = {name: [] for name in (*SINGLE, *TRAITS)}
    for name, value, held in rows:
        found[name].append((value, held))
    return found


def relations(connection: sqlite3.Connection, change_ids: Sequence[str]) -> list[Relation]:
    """Every relation that starts or ends at one of these changes."""
    from kb.types import Relation

    found: dict[tuple[str, str, str], Relation] = {}
    for column in ("source", "target"):
        for batch in batched(change_ids, BATCH):
            rows = connection.execute(
                "SELECT kind, source, target, evidence FROM relations"
                f" WHERE {column} IN ({marks(batch)})",
                batch,
            )
            for kind, source, target, evidence in rows:
                found[kind, source, target] = Relation(kind, source, target, evidence)
    return sorted(found.values(), key=lambda item: (item.source, item.kind, item.target))


def sources(connection: sqlite3.Connection) -> list[SourceState]:
    from kb.types import SourceState

    rows = connection.execute("SELECT state FROM sources ORDER BY name, kind, branch")
    return [unpack(SourceState, state) for (state,) in rows]


def coverage(connection: sqlite3.Connection, repo: str, generation: int) -> Coverage:
    since, until, count = connection.execute(
        "SELECT min(merged_at), max(merged_at), count(*) FROM changes"
        " WHERE repo = ? AND stale = 0 AND generation <= ?",
        (repo, generation),
    ).fetchone()
    (pending,) = connection.execute(
        "SELECT count(*) FROM changes WHERE repo = ? AND stale = 0 AND generation > ?",
        (repo, generation),
    ).fetchone()
    states = [item for item in sources(connection) if item.name.lower() == repo.lower()]
    start = None if since is None else moment(since)
    # A run that was killed between two steps has nothing pending, and has not read all.
    whole = [item.since for item in states if item.since and item.cursor.get("complete", True)]
    if start is not None and whole and len(whole) == len(states) and not pending:
        start = min(start, *whole)  # all since then was read, though nothing was merged at once
    updates = [item.updated_at for item in states if item.updated_at is not None]
    return Coverage(
        repo,
        start,
        None if until is None else moment(until),
        count,
        pending,
        max(updates, default=None),
    )


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch
