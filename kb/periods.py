"""Time as people say it: half-open periods in a named zone, days, ISO weeks and months.

Arithmetic is on local dates, so a day of a daylight-saving change has 23 or 25 hours. A local
midnight that a clock change skips is the instant of the change.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.types import Period

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_WEEK = re.compile(r"(\d{4})-?W(\d{2})\Z", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z")
_AGO = re.compile(r"(\d{1,4})([dwmy])\Z", re.IGNORECASE)
_AGO_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
KINDS = ("day", "week", "month", "range")
DATE_HINT = "a date such as 2026-02-08, a time such as 2026-02-08T12:00:00Z, today, yesterday, last-week, last-month, 30d"


def zone(name: str) -> tzinfo:
    """The IANA zone; UsageError for a name that is none."""
    if name == "UTC":  # the zone of servers; zoneinfo takes 4 ms of their cold commands
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise UsageError(
            f"unknown time zone {name!r}", "an IANA name such as UTC, Asia/Shanghai, Europe/Berlin"
        ) from exc


def machine_zone() -> str:
    """The machine's IANA zone name, UTC where it cannot be told."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    link = Path("/etc/localtime")
    if link.is_symlink():
        found = str(link.resolve()).partition("zoneinfo/")[2]
        candidates.append("UTC" if found == "Etc/UTC" else found)
    for name in candidates:
        if name:
            try:
                zone(name)
            except UsageError:
                continue
            return name
    return "UTC"


def midnight(day: date, tz: str) -> datetime:
    """The first instant of a local day, as an aware datetime in UTC."""
    return datetime.combine(day, time(), zone(tz)).astimezone(UTC)


def local(moment: datetime, tz: str) -> datetime:
    return moment.astimezone(zone(tz))


def parse_time(text: str, tz: str, now: datetime) -> datetime:
    """A date, a time, or a word, as an aware UTC datetime.

    A bare date is 00:00 in `tz`; a time with an offset keeps it, one without is in `tz`; a word
    (`last-week`) is the beginning of what it names; `30d` is thirty days before today's midnight.
    """
    word = text.strip()
    today = local(now, tz).date()
    try:
        if _DATE.match(word):
            return midnight(date.fromisoformat(word), tz)
        if word.lower() == "now":
            return now.astimezone(UTC)
        if ago := _AGO.match(word):
            days = int(ago[1]) * _AGO_DAYS[ago[2].lower()]
            return midnight(today - timedelta(days=days), tz)
        if (first := _first_day(word.lower(), today)) is not None:
            return midnight(first, tz)
        moment = datetime.fromisoformat(word)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(tz))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise UsageError(f"not a date or time: {text!r}", DATE_HINT) from exc


def period_from(kind: str, arguments: tuple[str, ...], tz: str, now: datetime) -> Period:
    """The period of `kb report KIND ARGUMENTS`; without arguments the last complete one."""
    zone(tz)
    if kind == "range":
        if len(arguments) != 2:
            raise UsageError(
                "a range takes SINCE and UNTIL", "kb report range 2026-04-27 2026-05-04"
            )
        return between(parse_time(arguments[0], tz, now), parse_time(arguments[1], tz, now), tz)
    if kind not in KINDS:
        raise UsageError(f"unknown period {kind!r}", f"one of: {', '.join(KINDS)}")
    if len(arguments) > 1:
        raise UsageError(f"a {kind} takes one date, not {len(arguments)}", f"kb report {kind} DATE")
    today = local(now, tz).date()
    if not arguments:
        word = {"day": "yesterday", "week": "last-week", "month": "last-month"}[kind]
    else:
        word = arguments[0].strip()
    return _containing(kind, _day_of(word, tz, now, today), tz)


def between(since: datetime, until: datetime, tz: str) -> Period:
    """[since, until); UsageError where it would be empty."""
    if since >= until:
        raise UsageError(
            f"the period is empty: since {local(since, tz):%Y-%m-%d %H:%M} is not before "
            f"until {local(until, tz):%Y-%m-%d %H:%M}",
            "UNTIL is exclusive: for one day give the day and the next",
        )
    return _period(since, until, tz, "range")


def previous(period: Period, steps: int = 1) -> Period:
    """The period of the same kind and length, `steps` before."""
    first = local(period.since, period.tz).date()
    if period.kind == "month":
        month = first.year * 12 + first.month - 1 - steps
        return _containing("month", date(month // 12, month % 12 + 1, 1), period.tz)
    if period.kind in ("day", "week"):
        days = steps * (1 if period.kind == "day" else 7)
        return _containing(period.kind, first - timedelta(days=days), period.tz)
    span = period.until - period.since
    return _period(period.since - steps * span, period.until - steps * span, period.tz, "range")


def last_day(period: Period) -> date:
    """The last local day that the period touches."""
    return local(period.until - timedelta(microseconds=1), period.tz).date()


def label(period: Period) -> str:
    """2026-02-08, 2026-W06, 2026-02, or 2026-04-27..2026-05-03 (the last included day)."""
    first = local(period.since, period.tz).date()
    if period.kind == "day":
        return first.isoformat()
    if period.kind == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02d}"
    if period.kind == "month":
        return f"{first:%Y-%m}"
    return f"{first.isoformat()}..{last_day(period).isoformat()}"


def rfc3339(moment: datetime) -> str:
    """UTC with Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _first_day(word: str, today: date) -> date | None:
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    return {
        "today": today,
        "yesterday": today - timedelta(days=1),
        "this-week": monday,
        "last-week": monday - timedelta(days=7),
        "this-month": first,
        "last-month": (first - timedelta(days=1)).replace(day=1),
    }.get(word)


def _day_of(word: str, tz: str, now: datetime, today: date) -> date:
    try:
        if week := _WEEK.match(word):
            return date.fromisocalendar(int(week[1]), int(week[2]), 1)
        if month := _MONTH.match(word):
            return date(int(month[1]), int(month[2]), 1)
    except ValueError as exc:
        raise UsageError(f"no such week or month: {word!r}", "2026-W22, 2026-05") from exc
    named = _first_day(word.lower(), today)
    return named if named is not None else local(parse_time(word, tz, now), tz).date()


def _containing(kind: str, day: date, tz: str) -> Period:
    if kind == "day":
        first, after = day, day + timedelta(days=1)
    elif kind == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
    return _period(midnight(first, tz), midnight(after, tz), tz, kind)


def _period(since: datetime, until: datetime, tz: str, kind: str) -> Period:
    from kb.types import Period  # zones are asked for by every command, periods by few

    return Period(since, until, tz, kind)
