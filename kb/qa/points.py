"""What a point in time names in a question: a day, a week, a month, a quarter, a year (en, zh)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

Span = tuple[date, date]  # its first day, and the day after its last

_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_TH = r"(?:st|nd|rd|th)?"
NUMBER = (
    r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|(?:a\s+)?few"
    r"|(?:a\s+)?couple\s+of)"
)
UNIT = r"(?:hour|day|week|fortnight|month|quarter|year)"
NUMBER_ZH = r"(?:\d{1,3}|[一二两三四五六七八九十半几])"
UNIT_ZH = r"(?:小时|天|日|周|星期|礼拜|月|季度|年)"
_MONTH_ZH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"

_ISO = r"(?:\d{4}-\d{2}-\d{2}(?!\d)|\d{4}-W\d{2}|\d{4}-\d{2}(?!\d))"
_YEAR = r"(?:19|20)\d{2}(?![\d-])"
_PART_OF = (
    r"(?:(?:the\s+)?(?:first|second|third|fourth|last)\s+week\s+of\s+|(?:early|mid|late)[-\s])"
)
PART_OF_MONTH = (
    rf"(?:{_PART_OF}{_MONTH}|(?:the\s+)?week\s+of\s+{_MONTH}\s+\d{{1,2}}{_TH})(?:,?\s+\d{{4}})?"
)
NAMED = rf"(?:yesterday|today|(?:last|this)\s+(?:week(?!\s+of\b)|month|quarter|year|{_WEEKDAY})|{NUMBER}\s+{UNIT}s?\s+ago)"
POINT = (
    rf"(?:{PART_OF_MONTH}|{_ISO}|{_YEAR}|\d{{1,2}}{_TH}\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}(?:\s+\d{{1,2}}{_TH}(?=,|\s|$|\?))?(?:,?\s+\d{{4}})?"
    rf"|(?:q[1-4]|(?:the\s+)?(?:first|second|third|fourth)\s+quarter(?:\s+of)?)(?:\s+\d{{4}})?"
    rf"|(?:the\s+)?week\s+\d{{1,2}}(?:\s+of\s+\d{{4}})?|{_WEEKDAY}|{NAMED})"
)
# "3 个月前" is three months ago, "3 月前" is before March.
_AGO_ZH = rf"{NUMBER_ZH}\s*(?:天|日|周|年|个\s*{UNIT_ZH})(?:之|以)?前"
NAMED_ZH = (
    r"(?:今天|今日|昨天|昨日|前天|(?:上上|上|本|这)(?:一?个)?(?:周|星期|礼拜)[一二三四五六日天](?!个)"
    r"|(?:上上|上|本|这)(?:一?个)?(?:周|星期|礼拜|月|季度)|今年|去年|前年"
    rf"|{_AGO_ZH})"
)
_YEAR_ZH = r"(?:(?:(?:19|20)\d{2}\s*年|今年|去年|前年)\s*的?)"
_PART_ZH = r"(?:第[一二三四1-4]个?周|最后一?个?周|[上中下]旬|初(?![始次步])|底(?![层座部])|末)"
POINT_ZH = (
    rf"(?:{_ISO}|{_YEAR_ZH}?\s*{_MONTH_ZH}\s*月\s*\d{{1,2}}\s*(?:日|号)"
    rf"|{_YEAR_ZH}?\s*{_MONTH_ZH}\s*月(?:份?的?{_PART_ZH}|份)?|{_YEAR_ZH}?\s*第?[一二三四1-4]季度|{NAMED_ZH}|20\d{{2}}\s*年)"
)
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COUNTS |= {"seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "few": 3, "couple of": 2}
_COUNTS |= {c: i for i, c in enumerate("一二三四五六七八九十", start=1)} | {"两": 2, "几": 3}
_UNITS_ZH = {"小时": "hour", "天": "day", "日": "day", "周": "week", "星期": "week"}
_UNITS_ZH |= {"礼拜": "week", "月": "month", "季度": "quarter", "年": "year"}
_MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
_THIRDS = {
    "early": 0,
    "mid": 1,
    "late": 2,
    "上旬": 0,
    "中旬": 1,
    "下旬": 2,
    "初": 0,
    "底": 2,
    "末": 2,
}
_ORDINALS = ("first", "second", "third", "fourth")


def point(words: str, today: date) -> Span | None:
    """The span that the words name; None where they name none that the calendar has."""
    text = " ".join(words.lower().replace(",", " ").split())
    for pattern, read in _READERS:
        if match := re.fullmatch(pattern, text):
            try:
                return read(match, today)
            except (ValueError, OverflowError):
                return None
    return None


def back(count: int, unit: str, today: date) -> date:
    """The day `count` units before today; hours count as the days that they reach into."""
    unit = _UNITS_ZH.get(unit, unit)
    if unit in _MONTHS_OF:
        year, month = divmod(today.year * 12 + today.month - 1 - count * _MONTHS_OF[unit], 12)
        last = (_after_month(date(year, month + 1, 1)) - timedelta(days=1)).day
        return date(year, month + 1, min(today.day, last))
    hours = {"hour": 1, "day": 24, "week": 168, "fortnight": 336}[unit]
    return today - timedelta(hours=count * hours)


def count_of(words: str) -> int:
    word = " ".join(words.lower().split())
    short = word.removeprefix("a ")
    return int(word) if word.isdigit() else _COUNTS.get(short, 1)


def _around(day: date, unit: str) -> Span:
    """The calendar's day, week, month, quarter or year that holds a day."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    if unit == "month":
        return day.replace(day=1), _after_month(day.replace(day=1))
    if unit == "quarter":
        return _quarter(day.year, (day.month + 2) // 3)
    if unit == "year":
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day, day + timedelta(days=1)


def _after_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _quarter(year: int, number: int) -> Span:
    first = date(year, 3 * number - 2, 1)
    return first, _after_month(first + timedelta(days=63))


def _month(month: int, year: int | None, today: date, day: int | None = None) -> Span:
    """A month without a year is its latest that has begun."""
    first = date(year or (today.year if month <= today.month else today.year - 1), month, 1)
    return _around(first.replace(day=day) if day else first, "day" if day else "month")


def _month_of(match: re.Match[str], today: date) -> Span:
    number = _MONTH_NAMES.index(match["m"][:3]) + 1
    day = match.groupdict().get("d")
    year = int(match["y"]) if match["y"] else None
    return _month(number, year, today, int(day) if day else None)


def _part_of_month(match: re.Match[str], today: date) -> Span:
    return _part(_month_of(match, today), match["week"] or match["third"])


def _part_of_month_zh(match: re.Match[str], today: date) -> Span:
    return _part(_month_zh(match, today), match["week"] or match["third"] or "last")


def _part(month: Span, part: str) -> Span:
    """A week of a month, counted from its first day or up to its last; or ten days of it."""
    first, after = month
    if part == "last":
        return after - timedelta(days=7), after
    if part in _THIRDS:
        start = first + timedelta(days=10 * _THIRDS[part])
        return start, after if _THIRDS[part] == 2 else start + timedelta(days=10)
    place = _ORDINALS.index(part) + 1 if part in _ORDINALS else count_of(part)
    start = first + timedelta(days=7 * (place - 1))
    return start, start + timedelta(days=7)


def _iso_week(match: re.Match[str], today: date) -> Span:
    year = int(match["y"]) if match["y"] else today.year
    monday = date.fromisocalendar(year, int(match["w"]), 1)
    if not match["y"] and monday > today:
        monday = date.fromisocalendar(year - 1, int(match["w"]), 1)
    return monday, monday + timedelta(days=7)


def _quarter_of(match: re.Match[str], today: date) -> Span:
    word = match["q"]
    number = int(word) if word.isdigit() else _ORDINALS.index(word) + 1
    return _latest_quarter(number, int(match["y"]) if match["y"] else None, today)


def _latest_quarter(number: int, year: int | None, today: date) -> Span:
    span = _quarter(year or today.year, number)
    return span if year or span[0] <= today else _quarter(today.year - 1, number)


def _weekday(match: re.Match[str], today: date) -> Span:
    """The last one before today; "this friday" is that of this week."""
    monday = today - timedelta(days=today.weekday())
    day = monday + timedelta(days=_WEEKDAYS.index(match["d"]))
    return _around(day if match["w"] == "this" or day < today else day - timedelta(days=7), "day")


def _relative(match: re.Match[str], today: date) -> Span:
    unit = match["unit"]
    return _around(today if match["w"] == "this" else back(1, unit, _first(today, unit)), unit)


def _first(day: date, unit: str) -> date:
    return _around(day, unit)[0]


def _ago(match: re.Match[str], today: date) -> Span:
    unit = {"fortnight": "week", "hour": "day"}.get(match["unit"], match["unit"])
    return _around(back(count_of(match["n"]), match["unit"], today), unit)


def _year_zh(words: str | None, today: date) -> int | None:
    if not words:
        return None
    words = words.strip(" 的")
    behind = {"今年": 0, "去年": 1, "前年": 2}
    return today.year - behind[words] if words in behind else int(words[:4])


def _month_zh(match: re.Match[str], today: date) -> Span:
    word = match["m"]
    number = int(word) if word.isdigit() else _zh_number(word)
    day = match.groupdict().get("d")
    return _month(number, _year_zh(match["y"], today), today, int(day) if day else None)


def _zh_number(word: str) -> int:
    return 10 * word.startswith("十") + _COUNTS.get(word[-1], 0) * (word != "十")


def _quarter_zh(match: re.Match[str], today: date) -> Span:
    number = int(match["q"]) if match["q"].isdigit() else _COUNTS[match["q"]]
    return _latest_quarter(number, _year_zh(match["y"], today), today)


def _relative_zh(match: re.Match[str], today: date) -> Span:
    unit = _UNITS_ZH[match["unit"]]
    behind = {"上上": 2, "上": 1}.get(match["w"], 0)
    span = _around(back(behind, unit, _first(today, unit)), unit)
    if not match["d"]:
        return span
    place = "一二三四五六日".index(match["d"].replace("天", "日"))
    return _around(span[0] + timedelta(days=place), "day")


def _ago_zh(match: re.Match[str], today: date) -> Span:
    unit = _UNITS_ZH[match["unit"]]
    return _around(back(count_of(match["n"]), unit, today), "day" if unit == "hour" else unit)


_READERS: tuple[tuple[str, Callable[[re.Match[str], date], Span]], ...] = (
    (r"today|今天|今日", lambda _, today: _around(today, "day")),
    (r"yesterday|昨天|昨日", lambda _, today: _around(today - timedelta(days=1), "day")),
    (r"前天", lambda _, today: _around(today - timedelta(days=2), "day")),
    (r"\d{4}-\d{2}-\d{2}", lambda match, _: _around(date.fromisoformat(match[0]), "day")),
    (r"(?P<y>\d{4})-w(?P<w>\d{2})", _iso_week),
    (r"(?:the )?week (?P<w>\d{1,2})(?: of (?P<y>\d{4}))?", _iso_week),
    (r"\d{4}-\d{2}", lambda match, _: _around(date.fromisoformat(f"{match[0]}-01"), "month")),
    (
        r"(\d{4}|今年|去年|前年)\s*年?",
        lambda match, today: _around(date(_year_zh(match[1], today) or 1, 1, 1), "year"),
    ),
    (
        rf"(?:(?:the )?(?P<week>{'|'.join(_ORDINALS)}|last) week of |(?P<third>early|mid|late)[- ])"
        rf"(?P<m>{_MONTH})(?: (?P<y>\d{{4}}))?",
        _part_of_month,
    ),
    (
        rf"(?:the )?week of (?P<m>{_MONTH}) (?P<d>\d{{1,2}}){_TH}(?: (?P<y>\d{{4}}))?",
        lambda match, today: _around(_month_of(match, today)[0], "week"),
    ),
    (
        rf"(?P<y>{_YEAR_ZH})?\s*(?P<m>{_MONTH_ZH})\s*月份?的?"
        r"(?:第(?P<week>[一二三四1-4])个?周|最后一?个?周|(?P<third>[上中下]旬|[初底末]))",
        _part_of_month_zh,
    ),
    (rf"(?P<m>{_MONTH})(?: (?P<d>\d{{1,2}}){_TH})?(?: (?P<y>\d{{4}}))?", _month_of),
    (rf"(?P<d>\d{{1,2}}){_TH} (?:of )?(?P<m>{_MONTH})(?: (?P<y>\d{{4}}))?", _month_of),
    (r"q(?P<q>[1-4])(?: (?P<y>\d{4}))?", _quarter_of),
    (rf"(?:the )?(?P<q>{'|'.join(_ORDINALS)}) quarter(?: of)?(?: (?P<y>\d{{4}}))?", _quarter_of),
    (rf"(?:(?P<w>last|this) )?(?P<d>{_WEEKDAY})", _weekday),
    (r"(?P<w>last|this) (?P<unit>week|month|quarter|year)", _relative),
    (rf"(?P<n>{NUMBER}) (?P<unit>{UNIT})s? ago", _ago),
    (
        rf"(?P<y>{_YEAR_ZH})?\s*(?P<m>{_MONTH_ZH})\s*月(?:份|\s*(?P<d>\d{{1,2}})\s*(?:日|号))?",
        _month_zh,
    ),
    (rf"(?P<y>{_YEAR_ZH})?\s*第?(?P<q>[一二三四1-4])季度", _quarter_zh),
    (
        r"(?P<w>上上|上|本|这)(?:一?个)?(?P<unit>周|星期|礼拜|月|季度)(?P<d>[一二三四五六日天])?",
        _relative_zh,
    ),
    (rf"(?P<n>{NUMBER_ZH})\s*个?(?P<unit>{UNIT_ZH})(?:之|以)?前", _ago_zh),
)
