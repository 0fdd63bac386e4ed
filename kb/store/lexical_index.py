"""Words: an FTS5 table over our own tokens; imports nothing but sqlite3.

The text handed to FTS5 is the tokens of `kb.text.tokenizer` joined by spaces, so FTS5's own
tokenizer must only split at spaces: `unicode61` with every separator that a token may hold named
as a token character.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from kb.errors import StoreError
from kb.types import Filters
from kb.types.noun import noun

if TYPE_CHECKING:
    from kb.store.archive import Archive

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


@noun
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
    phrases = [_quoted(phrase) for phrase in query.phrases if phrase]
    any_of = [_quoted((token,)) for token in dict.fromkeys(query.any_of)]
    wanted = " OR ".join(phrases + any_of)
    if phrases:  # all of them must occur; the other words still count in the score
        wanted = f"{' AND '.join(phrases)} AND ({wanted})"
    for phrase in query.excluded:
        if wanted and phrase:
            wanted = f"({wanted}) NOT {_quoted(phrase)}"
    columns = [name for name in FIELDS if query.weights.get(name, 1.0) > 0]
    if wanted and len(columns) < len(FIELDS):
        wanted = f"{{{' '.join(columns)}}} : ({wanted})"
    return wanted


def _quoted(tokens: Sequence[str]) -> str:
    return '"' + " ".join(tokens).replace('"', '""').replace("\x00", " ") + '"'


def search(
    archive: Archive,
    query: LexicalQuery,
    *,
    filters: Filters = Filters(),
    rowids: Collection[int] | None = None,
    limit: int = 100,
) -> list[tuple[int, float]]:
    """(rowid, score) of visible changes with these words, best first; a higher score is better.

    `rowids`: only these changes, beside the filters. Equal scores come by rowid, so runs agree.
    """
    wanted = match_expression(query)
    if not wanted or limit <= 0:
        return []
    with archive.reading():
        where, parameters = _restriction(archive, filters, rowids)
        rows = archive.connection.execute(
            f"SELECT rowid / {VERSIONS}, {_score(query.weights)} AS score FROM words"
            f" WHERE words MATCH ?{where} ORDER BY score DESC, 1 LIMIT ?",
            (wanted, *parameters, limit),
        )
        return rows.fetchall()


def word(archive: Archive, token: str, weights: Mapping[str, float]) -> list[tuple[int, float]]:
    """(rowid, score) of every change with a token, shown or not, by rowid."""
    with archive.reading():
        rows = archive.connection.execute(
            f"SELECT rowid / {VERSIONS}, {_score(weights)} FROM words WHERE words MATCH ?"
            f"{_alive(archive.connection)}",
            (_quoted((token,)),),
        )
        return rows.fetchall()


def count_with(archive: Archive, token: str, most: int) -> int:
    """How many changes hold a token in any field, counted up to `most`; replaced words count too."""
    row = archive.connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)",
        (_quoted((token,)), most),
    ).fetchone()
    return int(row[0])


def common(archive: Archive, least: int) -> list[str]:
    """The tokens that at least so many changes hold, in any field; the most common first."""
    with archive.reading():
        archive.connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, words, row)"
        )
        rows = archive.connection.execute(
            "SELECT term FROM temp.vocabulary WHERE doc >= ? ORDER BY doc DESC, term", (least,)
        )
        return [term for (term,) in rows]


def _restriction(
    archive: Archive, filters: Filters, rowids: Collection[int] | None
) -> tuple[str, list[object]]:
    """SQL that leaves out replaced words and changes that are not shown or not asked for."""
    sql = _alive(archive.connection)
    parameters: list[object] = []
    if filters or archive.some_hidden():
        condition = archive.condition(filters)
        sql += f" AND rowid / {VERSIONS} IN (SELECT rowid FROM changes WHERE {condition.sql})"
        parameters += condition.parameters
    if rowids is not None:
        sql += f" AND rowid / {VERSIONS} IN (SELECT value FROM json_each(?))"
        parameters.append(json.dumps(list(rowids)))
    return sql, parameters


def _alive(connection: sqlite3.Connection) -> str:
    """SQL that leaves out replaced words."""
    some = connection.execute("SELECT 1 FROM dead_words LIMIT 1").fetchone()
    return " AND rowid NOT IN (SELECT doc FROM dead_words)" if some else ""


def _score(weights: Mapping[str, float]) -> str:
    """SQL of BM25 with these weights of the fields; a higher score is better."""
    return f"-bm25(words, {', '.join(str(float(weights.get(name, 1.0))) for name in FIELDS)})"
