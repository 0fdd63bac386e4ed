"""Periods as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kb.errors import UsageError
from kb.periods import between, label, last_day, local, parse_time, period_from, previous, rfc3339

NOW = datetime(2026, 6, 3, 15, 30, tzinfo=UTC)  # a Wednesday


def test_bare_date_is_midnight_in_the_zone() -> None:
    assert rfc3339(parse_time("2026-02-08", "Asia/Shanghai", NOW)) == "2026-02-07T16:00:00Z"


def test_time_with_an_offset_keeps_it() -> None:
    moment = parse_time("2026-02-08T12:00:00+08:00", "America/New_York", NOW)
    assert rfc3339(moment) == "2026-02-08T04:00:00Z"


def test_time_without_an_offset_is_in_the_zone() -> None:
    assert rfc3339(parse_time("2026-07-01T12:00", "Europe/Berlin", NOW)) == "2026-07-01T10:00:00Z"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("today", "2026-06-03"),
        ("yesterday", "2026-06-02"),
        ("last-week", "2026-05-25"),
        ("last-month", "2026-05-01"),
        ("30d", "2026-05-04"),
        ("2w", "2026-05-20"),
    ],
)
def test_words_name_the_beginning_of_what_they_say(word: str, expected: str) -> None:
    assert rfc3339(parse_time(word, "UTC", NOW)) == f"{expected}T00:00:00Z"


def test_today_is_the_day_of_the_zone_not_of_utc() -> None:
    late = datetime(2026, 6, 3, 23, 0, tzinfo=UTC)
    assert label(period_from("day", ("today",), "Asia/Shanghai", late)) == "2026-06-04"


@pytest.mark.parametrize(
    ("kind", "expected"), [("day", "2026-06-02"), ("week", "2026-W22"), ("month", "2026-05")]
)
def test_without_arguments_the_last_complete_one(kind: str, expected: str) -> None:
    assert label(period_from(kind, (), "UTC", NOW)) == expected


@pytest.mark.parametrize("word", ["2026-W22", "2026W22", "2026-05-31", "last-week"])
def test_a_week_is_named_in_several_ways(word: str) -> None:
    period = period_from("week", (word,), "UTC", NOW)
    assert (label(period), last_day(period).isoformat()) == ("2026-W22", "2026-05-31")


def test_iso_year_of_a_week_is_not_the_calendar_year() -> None:
    assert label(period_from("week", ("2027-01-01",), "UTC", NOW)) == "2026-W53"


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_of_a_clock_change_has_its_own_length(day: str, hours: int) -> None:
    period = period_from("day", (day,), "Europe/Berlin", NOW)
    assert period.until - period.since == timedelta(hours=hours)


def test_a_skipped_midnight_is_the_instant_of_the_change() -> None:
    period = period_from("day", ("2018-11-04",), "America/Sao_Paulo", NOW)
    assert rfc3339(period.since) == "2018-11-04T03:00:00Z"
    assert local(period.since, "America/Sao_Paulo").hour == 1


def test_range_is_half_open_and_its_label_names_the_last_included_day() -> None:
    period = period_from("range", ("2026-04-27", "2026-05-04"), "UTC", NOW)
    assert label(period) == "2026-04-27..2026-05-03"


def test_previous_periods_follow_each_other() -> None:
    week = period_from("week", ("2026-W13",), "Europe/Berlin", NOW)  # holds the clock change
    assert previous(week).until == week.since
    month = period_from("month", ("2026-03",), "UTC", NOW)
    assert label(previous(month, 4)) == "2025-11"


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("day", ("2026-13-01",), "2026-13-01"),
        ("week", ("2026-W60",), "2026-W60"),
        ("range", ("2026-05-04", "2026-04-27"), "empty"),
        ("range", ("2026-05-04",), "SINCE and UNTIL"),
        ("decade", (), "decade"),
        ("day", ("2026-01-01", "2026-01-02"), "one date"),
    ],
)
def test_bad_periods_say_what_was_wrong(kind: str, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        period_from(kind, words, "UTC", NOW)
    assert caught.value.hint


def test_unknown_zone_says_its_name() -> None:
    with pytest.raises(UsageError, match="Mars/Olympus"):
        period_from("day", (), "Mars/Olympus", NOW)
    with pytest.raises(UsageError):
        period_from("day", (), "../etc/passwd", NOW)


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(UsageError):
        between(NOW, NOW, "UTC")
