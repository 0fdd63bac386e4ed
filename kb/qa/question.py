"""Reads the filters that a question states in words: dates, authors, modules, repositories (en, zh)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from kb.periods import local, midnight
from kb.types import Filters


@dataclass(frozen=True, slots=True)
class Known:
    """Names that the index holds; a word that is none of them is no filter."""

    repos: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is what is left to search by meaning; `filters` were read from the rest."""

    text: str
    filters: Filters = field(default_factory=Filters)
    read: Mapping[str, str] = field(default_factory=dict)  # filter -> the words that said so


_MONTHS = {
    name[:length]: index
    for index, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
    for length in (3, 4, len(name))
}
_MONTH_WORD = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COUNTS |= {"seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "few": 3, "couple of": 2}
_COUNTS |= {c: i for i, c in enumerate("一二三四五六七八九十", start=1)} | {
    "两": 2,
    "半": 0,
    "几": 3,
}
_ZH_MONTH = r"(?:(?P<{y}>\d{{4}})\s*年\s*)?(?P<{m}>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s*月(?!前)份?"

_DAY = r"\d{4}-\d{2}-\d{2}"
_POINT = rf"(?:{_DAY}|\d{{4}}-\d{{2}}(?!\d)|{_MONTH_WORD}(?:\s+\d{{1,2}}(?:st|nd|rd|th)?(?=,|\s|$|\?))?(?:,?\s+\d{{4}})?|(?:19|20)\d{{2}}(?!\d)|yesterday|today|last\s+(?:week|month|year)|this\s+(?:week|month|year))"

_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?P<a>{_POINT})\s+(?:and|to|until|till)\s+(?P<b>{_POINT})", re.I
)
_SINCE = re.compile(rf"\b(?:since|after|from)\s+(?P<a>{_POINT})(?:\s+(?:on|onwards?))?", re.I)
_UNTIL = re.compile(rf"\b(?:until|till|before|up\s+to)\s+(?P<a>{_POINT})", re.I)
_DURING = re.compile(rf"\b(?:in|during|on|of)\s+(?P<a>{_POINT})(?!\s*-)", re.I)
_BARE = re.compile(
    r"\b(?P<a>yesterday|today|last\s+(?:week|month|year)|this\s+(?:week|month|year))\b", re.I
)
_ROLLING = re.compile(
    r"\b(?:in|over|during|within|from)?\s*(?:the\s+)?(?:last|past|previous|recent)\s+(?P<n>\d{1,3}|a\s+|an\s+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|couple\s+of)\s*(?P<unit>day|week|month|year)s?\b",
    re.I,
)
_ZH_ROLLING = re.compile(
    r"(?:在)?(?:最近|近|过去|前)(?:的)?\s*(?P<n>\d{1,3}|[一二两三四五六七八九十半几])\s*(?:个)?(?P<unit>天|日|周|星期|月|年)(?:以来|内|里|来|中|的)?"
)
_ZH_BARE = re.compile(
    r"(?:在)?(?P<a>上个?月|上周|上个?星期|本月|这个?月|本周|这周|这个?星期|昨天|昨日|今天|今日|今年|去年)(?P<since>以来|至今|开始|起)?(?:里|内|中|的)?"
)
_ZH_SINCE = re.compile(
    rf"(?:自从|自|从)?\s*(?:(?P<day>{_DAY})|{_ZH_MONTH.format(y='y', m='m')}|(?P<year>20\d\d)\s*年)\s*(?:以来|之后|以后|至今|开始|起)"
)
_ZH_BETWEEN = re.compile(
    rf"(?:从|在)?{_ZH_MONTH.format(y='y', m='m')}\s*(?:到|至|和|-|~)\s*{_ZH_MONTH.format(y='y2', m='m2')}(?:之间|期间)?"
)
_ZH_UNTIL = re.compile(
    rf"(?:在)?(?:(?P<day>{_DAY})|{_ZH_MONTH.format(y='y', m='m')})\s*(?:之前|以前|前)"
)
_ZH_DURING = re.compile(
    rf"(?:在)?(?:{_ZH_MONTH.format(y='y', m='m')}|(?P<year>20\d\d)\s*年)(?:里|内|中|期间|的)?"
)

_ZH_WORDS = {
    "上月": "last month",
    "上个月": "last month",
    "上周": "last week",
    "上星期": "last week",
}
_ZH_WORDS |= {
    "上个星期": "last week",
    "本月": "this month",
    "这月": "this month",
    "这个月": "this month",
}
_ZH_WORDS |= {
    "本周": "this week",
    "这周": "this week",
    "这星期": "this week",
    "这个星期": "this week",
}
_ZH_WORDS |= {"昨天": "yesterday", "昨日": "yesterday", "今天": "today", "今日": "today"}
_ZH_WORDS |= {"今年": "this year", "去年": "last year"}


