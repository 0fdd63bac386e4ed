"""The period that a question states in words, and the question without these words (en, zh)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from kb.qa.points import (
    NAMED,
    NUMBER,
    NUMBER_ZH,
    PART_OF_MONTH,
    POINT,
    POINT_ZH,
    UNIT,
    UNIT_ZH,
    back,
    count_of,
    point,
)

OpenSpan = tuple[date | None, date | None]  # None: open on that side

_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?P<a>{POINT})\s+(?:and|to|until|till)\s+(?P<b>{POINT})", re.I
)
_ROLLING = re.compile(
    r"\b(?:in|over|during|within|from)?\s*(?:the\s+)?(?:last|past|previous|recent)\s+"
    rf"(?:(?P<n>{NUMBER})\s*(?P<unit>{UNIT})s?|(?P<one>fortnight))\b",
    re.I,
)
_SINCE = re.compile(rf"\b(?:since|after|from)\s+(?P<a>{POINT})(?:\s+(?:on|onwards?))?", re.I)
_UNTIL = re.compile(rf"\b(?:until|till|before|up\s+to)\s+(?P<a>{POINT})", re.I)
_PART = re.compile(rf"\b(?:(?:in|during|of)\s+)?(?P<a>{PART_OF_MONTH})\b", re.I)
_DURING = re.compile(rf"\b(?:in|during|on|of)\s+(?P<a>{POINT})(?!\s*-)", re.I)
_BARE = re.compile(rf"\b(?P<a>{NAMED})\b", re.I)
_ROLLING_ZH = re.compile(
    rf"(?:在)?(?:最近|近|过去|前)(?:的)?\s*(?P<n>{NUMBER_ZH})\s*个?(?P<unit>{UNIT_ZH})(?:以来|内|里|来|中|的)?"
)
_BETWEEN_ZH = re.compile(
    rf"(?:从|在|自)?(?P<a>{POINT_ZH})\s*(?:到|至|和|-|~|—)\s*(?P<b>{POINT_ZH}|\d{{1,2}}\s*(?:日|号))(?:之间|期间)?"
)
_SINCE_ZH = re.compile(
    rf"(?:自从|自|从)?\s*(?P<a>{POINT_ZH})\s*(?P<how>以来|之后|以后|后(?![端台面续])|至今|开始|起)"
)
_UNTIL_ZH = re.compile(rf"(?:在)?(?P<a>{POINT_ZH})\s*(?:之前|以前|前(?![端缀台面后置向]))")
_DURING_ZH = re.compile(rf"(?:在)?(?P<a>{POINT_ZH})(?:里|内|中|期间|的)?")


def read_dates(text: str, today: date) -> tuple[str, OpenSpan | None, str]:
    """The text without its date words, [since, until) as local days, and the words."""
    for pattern, reader in _READERS:
        for match in pattern.finditer(text):
            span = reader(match, today)
            if span is not None:
                return text[: match.start()] + " " + text[match.end() :], span, match[0].strip()
    return text, None, ""


def _between(match: re.Match[str], today: date) -> OpenSpan | None:
    second = match["b"]
    if re.fullmatch(r"\d{1,2}\s*[日号]", second):  # 10月1日到15日
        second = re.sub(r"\d{1,2}\s*[日号]$", second, match["a"])
    a, b = point(match["a"], today), point(second, today)
    return (a[0], b[1]) if a and b and a[0] < b[1] else None


def _rolling(match: re.Match[str], today: date) -> OpenSpan | None:
    groups = match.groupdict()
    if groups.get("one"):
        return back(1, "fortnight", today), None
    if match["n"] == "半":
        days = {"年": 182, "月": 15, "季度": 45}.get(match["unit"], 3)
        return today - timedelta(days=days), None
    return back(count_of(match["n"]), match["unit"].lower(), today), None


def _since(match: re.Match[str], today: date) -> OpenSpan | None:
    span = point(match["a"], today)
    if span is None:
        return None
    after = match[0].lower().startswith("after") or match.groupdict().get("how") in (
        "之后",
        "以后",
        "后",
    )
    return (span[1] if after else span[0]), None


def _until(match: re.Match[str], today: date) -> OpenSpan | None:
    span = point(match["a"], today)
    if span is None:
        return None
    # 五月底之前 is by the end of May.
    through = match[0].lower().startswith(("until", "till", "up")) or match["a"][-1] in "底末"
    return None, (span[1] if through else span[0])


def _part(match: re.Match[str], today: date) -> OpenSpan | None:
    """A part of a month; "late may" alone may be a word and a verb."""
    certain = "week" in match["a"].lower() or match[0] != match["a"]
    return point(match["a"], today) if certain else None


def _during(match: re.Match[str], today: date) -> OpenSpan | None:
    return point(match["a"], today)


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], OpenSpan | None]], ...] = (
    (_BETWEEN, _between),
    (_ROLLING, _rolling),
    (_SINCE, _since),
    (_UNTIL, _until),
    (_PART, _part),
    (_DURING, _during),
    (_BARE, _during),
    (_BETWEEN_ZH, _between),
    (_ROLLING_ZH, _rolling),
    (_SINCE_ZH, _since),
    (_UNTIL_ZH, _until),
    (_DURING_ZH, _during),
)
