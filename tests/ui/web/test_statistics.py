"""What the charts count, and the runner of an ingest that nobody watches."""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kb.errors import Locked, UsageError
from kb.knowledge_base import KnowledgeBase
from kb.periods import local
from kb.settings import Settings
from kb.store.statistics import statistics
from kb.types import Filters
from ui.web import charts, ingests
from ui.web.ingest_runner import main as run_ingest


@pytest.mark.parametrize("tz", ["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"])
def test_counts_agree_with_the_records(sample_home: Path, tz: str) -> None:
    with KnowledgeBase.open(settings=Settings(home=sample_home)) as knowledge:
        records = knowledge.select(Filters())
        found = statistics(knowledge.archive, Filters(), tz)
    days = Counter(local(record.change.merged_at, tz).date() for record in records)
    assert found.changes == len(records)
    assert dict(found.days) == dict(days)
    assert sum(found.importance.values()) == len(records)
    types = Counter(kind for record in records for kind in record.analysis.types)
    assert dict(found.totals["type"]) == dict(types)
    weeks = Counter(
        (day - timedelta(days=day.weekday()), record.analysis.level)
        for record in records
        for day in [local(record.change.merged_at, tz).date()]
    )
    assert dict(found.weeks["level"]) == dict(weeks)


def test_counts_follow_the_filters(sample_home: Path) -> None:
    with KnowledgeBase.open(settings=Settings(home=sample_home)) as knowledge:
        filters = Filters(types=("security",))
        found = statistics(knowledge.archive, filters, "UTC")
        assert found.changes == knowledge.count(filters)


def test_buckets_have_no_gaps_and_lose_nothing() -> None:
    days = {date(2026, 1, 1): 2, date(2026, 1, 4): 1}
    assert charts.bucketed(days) == (
        {date(2026, 1, 1): 2, date(2026, 1, 2): 0, date(2026, 1, 3): 0, date(2026, 1, 4): 1},
        "day",
    )
    weeks, unit = charts.bucketed({date(2025, 1, 3): 2, date(2026, 1, 4): 1})
    assert unit == "week"
    assert sum(weeks.values()) == 3
    assert all(day.weekday() == 0 for day in weeks)
    months, unit = charts.bucketed({date(2022, 12, 31): 2, date(2026, 2, 4): 1})
    assert unit == "month"
    assert list(months)[:3] == [date(2022, 12, 1), date(2023, 1, 1), date(2023, 2, 1)]
    assert sum(months.values()) == 3
    assert charts.last_day(date(2024, 2, 1), "month") == date(2024, 2, 29)
    assert charts.bucketed({}) == ({}, "day")


def test_every_week_has_its_place_in_the_bars_over_time() -> None:
    weeks = [date(2022, 1, 3) + timedelta(days=7 * place) for place in range(120)]
    counts = {(week, value): 1 for week in weeks for value in ("fix", "test")}
    bars = charts.stretches(counts)
    assert all(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(bars))
    spec = charts.over_weeks(counts, {}, {"changes": "Changes"}, "light")
    assert [sum(row["data"]) for row in spec["series"]] == [120, 120]
    assert charts.stretches({(weeks[0], "fix"): 1}) == [(weeks[0], date(2022, 1, 9))]


def test_what_a_form_says_cannot_become_an_option() -> None:
    assert ingests.arguments_for("/repo", "o/r", "2026-01-01") == [
        "ingest", "--repo", "o/r", "--since", "2026-01-01", "--", "/repo",
    ]  # fmt: skip
    for wrong in ("", "--home=/", "-x", "a\nb"):
        with pytest.raises(UsageError):
            ingests.arguments_for(wrong, "", "")


def test_a_runner_leaves_what_happened(tmp_path: Path) -> None:
    folder = tmp_path / ingests.FOLDER
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    run_ingest([str(folder), "--", sys.executable, "-c", code])
    known = ingests.last(tmp_path)
    assert known is not None
    assert known.log == ("one", "two")
    assert known.code == 3
    assert not known.running


def test_an_ingest_runs_once_and_by_itself(home: Path, sample_path: Path) -> None:
    ingests.start(home, None, ["ingest", "--", str(sample_path)])
    known = ingests.last(home)
    assert known is not None
    assert known.running
    with pytest.raises(Locked):
        ingests.start(home, None, ["ingest", "--", str(sample_path)])
    for _ in range(1200):
        known = ingests.last(home)
        assert known is not None
        if not known.running:
            break
        time.sleep(0.1)
    assert known.code == 0, known.log
    with KnowledgeBase.open(settings=Settings(home=home)) as knowledge:
        assert knowledge.count(Filters()) == 61


def test_a_bar_is_read() -> None:
    known = ingests.Ingest(
        (), 0, "Embedding titles:  45%|####   | 450/1000 [00:10<00:12]", True, None, ()
    )
    assert known.share == 0.45
    assert known.words.startswith("Embedding titles · 450/1000")
