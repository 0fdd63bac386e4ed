"""What is typed means the same as the flags, in English and in Chinese."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import QueryError, UsageError
from kb.search.query_parser import chips, parse_query
from kb.types import Filters, Query

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)


def parsed(text: str, filters: Filters = Filters()) -> Query:
    return parse_query(text, "UTC", NOW, filters=filters)


def test_fields_become_filters_and_leave_the_text() -> None:
    query = parsed(
        'hang author:"Yang Wang" path:srt/** module:router label:bug repo:a/b level:high'
    )
    assert query.text == "hang"
    assert query.filters == Filters(
        repos=("a/b",),
        authors=("Yang Wang",),
        paths=("srt/**",),
        modules=("router",),
        labels=("bug",),
        levels=("high",),
    )


def test_a_reference_copied_from_a_report_is_a_number() -> None:
    assert parsed("#\u200b12").text == "#12"


def test_chinese_fields_and_punctuation_mean_the_same() -> None:
    query = parsed("作者：张三，类型：修复、性能 风险：兼容性 级别：高 崩溃")
    assert query.text == "崩溃"
    assert query.filters == Filters(
        authors=("张三",),
        types=("bugfix", "performance"),
        risks=("compatibility",),
        levels=("high",),
    )


def test_times_are_read_in_the_zone_and_bounds_narrow_the_flags() -> None:
    query = parse_query("x since:2026-01-01 until:2026-02-01", "Asia/Shanghai", NOW)
    assert query.filters.since == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert query.filters.until == datetime(2026, 1, 31, 16, tzinfo=UTC)
    later = Filters(since=datetime(2026, 3, 1, tzinfo=UTC))
    assert parsed("x since:2026-01-01", later).filters.since == later.since


@pytest.mark.parametrize(
    ("text", "least"), [("importance:>8", 8.1), ("importance:>=8", 8.0), ("重要性：8.5", 8.5)]
)
def test_importance_is_a_lower_bound(text: str, least: float) -> None:
    assert parsed(text).filters.min_importance == pytest.approx(least)


def test_phrases_must_occur_and_minus_words_must_not() -> None:
    query = parsed('crash "context parallel" -docs -"unit test" “滑动窗口”')
    assert query.phrases == ("context parallel", "滑动窗口")
    assert query.excluded == ("docs", "unit test")
    assert query.text == "crash context parallel 滑动窗口"


@pytest.mark.parametrize(
    "text",
    [
        "std::vector leaks",
        "see https://example.org/a?b=c",
        "fix: crash on exit",
        "at 12:30 it hangs",
        "localhost:8000 refused",
        "KeyError:'prompt_tokens'",
        r"C:\temp\x",
        "问题：服务崩溃",
        "--enable-dp-attention",
        "drop of 5-15% or -5",
        "lmsysorg/sglang:latest",
        "it's 3 a.m.",
        "v-on:click fires twice",
        "update:modelValue is lost",
    ],
)
def test_colons_and_dashes_of_ordinary_text_stay_text(text: str) -> None:
    query = parsed(text)
    assert query.text == text
    assert not query.filters
    assert query.excluded == ()


def test_a_quoted_colon_is_text() -> None:
    assert parsed('"speed:fast"').phrases == ("speed:fast",)


@pytest.mark.parametrize("text", ["autor:yang", "importnce:8", "colour:red"])
def test_an_unknown_field_is_an_error_that_lists_the_fields(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parsed(text)
    assert "author:" in caught.value.hint
    assert "importance:" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["type:bogus", "risk:none", "level:urgent", "importance:<3", "importance:high",
             "-type:docs", 'author:""', "since:yesteryear"],
)  # fmt: skip
def test_a_wrong_value_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert caught.value.hint


def test_flags_and_fields_of_one_name_mean_any_of_them() -> None:
    assert parsed("type:fix x", Filters(types=("feature",))).filters.types == ("feature", "bugfix")


@pytest.mark.parametrize("text", ['"', "-", "--", "“", "?!", "……", "-> =>", "🐛", '""', "", " "])
def test_signs_alone_ask_for_nothing(text: str) -> None:
    assert parsed(text).empty
    assert parsed(f"type:docs {text}").text == ""
    assert parsed(f"c {text}").text.startswith("c")


def test_chips_say_what_is_demanded() -> None:
    found = chips(parsed('author:ann importance:>8 "a b" -c'))
    assert found == (
        ("author", "ann"),
        ("importance", ">=8.1"),
        ("phrase", "a b"),
        ("without", "c"),
    )


@given(st.text())
def test_any_text_is_a_query_or_a_clear_error(text: str) -> None:
    with suppress(UsageError):
        assert parsed(text).raw == text
