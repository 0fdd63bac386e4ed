"""The sample's changes, judged, and a reader over them with a plain word search: no index, no model."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.sources.jsonl import from_json
from kb.analysis.context import build_context
from kb.analysis.digest import digest
from kb.analysis.judge import analyse
from kb.errors import NotFound
from kb.settings import AnalysisSettings, ChatSettings
from kb.text.tokenizer import tokens
from kb.types import (
    Change,
    ChangeRecord,
    Filters,
    Hit,
    LineOrigin,
    Query,
    Relation,
    SearchResult,
    SourceState,
)

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "changes.jsonl"


def judged(changes: Sequence[Change]) -> tuple[ChangeRecord, ...]:
    context = build_context(())
    records = []
    for change in changes:
        summary = digest(change)
        records.append(
            ChangeRecord(change, summary, analyse(change, summary, AnalysisSettings(), context))
        )
    return tuple(records)


@functools.cache
def sample_records() -> tuple[ChangeRecord, ...]:
    """The sample's changes, newest first."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines() if line]
    return judged([from_json(row) for row in rows if "sha" in row])


def sample_record(number: int) -> ChangeRecord:
    return next(record for record in sample_records() if record.change.number == number)


def with_body(record: ChangeRecord, body: str, title: str | None = None) -> ChangeRecord:
    """The same change with another description, digested and judged again."""
    return judged([replace(record.change, body=body, title=title or record.change.title)])[0]


def at_level(record: ChangeRecord, level: str) -> ChangeRecord:
    return replace(record, analysis=replace(record.analysis, level=level))


class Reader:
    """Satisfies what qa and the writer read from; `search` counts shared words."""

    def __init__(self, records: Sequence[ChangeRecord]) -> None:
        self.records_by_id = {record.id: record for record in records}
        self.queries: list[Query] = []

    def patches(self, change_id: str) -> dict[str, str]:
        files = self.records_by_id[change_id].change.files
        return {file.path: file.patch for file in files if file.patch}

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord:
        del patches
        return self.records_by_id[change_id]

    def records(self, ids: Sequence[str]) -> list[ChangeRecord]:
        return [self.records_by_id[i] for i in ids if i in self.records_by_id]

    def relations(self, ids: Sequence[str]) -> list[Relation]:
        del ids
        return []

    def line_origins(self, change_id: str, limit: int = 3) -> list[LineOrigin]:
        del change_id, limit
        return []

    def count(self, filters: Filters) -> int:
        return sum(_fits(record, filters) for record in self.records_by_id.values())

    def facets(self, filters: Filters) -> dict[str, list[tuple[str, int]]]:
        records = [record for record in self.records_by_id.values() if _fits(record, filters)]
        return {
            "repo": Counter(record.change.repo for record in records).most_common(),
            "author": Counter(record.change.author for record in records).most_common(),
            "module": Counter(
                m for record in records for m in record.analysis.modules
            ).most_common(),
        }

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> list[ChangeRecord]:
        found = [
            record
            for record in self.records_by_id.values()
            if _fits(record, filters) and (include_bots or not record.analysis.bot)
        ]
        found.sort(key=lambda r: r.change.merged_at, reverse=order != "oldest")
        if order == "importance":
            found.sort(key=lambda r: -r.analysis.raw)
        return found[offset:][:limit]

    def search(self, query: Query) -> SearchResult:
        self.queries.append(query)
        words = set(tokens(query.text))
        found = []
        for record in self.records_by_id.values():
            if not _fits(record, query.filters):
                continue
            text = f"{record.change.title} {record.change.body} {record.digest.text}"
            matched = sorted(words & set(tokens(text)))
            title = set(tokens(record.change.title))
            if matched:
                score = sum(len(word) * (2 if word in title else 1) for word in matched)
                found.append((score, record, tuple(matched)))
        found.sort(key=lambda item: -item[0])
        hits = tuple(
            Hit(record, float(score), {"lexical": place}, record.change.title, "title", matched)
            for place, (score, record, matched) in enumerate(found[: query.limit], start=1)
        )
        return SearchResult(query, "lexical", None, hits, 0.1)


def _fits(record: ChangeRecord, filters: Filters) -> bool:
    change = record.change
    return (
        (not filters.repos or change.repo in filters.repos)
        and (not filters.authors or change.author in filters.authors)
        and (not filters.modules or bool(set(filters.modules) & set(record.analysis.modules)))
        and (not filters.risks or any(r.kind in filters.risks for r in record.analysis.risks))
        and (filters.since is None or change.merged_at >= filters.since)
        and (filters.until is None or change.merged_at < filters.until)
    )


class MemoryCache:
    """The archive's answer table in a dict."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}

    def cached_answer(self, key: str) -> str | None:
        return self.answers.get(key)

    def put_answer(
        self,
        key: str,
        model: str,
        prompt_version: str,
        input_hash: str,
        text: str,
        usage: Any = None,
    ) -> None:
        del model, prompt_version, input_hash, usage
        self.answers[key] = text


def settings_for(url: str, **values: Any) -> ChatSettings:
    return ChatSettings(
        **{"model": "openai:scripted", "base_url": url, "timeout": 5.0, "retries": 2, **values}
    )


@dataclass(frozen=True)
class Covered:
    since: datetime
    until: datetime
    changes: int
    pending: int = 0


class ReportWorld(Reader):
    """The reader of a whole report; keeps what it is given."""

    def __init__(self, records: Sequence[ChangeRecord]) -> None:
        super().__init__(records)
        self.kept: list[str] = []

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord:
        del patches
        if change_id not in self.records_by_id:
            raise NotFound(f"no change {change_id}")
        return self.records_by_id[change_id]

    def similar(self, change_id: str, limit: int = 8) -> list[Hit]:
        del change_id, limit
        return []

    def vectors(self, ids: Sequence[str]) -> dict[str, Any]:
        del ids
        return {}

    def sources(self) -> list[SourceState]:
        repos = {record.change.repo for record in self.records_by_id.values()}
        return [
            SourceState(name, "jsonl", "sample", url=f"https://github.com/{name}") for name in repos
        ]

    def coverage(self, repo: str) -> Covered:
        times = [r.change.merged_at for r in self.records_by_id.values() if r.change.repo == repo]
        return Covered(min(times), max(times), len(times))

    def last_report(self, kind: str, scope: str, ended_by: datetime) -> None:
        del kind, scope

    def put_report(self, kind: str, lang: str, period: Any, document: str, scope: str = "") -> str:
        del kind, lang, period, scope
        self.kept.append(document)
        return str(len(self.kept))


def week_of(count: int) -> tuple[ChangeRecord, ...]:
    """`count` changes inside seven days, made from the sample's under new numbers."""
    base = sample_records()
    start = datetime(2026, 10, 26, tzinfo=UTC)
    changes = []
    for place in range(count):
        change = base[place % len(base)].change
        number = 5000 + place
        changes.append(
            replace(
                change,
                id=f"{change.repo}#{number}",
                number=number,
                sha=f"{number:040x}",
                title=f"{re.sub(r' ?[(]#[0-9]+[)]$', '', change.title)} (#{number})",
                merged_at=start + timedelta(minutes=30 * place),
            )
        )
    return judged(changes)
