"""Writing changes: rows, side tables, patches and words of a change in one transaction."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kb.store import lexical_index
from kb.store.codec import epoch, pack, unpack
from kb.store.conditions import marks, words_of

if TYPE_CHECKING:
    from kb.types import Analysis, Change, ChangeRecord, Digest, Relation

PATCH_LEVEL = 6

LexicalFields = Callable[["Change", "Digest"], Mapping[str, Sequence[str]]]


class PutCounts(NamedTuple):
    new: int = 0
    updated: int = 0
    unchanged: int = 0


def put_changes(
    connection: sqlite3.Connection,
    records: Sequence[ChangeRecord],
    *,
    generation: int,
    lexical_fields: LexicalFields,
) -> PutCounts:
    """Stores what is new or has another fingerprint; a new change is published by `generation`."""
    new = updated = unchanged = 0
    for record in records:
        row = connection.execute(
            "SELECT rowid, fingerprint FROM changes WHERE id = ?", (record.id,)
        ).fetchone()
        if row is not None and row[1] == record.change.fingerprint:
            unchanged += 1
            _put_aliases(connection, row[0], record.change)
            continue
        if row is None:
            rowid = _insert(connection, record, generation)
            new += 1
        else:
            rowid = row[0]
            _forget_outdated_vectors(connection, rowid, record)
            _update(connection, rowid, record)
            updated += 1
        _put_sides(connection, rowid, record)
        lexical_index.index(connection, [(rowid, lexical_fields(record.change, record.digest))])
    return PutCounts(new, updated, unchanged)


def put_analyses(connection: sqlite3.Connection, pairs: Iterable[tuple[str, Analysis]]) -> int:
    """Replaces judgements of stored changes; returns how many were found."""
    count = 0
    for change_id, analysis in pairs:
        row = connection.execute("SELECT rowid FROM changes WHERE id = ?", (change_id,)).fetchone()
        if row is None:
            continue
        (rowid,) = row
        connection.execute(
            "UPDATE documents SET analysis = ? WHERE change = ?", (pack(analysis), rowid)
        )
        connection.execute(
            "UPDATE changes SET importance = ?, raw = ?, level = ?, bot = ? WHERE rowid = ?",
            (analysis.importance, analysis.raw, analysis.level, analysis.bot, rowid),
        )
        connection.execute("DELETE FROM traits WHERE change = ? AND field <> 'label'", (rowid,))
        _put_traits(connection, rowid, analysis)
        count += 1
    return count


def put_digests(
    connection: sqlite3.Connection,
    records: Iterable[ChangeRecord],
    lexical_fields: LexicalFields,
) -> None:
    """Replaces digests, words and what each file is, of stored changes (kb analyze)."""
    for record in records:
        row = connection.execute("SELECT rowid FROM changes WHERE id = ?", (record.id,)).fetchone()
        if row is None:
            continue
        (rowid,) = row
        _forget_outdated_vectors(connection, rowid, record)
        connection.execute(
            "UPDATE documents SET record = ?, digest = ? WHERE change = ?",
            (pack(_listed(record.change)), pack(record.digest), rowid),
        )
        lexical_index.index(connection, [(rowid, lexical_fields(record.change, record.digest))])


def rebuild_words(connection: sqlite3.Connection, lexical_fields: LexicalFields) -> int:
    from kb.types import Change, Digest

    lexical_index.clear(connection)
    rows = connection.execute("SELECT change, record, digest FROM documents ORDER BY change")
    count = 0
    for rowid, record, digest in rows:
        fields = lexical_fields(unpack(Change, record), unpack(Digest, digest))
        lexical_index.index(connection, [(rowid, fields)])
        count += 1
    return count


def put_relations(connection: sqlite3.Connection, repo: str, relations: Iterable[Relation]) -> None:
    """The relations of a repository, whole: what was stored of it before is replaced."""
    connection.execute("DELETE FROM relations WHERE repo = ?", (repo,))
    connection.executemany(
        "INSERT OR REPLACE INTO relations (repo, kind, source, target, evidence)"
        " VALUES (?, ?, ?, ?, ?)",
        ((repo, item.kind, item.source, item.target, item.evidence) for item in relations),
    )


def mark_reachable(
    connection: sqlite3.Connection,
    repo: str,
    branch: str,
    shas: Iterable[str],
    *,
    named: Collection[tuple[str, str]],
    more: bool,
) -> None:
    """What the tip of this branch reaches; what no ingested tip reaches is stale.

    Two ids may be stored of one commit, since a number passes to another one where history is
    written anew: the one that is `named` with it, (id, sha), is reached."""
    tip = frozenset(shas)
    rows = connection.execute("SELECT rowid, id, sha FROM changes WHERE repo = ?", (repo,))
    stored = [row for row in rows if row[2] in tip]
    settled = {sha for _, id, sha in stored if (id, sha) in named}
    now = {rowid for rowid, id, sha in stored if (id, sha) in named or sha not in settled}
    rows = connection.execute(
        "SELECT change FROM reached WHERE repo = ? AND branch = ?", (repo, branch)
    )
    before = {rowid for (rowid,) in rows}
    connection.executemany(
        "DELETE FROM reached WHERE repo = ? AND branch = ? AND change = ?",
        ((repo, branch, rowid) for rowid in (() if more else before - now)),
    )
    connection.executemany(
        "INSERT INTO reached (repo, branch, change) VALUES (?, ?, ?)",
        ((repo, branch, rowid) for rowid in sorted(now - before)),
    )
    connection.execute(
        "UPDATE changes SET stale = NOT EXISTS"
        " (SELECT 1 FROM reached WHERE reached.change = changes.rowid)"
        " WHERE repo = ? AND stale <> NOT EXISTS"
        " (SELECT 1 FROM reached WHERE reached.change = changes.rowid)",
        (repo,),
    )


def delete_repo(connection: sqlite3.Connection, repo: str) -> int:
    rowids = [
        rowid
        for (rowid,) in connection.execute("SELECT rowid FROM changes WHERE repo = ?", (repo,))
    ]
    lexical_index.remove(connection, rowids)
    connection.execute("DELETE FROM changes WHERE repo = ?", (repo,))
    for table, column in (
        ("relations", "repo"),
        ("outlines", "repo"),
        ("failures", "repo"),
        ("sources", "name"),
        ("reached", "repo"),
        ("details", "repo"),
    ):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ? COLLATE NOCASE", (repo,))
    connection.execute(
        "DELETE FROM paths WHERE path_key NOT IN (SELECT path_key FROM change_paths)"
    )
    connection.execute("DELETE FROM authors WHERE author NOT IN (SELECT author FROM changes)")
    return len(rowids)


def record_failure(connection: sqlite3.Connection, repo: str, change_id: str, reason: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO failures (repo, id, reason, failed_at) VALUES (?, ?, ?, ?)",
        (repo, change_id, reason, int(time.time())),
    )


def _insert(connection: sqlite3.Connection, record: ChangeRecord, generation: int) -> int:
    change, analysis = record.change, record.analysis
    cursor = connection.execute(
        "INSERT INTO changes (id, repo, number, sha, author, merged_at, importance, raw, level,"
        " bot, generation, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change.id,
            change.repo,
            change.number,
            change.sha,
            _author(connection, change),
            epoch(change.merged_at),
            analysis.importance,
            analysis.raw,
            analysis.level,
            analysis.bot,
            generation,
            change.fingerprint,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _update(connection: sqlite3.Connection, rowid: int, record: ChangeRecord) -> None:
    change, analysis = record.change, record.analysis
    connection.execute(
        "UPDATE changes SET number = ?, sha = ?, author = ?, merged_at = ?, importance = ?,"
        " raw = ?, level = ?, bot = ?, fingerprint = ? WHERE rowid = ?",
        (
            change.number,
            change.sha,
            _author(connection, change),
            epoch(change.merged_at),
            analysis.importance,
            analysis.raw,
            analysis.level,
            analysis.bot,
            change.fingerprint,
            rowid,
        ),
    )
    for table in ("patches", "traits", "change_paths", "aliases", "commits"):
        connection.execute(f"DELETE FROM {table} WHERE change = ?", (rowid,))


def _author(connection: sqlite3.Connection, change: Change) -> int:
    login = (change.pull_request.author if change.pull_request else None) or ""
    connection.execute(
        "INSERT OR IGNORE INTO authors (name, login, words) VALUES (?, ?, ?)",
        (change.author, login, f"{words_of(change.author)}|{words_of(login)}"),
    )
    (author,) = connection.execute(
        "SELECT author FROM authors WHERE name = ? AND login = ?", (change.author, login)
    ).fetchone()
    return int(author)


def _listed(change: Change) -> Change:
    """A change as it is stored: its patches stand in a table of their own."""
    return replace(change, files=tuple(replace(item, patch=None) for item in change.files))


def _put_sides(connection: sqlite3.Connection, rowid: int, record: ChangeRecord) -> None:
    change = record.change
    connection.execute(
        "INSERT OR REPLACE INTO documents (change, record, digest, analysis) VALUES (?, ?, ?, ?)",
        (rowid, pack(_listed(change)), pack(record.digest), pack(record.analysis)),
    )
    connection.executemany(
        "INSERT INTO patches (change, position, patch) VALUES (?, ?, ?)",
        (
            (rowid, place, zlib.compress(item.patch.encode("utf-8", "replace"), PATCH_LEVEL))
            for place, item in enumerate(change.files)
            if item.patch is not None
        ),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO traits (field, value, change) VALUES ('label', ?, ?)",
        ((label, rowid) for label in change.labels),
    )
    _put_traits(connection, rowid, record.analysis)
    paths = {item.path for item in change.files}
    paths.update(item.previous_path for item in change.files if item.previous_path)
    _put_paths(connection, rowid, paths)
    connection.executemany(
        "INSERT OR IGNORE INTO commits (sha, change) VALUES (?, ?)",
        ((commit.sha, rowid) for commit in change.commits),
    )
    _put_aliases(connection, rowid, change)


def _put_traits(connection: sqlite3.Connection, rowid: int, analysis: Analysis) -> None:
    values = [("type", name) for name in analysis.types]
    values += [("module", name) for name in analysis.modules]
    values += [("risk", risk.kind) for risk in analysis.risks]
    connection.executemany(
        "INSERT OR IGNORE INTO traits (field, value, change) VALUES (?, ?, ?)",
        ((name, value, rowid) for name, value in values),
    )


def _put_paths(connection: sqlite3.Connection, rowid: int, paths: Iterable[str]) -> None:
    clean = [path.encode("utf-8", "replace").decode() for path in paths]
    connection.executemany(
        "INSERT OR IGNORE INTO paths (path) VALUES (?)", ((path,) for path in clean)
    )
    connection.executemany(
        "INSERT OR IGNORE INTO change_paths (path_key, change)"
        " SELECT path_key, ? FROM paths WHERE path = ?",
        ((rowid, path) for path in clean),
    )


def _put_aliases(connection: sqlite3.Connection, rowid: int, change: Change) -> None:
    """Old ids resolve to this change; a change that was stored under one of them is absorbed."""
    for alias in change.aliases:
        if alias == change.id:
            continue
        row = connection.execute(
            "SELECT rowid, generation FROM changes WHERE id = ?", (alias,)
        ).fetchone()
        if row is not None:
            absorbed, generation = row
            lexical_index.remove(connection, [absorbed])
            for table in ("aliases", "reached"):
                connection.execute(
                    f"UPDATE OR IGNORE {table} SET change = ? WHERE change = ?", (rowid, absorbed)
                )
            connection.execute("DELETE FROM changes WHERE rowid = ?", (absorbed,))
            connection.execute(  # what was shown stays shown
                "UPDATE changes SET generation = min(generation, ?) WHERE rowid = ?",
                (generation, rowid),
            )
        connection.execute(
            "INSERT OR REPLACE INTO aliases (alias, change) VALUES (?, ?)", (alias, rowid)
        )


def _forget_outdated_vectors(
    connection: sqlite3.Connection, rowid: int, record: ChangeRecord
) -> None:
    """A kind whose passages read as before keeps its vectors: it is not embedded again."""
    from kb.analysis.digest import passages
    from kb.types import Change, Digest

    row = connection.execute(
        "SELECT record, digest FROM documents WHERE change = ?", (rowid,)
    ).fetchone()
    if row is None:
        return
    before = set(passages(unpack(Change, row[0]), unpack(Digest, row[1])))
    after = set(passages(record.change, record.digest))
    kinds = sorted({passage.kind for passage in before ^ after})
    if kinds:
        forget_vectors(connection, rowid, kinds)


def forget_vectors(connection: sqlite3.Connection, rowid: int, kinds: Sequence[str]) -> None:
    for table in ("vectors", "embedded"):
        connection.execute(
            f"DELETE FROM {table} WHERE change = ? AND kind IN ({marks(kinds)})", (rowid, *kinds)
        )
