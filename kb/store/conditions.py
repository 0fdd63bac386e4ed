"""Filters as one SQL condition over `changes`, with what readers may see."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kb.store import path_globs
from kb.store.codec import epoch

if TYPE_CHECKING:
    from kb.types import Filters

WORD = re.compile(r"\w+")


class Condition(NamedTuple):
    sql: str
    parameters: tuple[object, ...]


def words_of(name: str) -> str:
    """`Yang-Wang` as " yang wang ": an author filter is a run of whole words, in any case."""
    return f" {' '.join(WORD.findall(name.casefold()))} "


def condition(
    connection: sqlite3.Connection,
    filters: Filters,
    *,
    generation: int | None,
    include_bots: bool = True,
) -> Condition:
    """`generation`: the newest one that is published; None shows also what is not yet."""
    parts: list[str] = ["stale = 0"]
    parameters: list[object] = []

    def add(sql: str, *values: object) -> None:
        parts.append(sql)
        parameters.extend(values)

    if generation is not None:
        add("generation <= ?", generation)
    if not include_bots:
        add("bot = 0")
    if filters.repos:
        add(f"repo IN ({marks(filters.repos)})", *filters.repos)
    if filters.since is not None:
        add("merged_at >= ?", epoch(filters.since))
    if filters.until is not None:
        add("merged_at < ?", epoch(filters.until))
    if filters.min_importance is not None:
        add("importance >= ?", filters.min_importance)
    if filters.levels:
        add(f"level COLLATE NOCASE IN ({marks(filters.levels)})", *filters.levels)
    if filters.authors:
        named = [(name, words_of(name)) for name in filters.authors]  # "…" has no words
        wanted = " OR ".join(
            "instr(words, ?)" if words.strip() else "name = ?" for _, words in named
        )
        add(
            f"author IN (SELECT author FROM authors WHERE {wanted})",
            *(words if words.strip() else name for name, words in named),
        )
    for field, values in (
        ("type", filters.types),
        ("module", filters.modules),
        ("risk", filters.risks),
        ("label", filters.labels),
    ):
        if values:
            add(
                "rowid IN (SELECT change FROM traits WHERE field = ?"
                f" AND value IN ({marks(values)}))",
                field,
                *values,
            )
    if filters.paths:
        wanted, globs = _paths(connection, filters.paths)
        add(
            "rowid IN (SELECT change FROM change_paths WHERE path_key IN"
            f" (SELECT path_key FROM paths WHERE {wanted}))",
            *globs,
        )
    return Condition(" AND ".join(parts), tuple(parameters))


def _paths(connection: sqlite3.Connection, globs: Sequence[str]) -> tuple[str, list[object]]:
    """What SQLite's GLOB can say exactly is left to it; it takes a third of the time."""
    parts: list[str] = []
    parameters: list[object] = []
    for glob in globs:
        exact = path_globs.exact(glob)
        if exact is not None:
            parts += ["path GLOB ?"] * len(exact)
            parameters += exact
            continue
        pattern = path_globs.pattern(glob)
        found = connection.execute(
            "SELECT path_key, path FROM paths WHERE path GLOB ?", (path_globs.coarse(glob),)
        )
        keys = [key for key, path in found if pattern.fullmatch(path)]
        parts.append("path_key IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(keys))
    return " OR ".join(parts), parameters


def marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
