"""What broke something: its repairs, each with the change that it names or whose lines it replaced.

Hardly a change says of itself that it breaks something; the repair does, or its diff shows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kb.types import ChangeRecord, LineOrigin, Relation

OF_A_REPAIR = 2  # changes that are named for one repair
LEAST_SHARE = 0.2  # of the lines that it replaced
_LINKS = ("reverts", "fixes")
_CHANGE = r"(?:change|commit|pull\s+request|pr|patch|merge|refactor(?:ing)?|update|release|version)"
_FAULT = (
    r"(?:regressions?|bugs?|breakages?|crash(?:es)?|failures?|faults?|hang|deadlocks?|leaks?|errors?"
    r"|exceptions?|slowdowns?|issues?|problems?|oom)"
)
_NOT_INTO = r"(?!\s+(?:into|down|up|out|off)\b)"  # a class that is broken up works
# "What breaks?" asks for breaking changes.
_WHAT_BROKE = re.compile(
    rf"\b(?:(?:which|what|whose)(?:\s+{_CHANGE})?|who)\s+(?:(?:may|might|could)\s+have\s+|(?:has|have|had)\s+)?"
    rf"(?:(?:broken?|regressed)\b{_NOT_INTO}"
    rf"|(?:caused|introduced|brought|triggered|led\s+to)\b(?=.*\b{_FAULT}\b))"
    r"|\b(?:when|why|how)\s+(?:did|has|have|was|were|is|are)\b(?P<thing>.+)"
    rf"\b(?:break|broken|regress(?:ed)?|stop(?:ped)?\s+working)\b{_NOT_INTO}"
    r"|\bwhere\s+(?:does|did|do)\b(?P<fault>.*\bregressions?\b.*)\bcome\s+from\b",
    re.IGNORECASE | re.DOTALL,
)
_CHANGE_ZH = r"(?:一?[个次些])?\s*(?:改动|变更|修改|提交|合并|重构|更新|版本|PR|pr|commit)?\s*"
_WHICH_ZH = rf"是?被?(?:哪{_CHANGE_ZH}|什么{_CHANGE_ZH}|谁(?:的{_CHANGE_ZH})?)"
_FAULT_ZH = r"(?:问题|错误|报错|异常|崩溃|故障|回归|退化|卡死|卡住|死锁|泄漏|泄露|失败|失效|变慢|bug|Bug|BUG|OOM)"
_BROKE_ZH = r"(?:弄坏|搞坏|改坏|写坏|破坏)"
_CAUSED_ZH = r"(?:导致|引起|引入|造成|带来)"
_WHAT_BROKE_ZH = re.compile(
    rf"{_WHICH_ZH}(?:[把让使](?P<thing>.+?))?{_BROKE_ZH}了?的?"
    rf"|{_WHICH_ZH}{_CAUSED_ZH}了?(?=.*{_FAULT_ZH})"
    rf"|(?P<fault>.*{_FAULT_ZH}.*?)是?[由因]?{_WHICH_ZH}{_CAUSED_ZH}了?的?"
    r"|是?从?(?:什么时候|何时|哪天)(?:开始|起)?被?(?:坏|失效|不能用|不工作)了?的?",
    re.DOTALL,
)
_BROKEN = re.compile(rf"\b(?:broken?|breaks|regress\w*)\b|{_BROKE_ZH}|回归|退化", re.IGNORECASE)


class Traced(Protocol):
    """What culprits are read from; the facade satisfies it."""

    def relations(self, ids: Sequence[str]) -> list[Relation]: ...

    def line_origins(self, change_id: str, limit: int = 3) -> list[LineOrigin]: ...

    def records(self, change_ids: Sequence[str]) -> list[ChangeRecord]: ...


@dataclass(frozen=True, slots=True)
class Culprit:
    """A change that a repair names (`kind` reverts or fixes), or whose lines it replaced (lines)."""

    record: ChangeRecord
    kind: str
    passage: str  # the repair's words, or the longest of the lines
    lines: int = 0
    of: int = 0


def what_broke(question: str) -> str | None:
    """The thing that the question says is broken, "" where it names none; None where it does not ask
    for what broke."""
    match = _WHAT_BROKE.search(question) or _WHAT_BROKE_ZH.search(question)
    if match is None:
        return None
    inside = (text for text in match.groupdict().values() if text)
    said = " ".join([question[: match.start()], *inside, question[match.end() :]])
    return " ".join(said.split()).strip(" ?？.。!！,，")


def says_broken(text: str) -> bool:
    """Whether a repair says that something had worked before."""
    return _BROKEN.search(text) is not None


def culprits(reader: Traced, repair: ChangeRecord) -> list[Culprit]:
    """What a repair names itself; else the changes that brought much of what it replaced."""
    links = [
        link
        for link in reader.relations([repair.id])
        if link.source == repair.id and link.kind in _LINKS
    ]
    named = {record.id: record for record in reader.records([link.target for link in links])}
    found = [
        Culprit(named[link.target], link.kind, link.evidence)
        for link in links
        if link.target in named
    ]
    if not found:
        origins = reader.line_origins(repair.id, OF_A_REPAIR)
        found = [
            Culprit(item.record, "lines", item.line, item.lines, item.of)
            for item in origins
            if item.lines >= LEAST_SHARE * item.of
        ]
    return found[:OF_A_REPAIR]
