"""The changes of a branch as its last reading planned them: what an ingest of a few new ones starts from.

A repository's history decides which commits are changes, so without them every commit would be read
again. They are of the whole branch, whatever bounds were asked for, and hold no diff and no body.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from kb.store.codec import epoch, moment


class OutlineRow(NamedTuple):
    id: str
    number: int | None
    sha: str
    title: str
    author: str
    merged_at: datetime


def read(connection: sqlite3.Connection, repo: str, branch: str) -> list[OutlineRow]:
    """Newest first; of one time, what was put last."""
    rows = connection.execute(
        "SELECT id, number, sha, title, author, merged_at FROM outlines"
        " WHERE repo = ? AND branch = ? ORDER BY merged_at DESC, rowid DESC",
        (repo, branch),
    )
    return [
        OutlineRow(id, number, sha, title, author, moment(at))
        for id, number, sha, title, author, at in rows
    ]


def keys(connection: sqlite3.Connection, repo: str, branch: str) -> dict[tuple[str, str], int]:
    """(id, sha) -> rowid of every one: a title or an author is another only where these are."""
    rows = connection.execute(
        "SELECT id, sha, rowid FROM outlines WHERE repo = ? AND branch = ?", (repo, branch)
    )
    return {(id, sha): rowid for id, sha, rowid in rows}


def put(
    connection: sqlite3.Connection,
    repo: str,
    branch: str,
    added: Iterable[OutlineRow],
    gone: Iterable[int],
) -> None:
    """`added` oldest first; `gone` by rowid."""
    connection.executemany("DELETE FROM outlines WHERE rowid = ?", ((rowid,) for rowid in gone))
    connection.executemany(
        "INSERT INTO outlines (repo, branch, id, number, sha, title, author, merged_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (repo, branch, row.id, row.number, row.sha, row.title, row.author, epoch(row.merged_at))
            for row in added
        ),
    )
