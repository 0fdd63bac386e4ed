"""The daily report: every commit in the table, three levels with their fields, links that resolve."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kb.errors import UsageError
from kb.report.renderers import render
from kb.report.self_check import differences, problems
from kb.types import Flag, Risk


@pytest.fixture
def three_levels(make, reader_of):
    at = datetime(2026, 5, 25, 9, tzinfo=UTC)
    high = make(
        1, "[engine] feat: add a planner", at=at, level="high", importance=8.7, added=420, tests=60,
        symbols=("QueryPlanner", "plan_steps"), gone=("old_plan",),
        flags=(Flag("--enable-planner", "flag", "src/args.py", 3, "False"),),
        risks=(Risk("compatibility", "- function old_plan", "src/engine/core.py", 4),
               Risk("core-path", "src/engine/core.py (420)", "src/engine/core.py")),
    )  # fmt: skip
    medium = make(
        2,
        "fix: crash on empty queue",
        at=at + timedelta(hours=2),
        types=("bugfix",),
        importance=5.4,
    )
    low = make(
        3, "docs: typo", at=at + timedelta(hours=1), types=("docs",), level="low", importance=2.0
    )
    return reader_of([high, medium, low])


def test_the_table_holds_every_commit_newest_first(three_levels, composed, day):
    text = render(composed(three_levels, day()), "md")
    rows = [line for line in text.splitlines() if line.startswith("| 2026-05-25")]
    assert rows == [
        "| 2026-05-25 11:00:00 | Ada | fix: crash on empty queue (#2) |",
        "| 2026-05-25 10:00:00 | Ada | docs: typo (#3) |",
        "| 2026-05-25 09:00:00 | Ada | [engine] feat: add a planner (#1) |",
    ]


def test_it_passes_its_own_check_in_both_languages(three_levels, composed, day):
    reports = [composed(three_levels, day(lang)) for lang in ("en", "zh")]
    for report in reports:
        assert problems(report, [record.id for record in three_levels.held]) == []
    assert differences(*reports) == []


def test_each_level_has_its_fields(three_levels, composed, day):
    body = composed(three_levels, day()).sections[0].body
    fields = {entry["level"]: entry for group in body["groups"] for entry in group["entries"]}
    assert {"summary", "scope", "insights", "risks", "advice", "verdict"} <= fields["high"].keys()
    assert {"summary", "scope", "advice", "verdict"} <= fields["medium"].keys()
    assert "insights" not in fields["medium"]
    assert "summary" in fields["low"]
    assert "scope" not in fields["low"]


def test_insight_stands_only_where_the_diff_shows_something(three_levels, composed, day):
    body = composed(three_levels, day()).sections[0].body
    high = body["groups"][0]["entries"][0]
    assert [row["dimension"] for row in high["insights"]] == ["Architecture", "Maintainability", "Compatibility", "Tests"]  # fmt: skip


def test_level_and_importance_are_shown_together(three_levels, composed, day):
    assert "🔴 高 · 8.7" in render(composed(three_levels, day("zh")), "md")
    assert "🟡 medium · 5.4" in render(composed(three_levels, day()), "md")


def test_empty_groups_are_left_out(three_levels, composed, day):
    three_levels.held = three_levels.held[1:]
    assert "🔴 High" not in render(composed(three_levels, day()), "md")


def test_the_day_is_that_of_the_zone(three_levels, composed, day):
    report = composed(three_levels, day(tz="Asia/Shanghai"))
    assert "| 2026-05-25 17:00:00 |" in render(report, "md")
    assert composed(three_levels, day(day="2026-05-24", tz="Asia/Shanghai")).header["changes"] == 0


def test_a_day_without_changes_says_so(three_levels, composed, day):
    assert "本期没有变更。" in render(composed(three_levels, day("zh", day="2026-05-20")), "md")


def test_a_day_in_brief_names_its_changes_and_the_full_report(three_levels, composed, day):
    for lang in ("en", "zh"):
        report = composed(three_levels, day(lang, brief=True))
        text = render(report, "md")
        assert [part.name for part in report.sections] == ["brief"]
        assert len(text.split()) <= 200
        assert "`kb report day" in text


def test_what_has_no_period_cannot_be_brief(three_levels, composed, day):
    with pytest.raises(UsageError, match="brief"):
        composed(three_levels, replace(day(brief=True), kind="topic", topic="cache"))


def test_a_medium_change_tells_what_its_patch_shows(make, reader_of, altered, composed, day):
    """New tests by their names, a new error in its words, what is gone, what it says it lacks."""
    record = make(
        4,
        "fix: count the queue when workers leave",
        at=datetime(2026, 5, 25, 9, tzinfo=UTC),
        types=("bugfix",),
        tests=12,
        gone=("old_count",),
        risks=(Risk("compatibility", "- function old_count", "src/queue.py"),),
        body="The queue of workers is only supported on one machine for now.",
    )
    source = (
        "@@ -1,2 +1,4 @@ def count_queue():\n"
        "     if not workers:\n"
        '+        raise QueueError("the queue has no workers that are left")\n'
    )
    tests = "@@ -0,0 +1,2 @@\n+def test_workers_leave_the_queue():\n+    assert count() == 0\n"
    files = tuple(
        replace(file, patch=tests if file.role == "test" else source)
        for file in record.change.files
    )
    reader = reader_of([replace(record, change=replace(record.change, files=files))])
    for lang, wanted in (
        ("en", ("A new error or warning says", "No longer defines `old_count`.", "of its limits")),
        ("zh", ("新的报错或警告：", "不再定义 `old_count`。", "自述的局限：")),
    ):
        text = render(composed(reader, day(lang)), "md")
        assert all(words in text for words in wanted)
        assert "test\\_workers\\_leave" in text or "`test_workers_leave_the_queue`" in text


def test_a_fix_without_a_test_is_asked_to_keep_its_failing_case(make, reader_of, composed, day):
    at = datetime(2026, 5, 25, 9, tzinfo=UTC)
    fix = make(5, "fix: crash on empty queue", at=at, types=("bugfix",), symbols=("drain",))
    assert "Keep the failing case as a test (`drain`)." in render(
        composed(reader_of([fix]), day()), "md"
    )


def test_what_became_of_a_change_stands_in_its_entry(make, reader_of, composed, day):
    at = datetime(2026, 5, 25, 9, tzinfo=UTC)
    gone = make(6, "Add a planner", at=at, level="low", reverted_by=("acme/rocket#7",))
    back = make(7, "Revert it", at=at + timedelta(days=1), types=("revert",))
    assert "Taken back by [#7]" in render(composed(reader_of([gone, back]), day()), "md")


def test_a_new_setting_is_not_said_to_be_what_turns_the_change_on(make, reader_of, composed, day):
    """`DISABLE_AUTOTUNE` came with new kernels: nobody has to set it to get them."""
    flag = Flag("DISABLE_AUTOTUNE", "env", "src/ops.py")
    at = datetime(2026, 5, 25, 9, tzinfo=UTC)
    change = make(8, "Add kernels", at=at, level="high", importance=9.0, flags=(flag,))
    for lang, wanted, untrue in (
        ("en", "it brings the setting `DISABLE_AUTOTUNE`", "who wants it sets"),
        ("zh", "新增设置 `DISABLE_AUTOTUNE`", "如需启用"),
    ):
        text = render(composed(reader_of([change]), day(lang)), "md")
        assert wanted in text
        assert untrue not in text


def test_the_labels_of_a_chinese_report_have_chinese_colons(three_levels, composed, day):
    requests = [
        day("zh", as_of=datetime(2026, 5, 26, tzinfo=UTC)),
        replace(day("zh"), kind="risks"),
        replace(day("zh"), kind="change", period=None, change_id="acme/rocket#1"),
    ]
    for request in requests:
        text = render(composed(three_levels, request), "md")
        assert not re.search(r"[\u4e00-\u9fff)][:,] |： ", text)


def test_the_role_of_a_file_is_said_in_the_readers_language(three_levels, composed, day):
    request = replace(day("zh"), kind="change", period=None, change_id="acme/rocket#1")
    rows = render(composed(three_levels, request), "md")
    assert "| `src/engine/core.py` | 源码 |" in rows
    assert "| `tests/test_engine.py` | 测试 |" in rows
