"""Words: an FTS5 table over our own tokens; imports nothing but sqlite3.

The text handed to FTS5 is the tokens of `kb.text.tokenizer` joined by spaces, so FTS5's own
tokenizer must only split at spaces: `unicode61` with every separator that a token may hold named
as a token character.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kb.errors import StoreError

FIELDS = ("title", "body", "paths", "symbols", "comments", "reviews")
SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5 (
  title, body, paths, symbols, comments, reviews,
  content='',
  tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn Cf'"
);
CREATE TABLE dead_words (doc INTEGER PRIMARY KEY);
"""
# An FTS5 table without content takes a third of the disk of one with it, and cannot delete a row
# unless told its old text (SQLite has contentless_delete from 3.43; Debian 12 has 3.40). So words
# that are replaced stay behind under an older version of their key, and are passed over.
VERSIONS = 4096


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """`any_of`: tokens of which one must occur; `weights`: by field, 0 leaves a field out.

    `phrases`: token sequences that must all occur; `excluded`: token sequences that must not.
    """

    any_of: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    phrases: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[tuple[str, ...], ...] = ()


def index(
    connection: sqlite3.Connection, rows: Iterable[tuple[int, Mapping[str, Sequence[str]]]]
) -> None:
    """Replaces the words of changes: (rowid, tokens by field)."""
    for rowid, fields in rows:
        remove(connection, [rowid])
        (dead,) = connection.execute(
            "SELECT count(*) FROM dead_words WHERE doc >= ? AND doc < ?", _docs_of(rowid)
        ).fetchone()
        if dead >= VERSIONS:
            raise StoreError("the index of words is worn out", "kb reindex")
        connection.execute(
            "INSERT INTO words (rowid, title, body, paths, symbols, comments, reviews)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (rowid * VERSIONS + dead, *(" ".join(fields.get(name, ())) for name in FIELDS)),
        )


def remove(connection: sqlite3.Connection, rowids: Iterable[int]) -> None:
    for rowid in rowids:
        connection.execute(
            "INSERT OR IGNORE INTO dead_words (doc) SELECT rowid FROM words"
            " WHERE rowid >= ? AND rowid < ?",
            _docs_of(rowid),
        )


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
    connection.execute("DELETE FROM dead_words")


def _docs_of(rowid: int) -> tuple[int, int]:
    return rowid * VERSIONS, (rowid + 1) * VERSIONS


def match_expression(query: LexicalQuery) -> str:
    """The FTS5 MATCH text; every token is quoted, so nothing typed is an operator."""
    parts = [_quoted(phrase) for phrase in query.phrases if phrase]
    wanted = " AND ".join(parts)
    any_of = " OR ".join(_quoted((token,)) for token in dict.fromkeys(query.any_of))
    if any_of and not wanted:
        wanted = any_of
    for phrase in query.excluded:
        if wanted and phrase:
            wanted = f"({wanted}) NOT {_quoted(phrase)}"
    columns = [name for name in FIELDS if query.weights.get(name, 1.0) > 0]
    if wanted and len(columns) < len(FIELDS):
        wanted = f"{{{' '.join(columns)}}} : ({wanted})"
    return wanted


def _quoted(tokens: Sequence[str]) -> str:
    return '"' + " ".join(tokens).replace('"', '""') + '"'
