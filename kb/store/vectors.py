"""The vectors themselves, in the archive: what Chroma and the matrix are built from.

Kept as float16: half the disk of float32, and a vector of unit length read back has a cosine of
0.9999999 with what was written (measured over MiniLM's; the promise is 0.9998).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kb.errors import IndexMismatch
from kb.store.conditions import marks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

KINDS = ("title", "text", "diff")
STORED = "<f2"


class Missing(NamedTuple):
    """A change and the kinds of its passages that have no vectors of this embedder yet."""

    rowid: int
    kinds: tuple[str, ...]


def embedder_key(connection: sqlite3.Connection, identity: str) -> int | None:
    row = connection.execute(
        "SELECT embedder FROM embedders WHERE identity = ?", (identity,)
    ).fetchone()
    return None if row is None else int(row[0])


def add_embedder(connection: sqlite3.Connection, identity: str, dimension: int) -> int:
    connection.execute(
        "INSERT OR IGNORE INTO embedders (identity, dimension) VALUES (?, ?)",
        (identity, dimension),
    )
    row = connection.execute(
        "SELECT embedder, dimension FROM embedders WHERE identity = ?", (identity,)
    ).fetchone()
    if row[1] != dimension:
        raise IndexMismatch(
            f"{identity} gave vectors of {row[1]} numbers before and gives {dimension} now",
            "set embedder.model to the model of this index, or ingest into another --home",
        )
    return int(row[0])


def put(
    connection: sqlite3.Connection,
    embedder: int,
    rows: Iterable[tuple[int, str, int, Vector]],
    done: Iterable[tuple[int, str]],
) -> int:
    """Stores vectors; `done` are (rowid, kind) of which all passages are among the rows."""
    import numpy as np

    count = 0
    for rowid, kind, chunk, vector in rows:
        connection.execute(
            "INSERT OR REPLACE INTO vectors (change, kind, chunk, embedder, vector)"
            " VALUES (?, ?, ?, ?, ?)",
            (rowid, kind, chunk, embedder, np.asarray(vector).astype(STORED).tobytes()),
        )
        count += 1
    connection.executemany(
        "INSERT OR IGNORE INTO embedded (embedder, kind, change) VALUES (?, ?, ?)",
        ((embedder, kind, rowid) for rowid, kind in done),
    )
    return count


def missing(
    connection: sqlite3.Connection,
    embedder: int | None,
    kinds: Sequence[str],
    *,
    since: int | None,
    repo: str | None,
    limit: int | None,
) -> list[Missing]:
    """What is still to embed, newest first: a set difference, whatever was interrupted before."""
    if _all_embedded(connection, embedder, kinds):
        return []
    where, parameters = ["stale = 0"], []
    if since is not None:
        where.append("merged_at >= ?")
        parameters.append(since)
    if repo is not None:
        where.append("repo = ?")
        parameters.append(repo)  # type: ignore[arg-type]
    lacks = [
        "NOT EXISTS (SELECT 1 FROM embedded WHERE embedder = ? AND kind = ?"
        " AND change = changes.rowid)"
        for _ in kinds
    ]
    flags: list[object] = []
    for kind in kinds:
        flags += [-1 if embedder is None else embedder, kind]
    rows = connection.execute(
        f"SELECT rowid, {', '.join(lacks)} FROM changes"
        f" WHERE {' AND '.join(where)} AND ({' OR '.join(lacks)})"
        " ORDER BY merged_at DESC, rowid DESC LIMIT ?",
        (*flags, *parameters, *flags, -1 if limit is None else limit),
    )
    return [
        Missing(rowid, tuple(kind for kind, lacking in zip(kinds, found, strict=True) if lacking))
        for rowid, *found in rows
    ]


def _all_embedded(
    connection: sqlite3.Connection, embedder: int | None, kinds: Sequence[str]
) -> bool:
    """By counting alone, a tenth of the time of looking at each: a pair is noted once."""
    (changes,) = connection.execute("SELECT count(*) FROM changes").fetchone()
    (done,) = connection.execute(
        f"SELECT count(*) FROM embedded WHERE embedder = ? AND kind IN ({marks(kinds)})",
        (embedder, *kinds),
    ).fetchone()
    return bool(done == changes * len(kinds))


def serials(
    connection: sqlite3.Connection, embedder: int, kind: str, after: int = 0
) -> Iterator[tuple[int, int, int]]:
    """(serial, change, chunk) of the vectors of a kind: all in any order, because sorting by serial
    would read the vectors themselves; those `after` a serial in their order."""
    if after:
        return connection.execute(
            "SELECT serial, change, chunk FROM vectors"
            " WHERE serial > ? AND embedder = ? AND kind = ? ORDER BY serial",
            (after, embedder, kind),
        )
    return connection.execute(
        "SELECT serial, change, chunk FROM vectors WHERE embedder = ? AND kind = ?",
        (embedder, kind),
    )


def count_up_to(connection: sqlite3.Connection, embedder: int, kind: str, serial: int) -> int:
    """By an index that holds all three columns; by the serial the vectors would be read too."""
    (count,) = connection.execute(
        "SELECT count(*) FROM vectors WHERE embedder = ? AND kind = ? AND +serial <= ?",
        (embedder, kind, serial),
    ).fetchone()
    return int(count)


def last_serial(connection: sqlite3.Connection, embedder: int | None) -> tuple[int, int]:
    """(how many vectors, the highest serial) of an embedder: new vectors change it."""
    found = connection.execute(
        "SELECT count(*), coalesce(max(serial), 0) FROM vectors WHERE embedder = ?",
        (-1 if embedder is None else embedder,),
    ).fetchone()
    return int(found[0]), int(found[1])


def matrix(connection: sqlite3.Connection, wanted: Sequence[int], dimension: int) -> Vector:
    """The vectors with these serials as float32 rows of unit length, in this order."""
    import numpy as np

    found = np.empty((len(wanted), dimension), dtype=np.float32)
    batch = 500
    for start in range(0, len(wanted), batch):
        part = tuple(wanted[start : start + batch])
        blobs = dict(
            connection.execute(
                f"SELECT serial, vector FROM vectors WHERE serial IN ({marks(part)})", part
            ).fetchall()
        )
        joined = b"".join(blobs[serial] for serial in part)
        found[start : start + len(part)] = np.frombuffer(joined, STORED).reshape(len(part), -1)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    np.divide(found, lengths, out=found, where=lengths > 0)
    return found


def of_changes(
    connection: sqlite3.Connection, embedder: int, kind: str, rowids: Sequence[int]
) -> dict[int, Vector]:
    """The first vector of a kind of each change, by rowid."""
    import numpy as np

    found: dict[int, Vector] = {}
    batch = 500
    for start in range(0, len(rowids), batch):
        part = tuple(rowids[start : start + batch])
        rows = connection.execute(
            "SELECT change, vector FROM vectors WHERE embedder = ? AND kind = ? AND chunk = 0"
            f" AND change IN ({marks(part)})",
            (embedder, kind, *part),
        )
        for rowid, blob in rows:
            found[rowid] = np.frombuffer(blob, STORED).astype(np.float32)
    return found