def read_question(question: str, *, now: datetime, tz: str, known: Known) -> Question:
    """The question without the words that became filters, and these filters."""
    today = local(now, tz).date()
    text, span, words = _read_dates(question, today)
    read: dict[str, str] = {}
    filters = Filters()
    if span is not None:
        since, until = (midnight(day, tz) if day else None for day in span)
        filters = replace(filters, since=since, until=until)
        read["dates"] = words
    text, author, words = _read_author(text, known.authors)
    if author:
        filters, read["authors"] = replace(filters, authors=(author,)), words
    text, repo, words = _read_repo(text, known.repos)
    if repo:
        filters, read["repos"] = replace(filters, repos=(repo,)), words
    module, words = _read_module(text, known.modules)
    if module:
        filters, read["modules"] = replace(filters, modules=(module,)), words
    return Question(" ".join(text.split()) or question.strip(), filters, read)


Span = tuple[date | None, date | None]


def _read_dates(text: str, today: date) -> tuple[str, Span | None, str]:
    """The text without its date words, [since, until) as local days, and the words."""
    for pattern, reader in _DATE_READERS:
        for match in pattern.finditer(text):
            span = reader(match, today)
            if span is not None:
                return text[: match.start()] + " " + text[match.end() :], span, match[0].strip()
    return text, None, ""


