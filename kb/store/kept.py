"""What people asked for and got: model answers, reports and questions, kept for next time."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from kb.store.codec import epoch, moment

if TYPE_CHECKING:
    from kb.types import Period


class ReportEntry(NamedTuple):
    """A kept report, without its text. `period` is None for a report that has none."""

    id: int
    kind: str
    lang: str
    scope: str
    period: Period | None
    title: str
    made_at: datetime


class QuestionEntry(NamedTuple):
    id: int
    text: str
    asked_at: datetime
    answer: Mapping[str, Any]


def cached_answer(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT text FROM answers WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def put_answer(
    connection: sqlite3.Connection,
    key: str,
    *,
    model: str,
    prompt_version: str,
    input_hash: str,
    text: str,
    usage: Mapping[str, Any],
) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, model, prompt_version, input_hash, text, json.dumps(dict(usage)), int(time.time())),
    )


def answer_usage(connection: sqlite3.Connection) -> list[tuple[str, int, dict[str, int]]]:
    """(model, answers, sums of the numbers in their usage)."""
    totals: dict[str, tuple[int, dict[str, int]]] = {}
    for model, usage in connection.execute("SELECT model, usage FROM answers"):
        count, sums = totals.setdefault(model, (0, {}))
        for name, value in json.loads(usage).items():
            if isinstance(value, int):
                sums[name] = sums.get(name, 0) + value
        totals[model] = (count + 1, sums)
    return [(model, count, sums) for model, (count, sums) in sorted(totals.items())]


def put_report(
    connection: sqlite3.Connection,
    kind: str,
    lang: str,
    period: Period | None,
    body: str,
    *,
    scope: str,
    title: str,
    made_at: datetime,
) -> int:
    cursor = connection.execute(
        "INSERT INTO reports (kind, lang, scope, since, until, tz, title, made_at, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kind,
            lang,
            scope,
            None if period is None else epoch(period.since),
            None if period is None else epoch(period.until),
            "" if period is None else f"{period.tz}|{period.kind}",
            title,
            epoch(made_at),
            zlib.compress(body.encode("utf-8", "replace")),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


ENTRY = "report, kind, lang, scope, since, until, tz, title, made_at"


def reports(connection: sqlite3.Connection, limit: int) -> list[ReportEntry]:
    rows = connection.execute(
        f"SELECT {ENTRY} FROM reports ORDER BY made_at DESC, report DESC LIMIT ?", (limit,)
    )
    return [_entry(*row) for row in rows]


def report(connection: sqlite3.Connection, report_id: int) -> str | None:
    row = connection.execute("SELECT body FROM reports WHERE report = ?", (report_id,)).fetchone()
    return None if row is None else zlib.decompress(row[0]).decode()


def last_report(
    connection: sqlite3.Connection, kind: str, scope: str, ended_by: datetime
) -> tuple[ReportEntry, str] | None:
    """The kept report of a kind and scope whose period ended last, by a moment; made again, the
    newest. In any language, so that both languages of the next one follow the same."""
    row = connection.execute(
        f"SELECT {ENTRY}, body FROM reports WHERE kind = ? AND scope = ? AND until <= ?"
        " ORDER BY until DESC, made_at DESC, report DESC LIMIT 1",
        (kind, scope, epoch(ended_by)),
    ).fetchone()
    return None if row is None else (_entry(*row[:-1]), zlib.decompress(row[-1]).decode())


def _entry(
    report_id: int,
    kind: str,
    lang: str,
    scope: str,
    since: int | None,
    until: int | None,
    tz: str,
    title: str,
    made_at: int,
) -> ReportEntry:
    period = None
    if since is not None and until is not None:
        zone, _, period_kind = tz.partition("|")
        from kb.types import Period

        period = Period(moment(since), moment(until), zone, period_kind)
    return ReportEntry(report_id, kind, lang, scope, period, title, moment(made_at))


def forget(connection: sqlite3.Connection, repo: str) -> None:
    """Removes what quotes a repository: reports and questions that name it, and the model's answers
    that were written from it (or that do not say from which)."""
    named = re.compile(rf"(?<![\w./-]){re.escape(repo)}(?![\w./-])", re.IGNORECASE)
    for table, key in (("reports", "report"), ("questions", "question")):
        found = [
            (row,)
            for row, body in connection.execute(f"SELECT {key}, body FROM {table}")
            if named.search(zlib.decompress(body).decode("utf-8", "replace"))
        ]
        connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", found)
    about = [
        (key, json.loads(usage).get("about") or [repo])
        for key, usage in connection.execute("SELECT key, usage FROM answers")
    ]
    told = [(key,) for key, repos in about if repo.lower() in (name.lower() for name in repos)]
    connection.executemany("DELETE FROM answers WHERE key = ?", told)


def put_question(connection: sqlite3.Connection, text: str, answer: Mapping[str, Any]) -> int:
    body = zlib.compress(json.dumps(dict(answer), ensure_ascii=False).encode("utf-8", "replace"))
    cursor = connection.execute(
        "INSERT INTO questions (text, asked_at, body) VALUES (?, ?, ?)",
        (text, int(time.time()), body),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def questions(connection: sqlite3.Connection, limit: int) -> list[QuestionEntry]:
    rows = connection.execute(
        "SELECT question, text, asked_at, body FROM questions"
        " ORDER BY asked_at DESC, question DESC LIMIT ?",
        (limit,),
    )
    return [
        QuestionEntry(key, text, moment(asked_at), json.loads(zlib.decompress(body)))
        for key, text, asked_at, body in rows
    ]
