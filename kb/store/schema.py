"""The tables of the archive, its version, and what SQLite's failures mean to a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.errors import StoreError

SCHEMA_VERSION = 2  # 1 had no outlines
APPLICATION_ID = 0x524B4231  # "RKB1": tells our file from any other SQLite file
FILE_NAME = "archive.sqlite3"
BUSY_TIMEOUT_MS = 30_000
LEAST_FREE_B = 256 * 1024
# A change's integer key is called `change` in side tables; it is changes.rowid, the FTS5 rowid
# and what a vector belongs to. AUTOINCREMENT: a key is never used again for another change.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE authors (
  author INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  login TEXT NOT NULL DEFAULT '',
  words TEXT NOT NULL,             -- " yang wang ": casefolded whole words, for the author filter
  UNIQUE (name, login)
);

CREATE TABLE changes (             -- narrow, so that filtering and sorting read little
  rowid INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  repo TEXT NOT NULL COLLATE NOCASE,
  number INTEGER,
  sha TEXT NOT NULL,
  author INTEGER NOT NULL REFERENCES authors(author),
  merged_at INTEGER NOT NULL,
  importance REAL NOT NULL,
  raw REAL NOT NULL,
  level TEXT NOT NULL,
  bot INTEGER NOT NULL,
  generation INTEGER NOT NULL,     -- the generation that publishes it
  stale INTEGER NOT NULL DEFAULT 0,
  fingerprint TEXT NOT NULL
);
CREATE INDEX changes_by_time ON changes (repo, merged_at);
CREATE INDEX changes_by_number ON changes (number);
CREATE INDEX changes_by_sha ON changes (sha);
CREATE INDEX changes_by_generation ON changes (generation);
CREATE INDEX changes_stale ON changes (stale) WHERE stale = 1;

CREATE TABLE documents (
  change INTEGER PRIMARY KEY REFERENCES changes(rowid) ON DELETE CASCADE,
  record BLOB NOT NULL,            -- Change without patches
  digest BLOB NOT NULL,
  analysis BLOB NOT NULL
);

CREATE TABLE patches (             -- with rowids: without, blobs of 1-4 KB waste half a page
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  position INTEGER NOT NULL,       -- the file's place in Change.files
  patch BLOB NOT NULL              -- zlib
);
CREATE INDEX patches_by_change ON patches (change);

CREATE TABLE traits (              -- type, module, risk, label
  field TEXT NOT NULL,
  value TEXT NOT NULL COLLATE NOCASE,
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  PRIMARY KEY (field, value, change)
) WITHOUT ROWID;
CREATE INDEX traits_by_change ON traits (change);

CREATE TABLE paths (path_key INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE change_paths (
  path_key INTEGER NOT NULL REFERENCES paths(path_key),
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  PRIMARY KEY (path_key, change)
) WITHOUT ROWID;
CREATE INDEX change_paths_by_change ON change_paths (change);

CREATE TABLE aliases (
  alias TEXT PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX aliases_by_change ON aliases (change);

CREATE TABLE commits (             -- commits that a change claims: a set of what is known
  sha TEXT NOT NULL,
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  PRIMARY KEY (sha, change)
) WITHOUT ROWID;
CREATE INDEX commits_by_change ON commits (change);

CREATE TABLE details (             -- what a host said of a number, by fingerprint
  repo TEXT NOT NULL COLLATE NOCASE,
  number INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (repo, number)
) WITHOUT ROWID;

CREATE TABLE reached (             -- which changes the ingested tip of a branch reaches
  repo TEXT NOT NULL,
  branch TEXT NOT NULL,
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  PRIMARY KEY (repo, branch, change)
) WITHOUT ROWID;
CREATE INDEX reached_by_change ON reached (change);

CREATE TABLE relations (
  repo TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (source, kind, target)
) WITHOUT ROWID;
CREATE INDEX relations_by_target ON relations (target);

CREATE TABLE sources (
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  branch TEXT NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (name, kind, branch)
) WITHOUT ROWID;

CREATE TABLE failures (
  repo TEXT NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  failed_at INTEGER NOT NULL,
  PRIMARY KEY (repo, id)
) WITHOUT ROWID;

CREATE TABLE embedders (
  embedder INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  dimension INTEGER NOT NULL
);

CREATE TABLE vectors (             -- `serial` names a vector for ever: a new text is a new serial
  serial INTEGER PRIMARY KEY AUTOINCREMENT,
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  embedder INTEGER NOT NULL REFERENCES embedders(embedder),
  vector BLOB NOT NULL,            -- little-endian float16
  UNIQUE (change, kind, chunk, embedder)
);

CREATE TABLE embedded (            -- done, also where a kind has no passage
  embedder INTEGER NOT NULL REFERENCES embedders(embedder),
  kind TEXT NOT NULL,
  change INTEGER NOT NULL REFERENCES changes(rowid) ON DELETE CASCADE,
  PRIMARY KEY (embedder, kind, change)
) WITHOUT ROWID;
CREATE INDEX embedded_by_change ON embedded (change);

CREATE TABLE answers (
  key TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  text TEXT NOT NULL,
  usage TEXT NOT NULL,             -- tokens, and `about`: the repositories that it was written from
  answered_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE reports (
  report INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  lang TEXT NOT NULL,
  scope TEXT NOT NULL,
  since INTEGER,
  until INTEGER,
  tz TEXT NOT NULL,
  title TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX reports_by_kind ON reports (kind, scope, made_at);

CREATE TABLE questions (
  question INTEGER PRIMARY KEY AUTOINCREMENT,
  text TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  body BLOB NOT NULL
);
"""
OUTLINES = """
CREATE TABLE outlines (            -- the changes of a branch when all of it was read last
  repo TEXT NOT NULL COLLATE NOCASE,
  branch TEXT NOT NULL,
  id TEXT NOT NULL,
  number INTEGER,
  sha TEXT NOT NULL,
  title TEXT NOT NULL,
  author TEXT NOT NULL,
  merged_at INTEGER NOT NULL
);
CREATE INDEX outlines_by_time ON outlines (repo, branch, merged_at);
"""


