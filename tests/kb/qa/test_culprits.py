"""Questions for what broke something: by the repairs of the sample, and whose code they replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.phrases import phrase
from kb.qa.culprits import what_broke
from kb.settings import Settings

EMBER = "lanternworks/ember"


@pytest.fixture(scope="module")
def sample(sample_home: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(settings=Settings(home=sample_home)) as knowledge_base:
        yield knowledge_base


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("Which change broke context parallel?", "context parallel"),
        ("who broke the loading of adapters on ROCm", "the loading of adapters on ROCm"),
        ("Which PR may have broken the lexer?", "the lexer"),
        (
            "which PR introduced the memory leak in the scheduler?",
            "the memory leak in the scheduler",
        ),
        ("When did exports stop working with pipes?", "exports with pipes"),
        ("why is the login broken on Safari?", "the login on Safari"),
        ("Where does the regression of the parser come from?", "the regression of the parser"),
        ("what broke?", ""),
        ("哪个改动弄坏了上下文并行？", "上下文并行"),
        ("哪个 PR 引入了内存泄漏？", "内存泄漏"),
        ("调度器死锁是哪次提交引入的？", "调度器死锁"),
        ("前缀缓存从什么时候开始坏的", "前缀缓存"),
        ("谁把登录改坏了", "登录"),
    ],
)
def test_what_a_question_says_is_broken(question: str, thing: str) -> None:
    assert what_broke(question) == thing


@pytest.mark.parametrize(
    "question",
    [
        "which PR introduced the run-time kernels?",
        "what breaks when I upgrade?",
        "which changes break compatibility?",
        "breaking changes of the scheduler",
        "how are long prompts broken into chunks?",
        "which change broke up the manager?",
        "How was the deadlock of the scheduler fixed?",
        "When did we start compiling at run time, and why?",
        "哪个改动引入了运行时编译",
        "调度器死锁是怎么修复的？",
    ],
)
def test_other_questions_ask_for_no_culprit(question: str) -> None:
    assert what_broke(question) is None


@pytest.mark.parametrize(
    ("question", "lang"),
    [("Which change broke long prompts in the scheduler?", "en"), ("哪个改动弄坏了调度器？", "zh")],
)
def test_a_repair_is_quoted_with_the_change_whose_lines_it_replaced(
    sample: KnowledgeBase, question: str, lang: str
) -> None:
    found = sample.ask(question)
    assert found.method == "traced"
    assert not found.abstained
    assert found.question == question
    assert found.text.startswith(phrase("qa.broke.repairs", lang))
    cited = {citation.change_id: citation for citation in found.citations}
    culprit = cited[f"{EMBER}#1180"]
    assert culprit.passage in "\n".join(sample.patches(culprit.change_id).values())
    lines = found.text.split("\n")
    repair = f"[{cited[f'{EMBER}#1196'].index}]"
    place = next(place for place, line in enumerate(lines) if line.endswith(repair))
    assert lines[place + 1].startswith("  - ")
    assert culprit.passage in lines[place + 1]
    assert lines[place + 1].endswith(f"[{culprit.index}]")


def test_a_revert_names_what_it_takes_back(sample: KnowledgeBase) -> None:
    found = sample.ask("Which change broke the eviction of prefix blocks by cost?")
    cited = {citation.change_id: citation.index for citation in found.citations}
    revert, reverted = cited[f"{EMBER}#1233"], cited[f"{EMBER}#1216"]
    lines = found.text.split("\n")
    place = next(place for place, line in enumerate(lines) if line.endswith(f"[{revert}]"))
    assert lines[place + 1].endswith(f"[{reverted}]")


def test_the_filters_of_the_question_hold_for_the_repairs(sample: KnowledgeBase) -> None:
    found = sample.ask("what broke since 2026-10-20?")
    repairs = [c for c in found.citations if f"“{c.passage}” —" in found.text]
    assert repairs
    assert found.filters.since is not None
    for citation in repairs:
        record = sample.record(citation.change_id)
        assert record.change.merged_at >= found.filters.since
        assert {"bugfix", "revert"} & set(record.analysis.types)


def test_what_nothing_repaired_is_answered_as_any_question(sample: KnowledgeBase) -> None:
    found = sample.ask("Which change broke the flux capacitor of the time machine?")
    assert found.abstained
