"""Reads the filters that a question states in words: dates, authors, modules, repositories (en, zh)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from kb.periods import local, midnight
from kb.qa.asked import is_stop
from kb.qa.dates import read_dates
from kb.types import Filters

_GAPS = re.compile(r"[-_\s]+")


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


def read_question(question: str, *, now: datetime, tz: str, known: Known) -> Question:
    """The question without the words that became filters, and these filters."""
    today = local(now, tz).date()
    text, span, words = read_dates(question, today)
    read: dict[str, str] = {}
    filters = Filters()
    if span is not None:
        since, until = (midnight(day, tz) if day else None for day in span)
        filters = replace(filters, since=since, until=until)
        read["dates"] = words
    # A bot may be called like the project: "does sglang support LoRA" asks for none of its changes.
    projects = {part.casefold() for repo in known.repos for part in repo.split("/")}
    authors = [name for name in known.authors if name.casefold() not in projects]
    text, author, words = _read_author(text, authors)
    if author:
        filters, read["authors"] = replace(filters, authors=(author,)), words
    text, repo, words = _read_repo(text, known.repos)
    if repo:
        filters, read["repos"] = replace(filters, repos=(repo,)), words
    module, words = _read_module(text, known.modules)
    if module:
        filters, read["modules"] = replace(filters, modules=(module,)), words
    return Question(" ".join(text.split()) or question.strip(), filters, read)


def _held(text: str, names: Iterable[str]) -> list[str]:
    """The names that stand somewhere in the text, longest first. To compile a pattern for each
    of 1,500 authors takes seconds; only these can match one."""
    loose = _loose(text)
    found = (name for name in names if name.strip() and _loose(name) in loose)
    return sorted(found, key=len, reverse=True)


def _loose(text: str) -> str:
    """Without case, and with one kind of gap, as the patterns read a name."""
    return _GAPS.sub(" ", text).casefold()


def _read_author(text: str, authors: Iterable[str]) -> tuple[str, str | None, str]:
    """ "by NAME", NAME 写的, 作者 NAME; the longest known name that fits."""
    for name in _held(text, authors):
        # Somebody may be called `a`: "by a proxy" is not by them, "by @a" is.
        quoted = f"@{re.escape(name)}" if is_stop(name.casefold()) else re.escape(name)
        for pattern in (
            rf"(?i)(?:\b(?:written|made|authored|merged|done|contributed)\s+)?\bby\s+@?{quoted}(?![\w-])",
            rf"(?i)\b(?:did|has|does)\s+@?{quoted}(?![\w-])",
            rf"(?i)\b(?:author\s*[:：]?|from)\s+@?{quoted}(?![\w-])",
            rf"(?i)(?<![\w-])@?{quoted}(?:'s|’s)(?![\w-])",
            rf"(?i)(?:作者(?:是|为)?|由)\s*@?{quoted}(?![\w-])(?:\s*(?:提交|编写|写|做|实现|完成|修复)的?)?",
            rf"(?i)(?<![\w-])@?{quoted}\s*(?:最近|近期|近来|都)*\s*(?:写|提交|做|实现|修复|修|改动?|完成|贡献|合并)(?:了|过|的)*",
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
    for module in _held(text, modules):
        words = re.sub(
            r"[_\-\s]+",
            r"[-_\\s]+",
            re.escape(module).replace(r"\-", "-").replace(r"\_", "_").replace(r"\ ", " "),
        )
        for pattern in (
            rf"(?i)\b(?:in|inside|within|of)\s+(?:the\s+)?{words}(?:\s+(?:module|code|part|area|subsystem))?(?=\W*$|[\s,?!](?!\w*[/-])|\.(?!\w))",
            rf"(?i)在?\s*(?<![\w-]){words}\s*(?:模块|里面?|中|内|部分)",
        ):
            if match := re.search(pattern, text):
                return module, match[0].strip()
    return None, ""
