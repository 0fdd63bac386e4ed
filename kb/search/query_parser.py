"""What a person types becomes a `Query`: free text, filters, "phrases" and -words.

Field names and punctuation work in English and Chinese, and mean what the flags of the command
line mean. A word before a colon that is no field of ours is an error only where it can be meant as
one: `foo::bar`, URLs, paths, times, `name: prose` and quoted text stay text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from math import floor
from typing import Any

from kb.errors import QueryError
from kb.periods import between, parse_time
from kb.text.tokenizer import ZERO_WIDTH
from kb.types import Filters, Query
from kb.vocabulary import CHANGE_TYPES, LEVELS, MODES, RISK_KINDS

FIELD_NAMES = {
    "repo": "repos",
    "author": "authors",
    "path": "paths",
    "module": "modules",
    "type": "types",
    "risk": "risks",
    "label": "labels",
    "level": "levels",
    "importance": "min_importance",
    "since": "since",
    "until": "until",
}
CHINESE_FIELDS = {
    "仓库": "repo",
    "作者": "author",
    "路径": "path",
    "文件": "path",
    "模块": "module",
    "类型": "type",
    "风险": "risk",
    "标签": "label",
    "级别": "level",
    "等级": "level",
    "重要性": "importance",
    "重要度": "importance",
    "开始": "since",
    "起始": "since",
    "自": "since",
    "截止": "until",
    "截至": "until",
    "结束": "until",
}
_SAME_VALUES = {
    "type": {
        "feat": "feature", "features": "feature", "功能": "feature", "新功能": "feature",
        "特性": "feature", "fix": "bugfix", "bug": "bugfix", "修复": "bugfix", "缺陷": "bugfix",
        "perf": "performance", "性能": "performance", "优化": "performance", "重构": "refactor",
        "doc": "docs", "文档": "docs", "ci": "ci-config", "config": "ci-config",
        "配置": "ci-config", "tests": "test", "测试": "test", "deps": "dependency",
        "dependencies": "dependency", "依赖": "dependency", "回滚": "revert", "回退": "revert",
        "撤销": "revert", "安全": "security",
    },
    "level": {"高": "high", "中": "medium", "低": "low"},
    "risk": {
        "核心路径": "core-path", "核心": "core-path", "缺少测试": "missing-tests",
        "缺测试": "missing-tests", "兼容性": "compatibility", "兼容": "compatibility",
        "配置": "configuration", "实验性": "experimental", "实验": "experimental",
        "回滚": "revert", "回退": "revert", "放宽阈值": "relaxed-threshold",
        "阈值": "relaxed-threshold", "依赖": "dependency", "未解决评审": "unresolved-review",
        "评审": "unresolved-review", "安全": "security", "硬件": "hardware", "大改动": "large",
        "大型": "large",
    },
}  # fmt: skip
_CHOICES = {"type": CHANGE_TYPES, "level": LEVELS, "risk": RISK_KINDS}

MOST_IMPORTANT = 10

_QUOTED = r'"[^"]*"|“[^”]*”|「[^」]*」'
_CHINESE_NAMES = "|".join(sorted(CHINESE_FIELDS, key=len, reverse=True))
_LEXEME = re.compile(
    rf"(?P<minus>[-－](?={_QUOTED}|[^\W\d]))?"
    rf"(?:(?P<phrase>{_QUOTED})"
    rf"|(?P<field>(?:[A-Za-z][A-Za-z_-]*|{_CHINESE_NAMES}))[:：](?P<value>{_QUOTED}|[^\s，。；]+)"
    r"|(?P<word>[，。；、]+|\S+))"
)
_FLAG = re.compile(r"[A-Za-z][,.;?!]*")  # what does `-v` do: no question leaves a letter out
_BOUNDS = re.compile(r"(>=|>|＞|≥|=|<=|<|＜|≤)?\s*(\d+(?:\.\d+)?)")
_VALUE_BREAK = re.compile(r"[,、]")
# what stands after the colon of something that is no field: ::, URL, Windows path, port, time, code
_NO_VALUE = re.compile(r"[:/\\]|\d+(?:\D|$)|[a-z]+[A-Z]")


def parse_query(
    text: str,
    tz: str,
    now: datetime,
    *,
    limit: int = 10,
    mode: str = "hybrid",
    filters: Filters = Filters(),
    offset: int = 0,
    prose: bool = False,
) -> Query:
    """`filters` are those of the flags; the query's own are added. In `prose`, a question, `-v` is a flag
    and a word before a colon a field only where it is one, or a slip for one: "does update:value fire?"

    Raises QueryError, and UsageError for a time that is none or a period without one."""
    if mode not in MODES:
        raise QueryError(f"unknown mode: {mode}", f"one of: {', '.join(MODES)}")
    text = text.replace(ZERO_WIDTH, "")  # "#12" copied from a report
    free: list[str] = []
    phrases: list[str] = []
    excluded: list[str] = []
    at = 0
    while found := _LEXEME.search(text, at):
        at = found.end()
        minus, phrase, field, word = found.group("minus", "phrase", "field", "word")
        if phrase is not None:
            if inner := phrase[1:-1].strip():
                (excluded if minus else phrases).append(inner)
            continue
        if field is not None:
            name = _field_name(field, found["value"], prose=prose)
            if name is None:
                free.append(found[0])
            elif minus:
                raise QueryError(
                    f"a field cannot be excluded: {found[0]}",
                    'exclude words with -word or -"a phrase"',
                )
            else:
                filters = _narrowed(filters, name, found["value"], tz, now)
            continue
        if minus and prose and _FLAG.fullmatch(word):
            free.append(found[0])
        elif minus and word:
            excluded.append(word)
        elif word.strip("，。；、"):
            free.append(word)
    if filters.since and filters.until:
        between(filters.since, filters.until, tz)
    asked = " ".join([*free, *phrases])
    return Query(
        text=asked if any(map(str.isalnum, asked)) else "",  # signs alone are like anything
        mode=mode,
        limit=limit,
        offset=offset,
        filters=filters,
        phrases=tuple(phrases),
        excluded=tuple(excluded),
        raw=text,
    )


def chips(query: Query) -> tuple[tuple[str, str], ...]:
    """What a query demands, as (field, value) in the words that it could be typed with."""
    found: list[tuple[str, str]] = []
    for name, attribute in FIELD_NAMES.items():
        value = getattr(query.filters, attribute)
        if isinstance(value, tuple):
            found += [(name, item) for item in value]
        elif isinstance(value, datetime):
            found.append((name, value.isoformat()))
        elif value is not None:
            found.append((name, f">={value:g}"))
    found += [("phrase", phrase) for phrase in query.phrases]
    found += [("without", word) for word in query.excluded]
    return tuple(found)


def one_of(field: str, value: str) -> str:
    """The canonical value of `type`, `level` or `risk`, from its English or Chinese names."""
    wanted = value.strip().casefold()
    wanted = _SAME_VALUES[field].get(wanted, wanted.replace("_", "-"))
    if wanted not in _CHOICES[field]:
        raise QueryError(f"unknown {field}: {value}", f"one of: {', '.join(_CHOICES[field])}")
    return wanted


def _field_name(typed: str, value: str, *, prose: bool) -> str | None:
    """The field that is meant; None where the text is no field at all."""
    name = CHINESE_FIELDS.get(typed, typed.casefold())
    if value[:1] in ":/\\":
        return None
    if name in FIELD_NAMES:
        return name
    if prose or typed != name or len(name) < 3 or "-" in name or _NO_VALUE.match(value):
        # `KeyError:x`, `C:x`, `v-on:click`, `localhost:8000`, `update:modelValue` and `at:10` are text,
        # but `importnce:8` is a slip
        if typed == name and _close_to_a_field(name):
            raise _unknown(typed)
        return None
    raise _unknown(typed)


def _close_to_a_field(name: str) -> bool:
    from difflib import get_close_matches

    return bool(get_close_matches(name, FIELD_NAMES, 1, 0.8))


def _unknown(name: str) -> QueryError:
    return QueryError(
        f"unknown field: {name}:",
        f"fields are {' '.join(f'{field}:' for field in FIELD_NAMES)} (quote text that holds a colon)",
    )


def _narrowed(filters: Filters, name: str, typed: str, tz: str, now: datetime) -> Filters:
    quoted = typed[0] in '"“「'
    value = typed[1:-1].strip() if quoted else typed
    if not value:
        raise QueryError(f"nothing stands after {name}:", f"{name}:VALUE")
    attribute = FIELD_NAMES[name]
    if name == "importance":
        least = _least_importance(value)
        old = filters.min_importance
        return replace(filters, min_importance=least if old is None else max(old, least))
    if name == "since":
        since = parse_time(value, tz, now)
        return replace(filters, since=max(filters.since or since, since))
    if name == "until":
        until = parse_time(value, tz, now)
        return replace(filters, until=min(filters.until or until, until))
    values = [value] if quoted else [part for part in _VALUE_BREAK.split(value) if part]
    if name in _CHOICES:
        values = [one_of(name, part) for part in values]
    together = dict.fromkeys((*getattr(filters, attribute), *values))
    changed: dict[str, Any] = {attribute: tuple(together)}
    return replace(filters, **changed)


def _least_importance(value: str) -> float:
    """Importance has one decimal, so `>8` is 8.1 and more; a bare number is at least that."""
    found = _BOUNDS.fullmatch(value)
    if not found or (found[1] or "")[:1] in ("<", "＜", "≤"):
        raise QueryError(
            f"importance must be a lower bound: {value}", "importance:>8 or importance:8"
        )
    number = float(found[2])
    if number > MOST_IMPORTANT:
        raise QueryError(f"importance goes from 0 to 10: {value}", "importance:>8 or importance:8")
    return floor(number * 10 + 1e-9) / 10 + 0.1 if found[1] in (">", "＞") else number
