"""Changes made by hand, and a reader that holds them in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kb.periods import period_from
from kb.report.request import ReportRequest
from kb.types import (
    Analysis,
    Change,
    ChangeRecord,
    Comment,
    Digest,
    FileChange,
    Filters,
    Flag,
    Hit,
    LineOrigin,
    Period,
    Query,
    Relation,
    ReviewThread,
    Risk,
    SearchResult,
    Series,
    Size,
    SourceState,
    Symbol,
    Term,
)

REPO = "acme/rocket"
NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
WEEK = datetime(2026, 5, 25, tzinfo=UTC)  # Monday of 2026-W22


def make_record(
    number: int,
    title: str = "Add a thing",
    *,
    at: datetime = WEEK + timedelta(hours=12),
    author: str = "Ada",
    types: tuple[str, ...] = ("feature",),
    importance: float = 6.0,
    level: str = "medium",
    modules: tuple[str, ...] = ("engine",),
    path: str = "src/engine/core.py",
    added: int = 40,
    removed: int = 5,
    tests: int = 0,
    symbols: tuple[str, ...] = (),
    gone: tuple[str, ...] = (),
    flags: tuple[Flag, ...] = (),
    risks: tuple[Risk, ...] = (),
    body: str = "",
    comments: tuple[str, ...] = (),
    bot: bool = False,
    repo: str = REPO,
    **more: Any,
) -> ChangeRecord:
    sha = f"{number:07d}" + "abcdef0123456789" * 2 + "a"
    files = [FileChange(path, "modified", added, removed, role="source")]
    if tests:
        files.append(FileChange("tests/test_engine.py", "modified", tests, 0, role="test"))
    analysis_fields = {
        name: more.pop(name)
        for name in ("series", "reverts", "reverted_by", "follows", "followed_by", "override_note")
        if name in more
    }
    change = Change(
        id=f"{repo}#{number}",
        repo=repo,
        number=number,
        sha=sha[:40],
        title=f"{title} (#{number})",
        body=body,
        author=author,
        merged_at=at,
        url=f"https://github.com/{repo}/pull/{number}",
        files=tuple(files),
        described=bool(body),
        **more,
    )
    digest = Digest(
        text="+ code",
        symbols_added=tuple(
            Symbol(name, "class" if name[:1].isupper() else "function", path) for name in symbols
        ),
        symbols_removed=tuple(Symbol(name, "function", path) for name in gone),
        flags=flags,
        files_by_role={"source": (path,)},
        comments=comments,
        description=body,
    )
    analysis = Analysis(
        types=types,
        importance=importance,
        raw=importance,
        level=level,
        terms=(Term("added_source", 1.5, {"lines": str(added), "other": "0"}),),
        level_reason="analysis.level.medium",
        modules=modules,
        risks=risks,
        size=Size(added, removed, 1, tests, 0, len(files), added + tests, removed),
        bot=bot,
        **analysis_fields,
    )
    return ChangeRecord(change, digest, analysis)


@dataclass
class MemoryReader:
    """A ReportReader over a list; search ranks by shared words, as plainly as can be."""

    held: list[ChangeRecord]
    links: list[Relation] = field(default_factory=list)
    origins: dict[str, tuple[LineOrigin, ...]] = field(default_factory=dict)
    since: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    until: datetime = NOW
    kept: list[tuple[str, str, Period | None, str, str]] = field(default_factory=list)
    source: SourceState = field(
        default_factory=lambda: SourceState(
            REPO, "git", "/repo", updated_at=NOW, url=f"https://github.com/{REPO}"
        )
    )

    def _matching(self, filters: Filters) -> list[ChangeRecord]:
        def fits(record: ChangeRecord) -> bool:
            change, analysis = record.change, record.analysis
            return (
                (not filters.repos or change.repo in filters.repos)
                and (not filters.authors or change.author in filters.authors)
                and (not filters.modules or bool(set(filters.modules) & set(analysis.modules)))
                and (not filters.types or analysis.types[0] in filters.types)
                and (not filters.risks or any(r.kind in filters.risks for r in analysis.risks))
                and (filters.since is None or change.merged_at >= filters.since)
                and (filters.until is None or change.merged_at < filters.until)
            )

        return sorted(
            filter(fits, self.held), key=lambda r: (r.change.merged_at, r.id), reverse=True
        )

    def select(
        self, filters: Filters, *, order: str = "newest", limit: int | None = None, offset: int = 0,
        include_bots: bool = True,
    ) -> Sequence[ChangeRecord]:  # fmt: skip
        found = self._matching(filters)
        if order == "importance":
            found.sort(key=lambda record: -record.analysis.importance)
        return found[offset : None if limit is None else offset + limit]

    def count(self, filters: Filters) -> int:
        return len(self._matching(filters))

    def facets(self, filters: Filters) -> Mapping[str, Sequence[tuple[str, int]]]:
        counts = Counter(m for record in self._matching(filters) for m in record.analysis.modules)
        return {"module": counts.most_common()}

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord:
        return next(record for record in self.held if record.id == change_id)

    def records(self, ids: Sequence[str]) -> Sequence[ChangeRecord]:
        by_id = {record.id: record for record in self.held}
        return [by_id[change_id] for change_id in ids if change_id in by_id]

    def search(self, query: Query) -> SearchResult:
        wanted = set(re.findall(r"\w{3,}", query.text.lower()))
        scored = []
        for record in self._matching(query.filters):
            shared = wanted & set(re.findall(r"\w{3,}", record.change.title.lower()))
            if shared:
                scored.append((len(shared), record))
        scored.sort(key=lambda item: (-item[0], item[1].id))
        hits = tuple(
            Hit(record, float(score), {"dense": place, "lexical": place}, record.change.title)
            for place, (score, record) in enumerate(scored[: query.limit], 1)
        )
        return SearchResult(query, "hybrid", "chroma", hits, 1.0)

    def similar(self, change_id: str, limit: int = 8) -> Sequence[Hit]:
        title = self.record(change_id).change.title
        return [
            h for h in self.search(Query(title, limit=limit + 1)).hits if h.record.id != change_id
        ]

    def line_origins(self, change_id: str, limit: int = 3) -> Sequence[LineOrigin]:
        return self.origins.get(change_id, ())[:limit]

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Any]:
        return {}

    def relations(self, ids: Sequence[str]) -> Sequence[Relation]:
        return [link for link in self.links if link.source in ids or link.target in ids]

    def patches(self, change_id: str) -> Mapping[str, str]:
        return {}

    def sources(self) -> Sequence[SourceState]:
        return [self.source]

    def coverage(self, repo: str) -> Any:
        return _Coverage(self.since, self.until, len(self.held), 0)

    def last_report(self, kind: str, scope: str, ended_by: datetime) -> Mapping[str, Any] | None:
        import json

        held = [
            entry
            for entry in self.kept
            if entry[0] == kind and entry[4] == scope and entry[2] and entry[2].until <= ended_by
        ]
        return json.loads(held[-1][3]) if held else None

    def put_report(
        self, kind: str, lang: str, period: Period | None, document: str, scope: str = ""
    ) -> str:
        self.kept.append((kind, lang, period, document, scope))
        return str(len(self.kept))


@dataclass(frozen=True)
class _Coverage:
    since: datetime
    until: datetime
    changes: int
    pending: int


def week_request(lang: str = "en", week: str = "2026-W22", **more: Any) -> ReportRequest:
    return ReportRequest(
        kind="week",
        made_at=NOW,
        tz="UTC",
        lang=lang,
        period=period_from("week", (week,), "UTC", NOW),
        **more,
    )


def day_request(
    lang: str = "en", day: str = "2026-05-25", tz: str = "UTC", **more: Any
) -> ReportRequest:
    return ReportRequest(
        kind="day",
        made_at=NOW,
        tz=tz,
        lang=lang,
        period=period_from("day", (day,), tz, NOW),
        **more,
    )


@pytest.fixture
def busy_week() -> MemoryReader:
    """Forty changes of one week over three areas, a series, a revert, bots, and four weeks before."""
    held: list[ChangeRecord] = []
    for n in range(1, 13):
        held.append(
            make_record(
                n,
                f"[LoRA] Drain adapter queue {n}",
                at=WEEK + timedelta(hours=3 * n),
                author=f"Author {n % 4}",
                importance=9.0 - n / 4,
                level="high" if n < 4 else "medium",
                modules=("lora",),
                path=f"src/lora/drainer_{n}.py",
                symbols=(f"AdapterDrainer{n}", "wait_for_slot"),
                tests=0 if n % 2 else 30,
                risks=(
                    Risk(
                        "missing-tests",
                        f"src/lora/drainer_{n}.py: +40",
                        f"src/lora/drainer_{n}.py",
                        3,
                    ),
                )
                if n % 2
                else (),
                flags=(
                    Flag(
                        f"--lora-drain-{n}",
                        "flag",
                        "src/args.py",
                        4,
                        "False",
                        help="Wait for a free adapter slot.",
                    ),
                )
                if n < 3
                else (),
                comments=("Drains the adapter queue until a slot becomes free.",),
                series=Series("drain", "Drain adapter queue", n, 12) if n <= 2 else None,
            )
        )
    for n in range(20, 32):
        held.append(
            make_record(
                n,
                f"fix(cache): radix cache crash after eviction {n}",
                at=WEEK + timedelta(hours=2 * n),
                author="Grace",
                types=("bugfix",),
                importance=5.0 + n / 40,
                modules=("mem_cache",),
                path="src/mem_cache/radix.py",
                added=12,
                risks=(Risk("core-path", "src/mem_cache/radix.py (12)", "src/mem_cache/radix.py"),),
            )
        )
    held.append(
        make_record(
            40, 'Revert "fix(cache): radix cache crash after eviction 20"', types=("revert",), importance=4.0,
            level="low", modules=("mem_cache",), author="Grace", at=WEEK + timedelta(days=5),
            risks=(Risk("revert", "Revert"),), reverts=(f"{REPO}#20",),
        )
    )  # fmt: skip
    for n in range(41, 44):
        held.append(
            make_record(
                n, f"chore(deps): bump left-pad to 1.{n}", types=("dependency",), importance=2.0, level="low",
                modules=("dependencies",), author="dependabot[bot]", bot=True, at=WEEK + timedelta(days=4),
                risks=(Risk("dependency", f"left-pad 1.{n - 1} -> 1.{n}"),), path="package.json",
            )
        )  # fmt: skip
    held.append(
        make_record(
            50, "Halve the P99 latency of the scheduler", importance=8.8, level="high", modules=("scheduler",),
            at=WEEK + timedelta(days=2), author="Linus", types=("performance",), path="src/scheduler/loop.py",
            body="Batches wake-ups of the scheduler. P99 latency falls from 40 ms to 12 ms on two nodes. Only tested on one machine so far.",
            reviews=(ReviewThread("src/scheduler/loop.py", False, (Comment("Barbara", "This drops requests when the queue is full."),),
                                  f"https://github.com/{REPO}/pull/50#discussion_r1"),),
            risks=(Risk("unresolved-review", "Barbara: This drops requests"),
                   Risk("compatibility", "- function wake_all", "src/scheduler/loop.py", 9),
                   Risk("relaxed-threshold", "tests/test_loop.py: 0.62 -> 0.60", "tests/test_loop.py", 7)),
            gone=("wake_all",),
        )
    )  # fmt: skip
    for weeks in range(1, 6):
        for n in range(3):
            number = 1000 + 10 * weeks + n
            held.append(
                make_record(
                    number,
                    f"[LoRA] Earlier drain work {number}"
                    if n
                    else "Revert radix cache eviction order",
                    at=WEEK - timedelta(weeks=weeks) + timedelta(days=n),
                    modules=("lora",) if n else ("mem_cache",),
                    types=("feature",) if n else ("revert",),
                    risks=(),
                )
            )
    return MemoryReader(held)


def changed(reader: MemoryReader, change_id: str, **fields: Any) -> MemoryReader:
    """The same reader with one change's analysis altered."""
    held = [
        replace(record, analysis=replace(record.analysis, **fields))
        if record.id == change_id
        else record
        for record in reader.held
    ]
    return replace(reader, held=held)


@pytest.fixture
def make() -> Any:
    return make_record


@pytest.fixture
def reader_of() -> Any:
    return MemoryReader


@pytest.fixture
def week() -> Any:
    return week_request


@pytest.fixture
def day() -> Any:
    return day_request


@pytest.fixture
def altered() -> Any:
    return changed


@pytest.fixture
def composed() -> Any:
    """compose(reader, request) without a model."""
    from kb.report.composer import compose
    from kb.types import SilentObserver

    return lambda reader, request, writer=None: compose(reader, request, writer, SilentObserver())