def exists(home: Path) -> bool:
    """Whether anything was ingested here. Raises StoreError where no folder can be."""
    for place in (home, *home.parents):
        if place.exists():
            if not place.is_dir():
                raise StoreError(f"{place} is a file, not a folder", "choose another --home")
            break
    return (home / FILE_NAME).exists()


def must_exist(home: Path) -> None:
    """Raises StoreError where there is nothing to read, judge again or remove."""
    if not exists(home):
        raise StoreError(f"nothing is indexed in {home}", "kb ingest PATH")


def connect(home: Path, *, readonly: bool) -> sqlite3.Connection:
    """An open archive of our version; makes it where there is none. Raises StoreError."""
    path = home / FILE_NAME
    if readonly:
        must_exist(home)
    with explained(path, OSError):
        connection = _open_readonly(path) if readonly else _open_writable(home, path)
        try:
            _check(connection, path, readonly=readonly)
        except BaseException:
            connection.close()
            raise
    return connection


def _open_writable(home: Path, path: Path) -> sqlite3.Connection:
    """`check_same_thread`: a server that ends closes what its threads opened."""
    home.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open_readonly(path: Path) -> sqlite3.Connection:
    """WAL wants to write its -shm file; on a read-only disk only an immutable open works."""
    failure: sqlite3.Error | None = None
    for mode in ("mode=ro", "immutable=1"):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as exc:
            connection.close()
            failure = exc
            if (path.parent / (path.name + "-wal")).exists():
                break  # an immutable open would not see what the log holds
        else:
            return connection
    assert failure is not None
    raise failure


def _check(connection: sqlite3.Connection, path: Path, *, readonly: bool) -> None:
    application, version = identity(connection)
    if application == 0 and version == 0 and not _has_tables(connection):
        if readonly:
            raise StoreError(f"nothing is indexed in {path.parent}", "kb ingest PATH")
        from kb.store import lexical_index

        connection.execute("PRAGMA journal_mode = WAL")
        tables = SCHEMA + OUTLINES + lexical_index.SCHEMA
        _run(connection, tables, lambda: not _has_tables(connection))
        application, version = identity(connection)
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path} is not an archive of RepoKB", "move it away, or choose another --home"
        )
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer RepoKB (archive version {version}, this one reads "
            f"{SCHEMA_VERSION})",
            "update RepoKB, or choose another --home",
        )
    if version < SCHEMA_VERSION and not readonly:
        _run(connection, OUTLINES, lambda: identity(connection)[1] < SCHEMA_VERSION)
    # After a power cut the last commits may be missing, never half; the next ingest repeats them.
    connection.execute("PRAGMA synchronous = NORMAL")


def identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _run(connection: sqlite3.Connection, statements: str, wanted: Callable[[], bool]) -> None:
    """In one transaction, and only where no other process was first."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if wanted():
            for statement in statements.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # an interrupt may come after COMMIT was done
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """SQLite's failures (and those of `kinds`) as one sentence of ours."""
    caught: tuple[type[Exception], ...] = (sqlite3.Error, *kinds)
    try:
        yield
    except caught as exc:
        raise store_error(exc, path) from exc


def store_error(exc: Exception, path: Path) -> StoreError:
    words = str(exc).lower()
    if isinstance(exc, OSError):
        words = f"{exc.strerror or exc}".lower()
    if "full" in words or "no space" in words or "quota" in words:
        return disk_full(path.parent)
    if "readonly" in words or "read-only" in words or "permission" in words or "unable" in words:
        return StoreError(
            f"{path} cannot be written or opened ({words})",
            "check the permissions, or choose another --home",
        )
    if "malformed" in words or "not a database" in words or "corrupt" in words:
        return StoreError(
            f"the archive {path} is damaged ({words})",
            "move it away and ingest again",
        )
    if "locked" in words or "busy" in words:
        return StoreError(f"{path} is in use by another process", "try again when it has finished")
    return StoreError(f"{path} cannot be used: {exc}", "kb doctor")


def disk_full(folder: Path) -> StoreError:
    return StoreError(f"the disk with {folder} is full", "make room and run the same command again")


def has_room(folder: Path) -> bool:
    """Whether the disk takes another small file: opening Chroma writes into its SQLite file."""
    import shutil

    return shutil.disk_usage(folder).free >= LEAST_FREE_B