def _point(words: str, today: date) -> tuple[date, date] | None:
    """The first day of what a point in time names, and the day after its last."""
    word = " ".join(words.lower().replace(",", " ").split())
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    named = {
        "today": (today, today + timedelta(days=1)),
        "yesterday": (today - timedelta(days=1), today),
        "this week": (monday, monday + timedelta(days=7)),
        "last week": (monday - timedelta(days=7), monday),
        "this month": (first, _next_month(first)),
        "last month": ((first - timedelta(days=1)).replace(day=1), first),
        "this year": (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "last year": (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
    }
    if word in named:
        return named[word]
    try:
        if re.fullmatch(_DAY, word):
            day = date.fromisoformat(word)
            return day, day + timedelta(days=1)
        if re.fullmatch(r"\d{4}-\d{2}", word):
            start = date.fromisoformat(f"{word}-01")
            return start, _next_month(start)
        if re.fullmatch(r"\d{4}", word):
            return date(int(word), 1, 1), date(int(word) + 1, 1, 1)
        name, *rest = word.split()
        month = _MONTHS.get(name)
        if month is None:
            return None
        year = next((int(part) for part in rest if len(part) == 4 and part.isdigit()), None)
        day_number = next(
            (int(re.sub(r"\D", "", p)) for p in rest if not (len(p) == 4 and p.isdigit())), None
        )
        return _month(month, year, today, day_number)
    except ValueError:
        return None


def _month(month: int, year: int | None, today: date, day: int | None = None) -> tuple[date, date]:
    """A month without a year is its latest that has begun."""
    chosen = year or (today.year if month <= today.month else today.year - 1)
    if day:
        return date(chosen, month, day), date(chosen, month, day) + timedelta(days=1)
    start = date(chosen, month, 1)
    return start, _next_month(start)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _back(count: int, unit: str, today: date) -> date:
    if unit in ("day", "天", "日"):
        return today - timedelta(days=count)
    if unit in ("week", "周", "星期"):
        return today - timedelta(days=7 * count)
    months = count * (12 if unit in ("year", "年") else 1)
    total = today.year * 12 + today.month - 1 - months
    year, month = divmod(total, 12)
    last = (_next_month(date(year, month + 1, 1)) - timedelta(days=1)).day
    return date(year, month + 1, min(today.day, last))


def _count(word: str) -> int:
    word = " ".join(word.lower().split())
    return int(word) if word.isdigit() else _COUNTS.get(word, 1)


def _rolling(match: re.Match[str], today: date) -> Span | None:
    count, unit = _count(match["n"]), match["unit"].lower()
    if match["n"] == "半":
        return (today - timedelta(days={"年": 182, "月": 15}.get(unit, 3)), None)
    return (_back(count, unit, today), None)


def _between(match: re.Match[str], today: date) -> Span | None:
    a, b = _point(match["a"], today), _point(match["b"], today)
    return (a[0], b[1]) if a and b and a[0] < b[1] else None


def _since(match: re.Match[str], today: date) -> Span | None:
    a = _point(match["a"], today)
    if a is None:
        return None
    return (a[1], None) if match[0].lower().startswith("after") else (a[0], None)


def _until(match: re.Match[str], today: date) -> Span | None:
    a = _point(match["a"], today)
    if a is None:
        return None
    return (None, a[0]) if match[0].lower().startswith("before") else (None, a[1])


def _during(match: re.Match[str], today: date) -> Span | None:
    return _point(match["a"], today)


def _zh_month(
    match: re.Match[str], today: date, year: str = "y", month: str = "m"
) -> tuple[date, date] | None:
    if not match[month]:
        return None
    word = match[month]
    number = (
        int(word)
        if word.isdigit()
        else 10 * word.startswith("十") + _COUNTS.get(word[-1], 0) * (word != "十")
    )
    return _month(number, int(match[year]) if match[year] else None, today)


def _zh_named(match: re.Match[str], today: date) -> tuple[date, date] | None:
    groups = match.groupdict()
    if groups.get("day"):
        return _point(match["day"], today)
    if groups.get("year"):
        return _point(match["year"], today)
    return _zh_month(match, today)


def _zh_since(match: re.Match[str], today: date) -> Span | None:
    named = _zh_named(match, today)
    if named is None:
        return None
    return (named[1] if "之后" in match[0] or "以后" in match[0] else named[0], None)


def _zh_until(match: re.Match[str], today: date) -> Span | None:
    named = _zh_named(match, today)
    return (None, named[0]) if named else None


def _zh_between(match: re.Match[str], today: date) -> Span | None:
    a, b = _zh_month(match, today), _zh_month(match, today, "y2", "m2")
    return (a[0], b[1]) if a and b and a[0] < b[1] else None


def _zh_bare(match: re.Match[str], today: date) -> Span | None:
    named = _point(_ZH_WORDS[match["a"]], today)
    return (named[0], None) if named and match["since"] else named


_DATE_READERS = (
    (_BETWEEN, _between),
    (_ROLLING, _rolling),
    (_SINCE, _since),
    (_UNTIL, _until),
    (_DURING, _during),
    (_BARE, _during),
    (_ZH_ROLLING, _rolling),
    (_ZH_BETWEEN, _zh_between),
    (_ZH_BARE, _zh_bare),
    (_ZH_SINCE, _zh_since),
    (_ZH_UNTIL, _zh_until),
    (_ZH_DURING, _zh_named),
)


def _read_author(text: str, authors: Iterable[str]) -> tuple[str, str | None, str]:
    """ "by NAME", NAME 写的, 作者 NAME; the longest known name that fits."""
    for name in sorted((a for a in authors if a.strip()), key=len, reverse=True):
        quoted = re.escape(name)
        for pattern in (
            rf"(?i)(?:\b(?:written|made|authored|merged|done|contributed)\s+)?\bby\s+@?{quoted}(?![\w-])",
            rf"(?i)\b(?:did|has|does)\s+@?{quoted}(?![\w-])",
            rf"(?i)(?:作者(?:是|为)?|由)\s*@?{quoted}(?![\w-])(?:\s*(?:提交|编写|写|做|实现|完成|修复)的?)?",
            rf"(?i)(?<![\w-])@?{quoted}\s*(?:写|提交|做|实现|修复|完成|贡献)(?:了|过|的)*",
        ):
            if match := re.search(pattern, text):
                return text[: match.start()] + " " + text[match.end() :], name, match[0].strip()
    return text, None, ""


def _read_repo(text: str, repos: Iterable[str]) -> tuple[str, str | None, str]:
    for repo in sorted(repos, key=len, reverse=True):
        if match := re.search(
            rf"(?i)(?:\b(?:in|of|for|from)\s+|在\s*)?(?<![\w/-]){re.escape(repo)}(?![\w/-])(?:\s*(?:中|里|仓库))?",
            text,
        ):
            return text[: match.start()] + " " + text[match.end() :], repo, match[0].strip()
    short = {repo.rpartition("/")[2]: repo for repo in repos}
    if len(short) < 2:
        return text, None, ""  # with one repository its name says nothing
    for name in sorted(short, key=len, reverse=True):
        pattern = rf"(?i)(?:\b(?:in|of|for)\s+(?:the\s+)?{re.escape(name)}(?:\s+repo(?:sitory)?)?(?![\w/-])|(?<![\w/-]){re.escape(name)}\s*(?:仓库|里|中)|在\s*{re.escape(name)}(?![\w/-]))"
        if match := re.search(pattern, text):
            return text[: match.start()] + " " + text[match.end() :], short[name], match[0].strip()
    return text, None, ""


def _read_module(text: str, modules: Iterable[str]) -> tuple[str | None, str]:
    """ "in the scheduler"; the words stay in the text, they also describe."""
    for module in sorted(modules, key=len, reverse=True):
        words = re.sub(
            r"[_\-\s]+",
            r"[-_\\s]+",
            re.escape(module).replace(r"\-", "-").replace(r"\_", "_").replace(r"\ ", " "),
        )
        for pattern in (
            rf"(?i)\b(?:in|inside|within|of)\s+(?:the\s+)?{words}(?:\s+(?:module|code|part|area|subsystem))?(?=\W*$|[\s,.?!](?!\w*[/-]))",
            rf"(?i)在?\s*(?<![\w-]){words}\s*(?:模块|里面?|中|内|部分)",
        ):
            if match := re.search(pattern, text):
                return module, match[0].strip()
    return None, ""
