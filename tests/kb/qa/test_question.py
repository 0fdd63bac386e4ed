"""Filters are read from the words of a question, in English and Chinese."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kb.qa.question import Known, Question, read_question

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)  # a Monday
KNOWN = Known(
    ("sgl-project/sglang", "gin-gonic/gin"),
    ("DarkSharpness", "Yi Zhong", "Mick", "sglang"),
    ("scheduler", "kv cache", "mem_cache", "diffusion"),
)


def read(question: str, tz: str = "UTC") -> Question:
    return read_question(question, now=NOW, tz=tz, known=KNOWN)


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("why did it hang last month?", "2026-05-01", "2026-06-01"),
        ("what changed last week", "2026-06-08", "2026-06-15"),
        ("what changed yesterday", "2026-06-14", "2026-06-15"),
        ("what changed since March", "2026-03-01", None),
        ("what changed since 2026-03-05", "2026-03-05", None),
        ("what changed after 2026-03-05", "2026-03-06", None),
        ("what changed since November", "2025-11-01", None),
        ("what changed in the last two weeks", "2026-06-01", None),
        ("fixes of the past 30 days", "2026-05-16", None),
        ("what broke between March and May", "2026-03-01", "2026-06-01"),
        ("from 2025-11 to 2026-02 speculative decoding", "2025-11-01", "2026-03-01"),
        ("what was there before April", None, "2026-04-01"),
        ("what happened on 2026-02-08", "2026-02-08", "2026-02-09"),
        ("what came in May 2026", "2026-05-01", "2026-06-01"),
        ("what came in 2025", "2025-01-01", "2026-01-01"),
        ("上个月有什么变化", "2026-05-01", "2026-06-01"),
        ("上周修复了什么", "2026-06-08", "2026-06-15"),
        ("最近两周的改动", "2026-06-01", None),
        ("过去30天的修复", "2026-05-16", None),
        ("近三个月有哪些回退", "2026-03-15", None),
        ("三月以来的改动", "2026-03-01", None),
        ("2026年3月有哪些回退", "2026-03-01", "2026-04-01"),
        ("3月到5月的性能优化", "2026-03-01", "2026-06-01"),
        ("4月之前的死锁", None, "2026-04-01"),
        ("今年的变化", "2026-01-01", "2027-01-01"),
        ("what changed in Q1 2026?", "2026-01-01", "2026-04-01"),
        ("what changed last quarter", "2026-01-01", "2026-04-01"),
        ("what changed in the fourth quarter", "2025-10-01", "2026-01-01"),
        ("what changed on Friday?", "2026-06-12", "2026-06-13"),
        ("what changed since last Monday", "2026-06-08", None),
        ("what changed three days ago", "2026-06-12", "2026-06-13"),
        ("what changed two weeks ago", "2026-06-01", "2026-06-08"),
        ("what changed a month ago", "2026-05-01", "2026-06-01"),
        ("what changed over the last 24 hours", "2026-06-14", None),
        ("what changed in the past fortnight", "2026-06-01", None),
        ("what changed on 5 March?", "2026-03-05", "2026-03-06"),
        ("what changed in week 18?", "2026-04-27", "2026-05-04"),
        ("what changed in 2026-W18?", "2026-04-27", "2026-05-04"),
        ("2月1日到2月15日有什么变化", "2026-02-01", "2026-02-16"),
        ("2月1日到15日有什么变化", "2026-02-01", "2026-02-16"),
        ("2026年2月15日之后的变更", "2026-02-16", None),
        ("前天改了什么", "2026-06-13", "2026-06-14"),
        ("上上周改了什么", "2026-06-01", "2026-06-08"),
        ("上上个月改了什么", "2026-04-01", "2026-05-01"),
        ("上周五改了什么", "2026-06-12", "2026-06-13"),
        ("三天前改了什么", "2026-06-12", "2026-06-13"),
        ("两个月前改了什么", "2026-04-01", "2026-05-01"),
        ("去年十二月的回退", "2025-12-01", "2026-01-01"),
        ("第一季度有哪些优化", "2026-01-01", "2026-04-01"),
        ("上季度的优化", "2026-01-01", "2026-04-01"),
        ("what was risky in the last week of May 2026?", "2026-05-25", "2026-06-01"),
        ("what broke last week of February", "2026-02-22", "2026-03-01"),
        ("what changed in the second week of March", "2026-03-08", "2026-03-15"),
        ("what changed in the week of March 3", "2026-03-02", "2026-03-09"),
        ("what changed in early May", "2026-05-01", "2026-05-11"),
        ("what changed since mid-April", "2026-04-11", None),
        ("what changed in late February 2026", "2026-02-21", "2026-03-01"),
        ("2026年5月最后一周哪些变更风险较高？", "2026-05-25", "2026-06-01"),
        ("三月第二周改了什么", "2026-03-08", "2026-03-15"),
        ("五月上旬的回退", "2026-05-01", "2026-05-11"),
        ("4月中旬以来的改动", "2026-04-11", None),
        ("5月底有哪些修复", "2026-05-21", "2026-06-01"),
        ("5月底之前的死锁", None, "2026-06-01"),
        ("3月初始化失败的修复", "2026-03-01", "2026-04-01"),
        ("4月底层重构", "2026-04-01", "2026-05-01"),
    ],
)
def test_dates_are_read(question: str, since: str | None, until: str | None) -> None:
    filters = read(question).filters
    assert (filters.since and f"{filters.since:%Y-%m-%d}") == since
    assert (filters.until and f"{filters.until:%Y-%m-%d}") == until


@pytest.mark.parametrize(
    "question",
    [
        "may the server hang?",
        "does it march on",
        "what fails in 30 minutes",
        "增加 3 个月饼图标",
        "requests that arrive late may fail",
        "the first week of training is slow",
        "支持 2026 个并发请求",
        "why the last token is dropped",
    ],
)
def test_words_that_only_look_like_dates_are_none(question: str) -> None:
    filters = read(question).filters
    assert filters.since is None
    assert filters.until is None


def test_days_begin_in_the_zone() -> None:
    filters = read("what changed yesterday", "Asia/Shanghai").filters
    assert filters.since == datetime(2026, 6, 13, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "author"),
    [
        ("changes by DarkSharpness", "DarkSharpness"),
        ("what was fixed by yi zhong last week", "Yi Zhong"),
        ("what did Mick do", "Mick"),
        ("DarkSharpness 写的改动", "DarkSharpness"),
        ("由 Mick 提交的修复", "Mick"),
        ("作者是 Yi Zhong 的变更", "Yi Zhong"),
        ("Yi Zhong's changes", "Yi Zhong"),
        ("author: Mick", "Mick"),
        ("Mick 最近改了什么", "Mick"),
    ],
)
def test_an_author_is_read(question: str, author: str) -> None:
    assert read(question).filters.authors == (author,)


def test_a_name_that_wrote_nothing_is_no_filter() -> None:
    found = read("is it faster by default, by Somebody?")
    assert not found.filters.authors
    assert "Somebody" in found.text


@pytest.mark.parametrize(
    ("question", "module"),
    [
        ("what changed in the scheduler", "scheduler"),
        ("leaks in the kv cache module", "kv cache"),
        ("leaks in mem cache?", "mem_cache"),
        ("scheduler 模块的变更", "scheduler"),
        ("diffusion 里的改动", "diffusion"),
    ],
)
def test_a_module_is_read_and_stays_in_the_text(question: str, module: str) -> None:
    found = read(question)
    assert found.filters.modules == (module,)
    assert module.split("_")[0] in found.text


def test_a_file_is_no_module() -> None:
    assert not read("what changed in scheduler.py?").filters.modules


def test_a_repository_is_read_by_its_full_or_short_name() -> None:
    assert read("hangs in gin-gonic/gin").filters.repos == ("gin-gonic/gin",)
    assert read("hangs in gin").filters.repos == ("gin-gonic/gin",)
    assert read("gin 仓库的死锁").filters.repos == ("gin-gonic/gin",)


def test_what_was_read_leaves_the_text() -> None:
    found = read("why did DarkSharpness turn off fast math, by DarkSharpness, last month?")
    assert "last month" not in found.text
    assert "fast math" in found.text
    assert found.read["dates"] == "last month"


def test_an_author_called_like_the_project_is_no_filter() -> None:
    read = read_question("does sglang support adapters?", now=NOW, tz="UTC", known=KNOWN)
    assert read.filters.authors == ()


def test_an_author_called_like_a_common_word_is_read_where_marked() -> None:
    known = replace(KNOWN, authors=("a",))
    for question in ("is it caused by a proxy?", "how much does a licence cost?"):
        assert not read_question(question, now=NOW, tz="UTC", known=known).filters.authors
    found = read_question("what was changed by @a?", now=NOW, tz="UTC", known=known)
    assert found.filters.authors == ("a",)


def test_a_name_that_the_question_does_not_hold_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pattern for each of 1,500 authors took four of the five seconds of an answer."""
    names = tuple(f"Somebody {number}" for number in range(300))
    known = Known(("acme/web",), (*names, "Ana Lima"), (*names, "rate_limiter"))
    looked, search = [], re.search
    monkeypatch.setattr(re, "search", lambda *asked: looked.append(asked) or search(*asked))
    found = read_question(
        "what did ANA LIMA change in the rate-limiter", now=NOW, tz="UTC", known=known
    )
    assert found.filters.authors == ("Ana Lima",)
    assert found.filters.modules == ("rate_limiter",)
    assert len(looked) < 60
