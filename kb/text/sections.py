"""Which of a description's sections tell how it was before its change, and which how it was tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from kb.text.description import heading_words, read_lines

Kind = Literal["before", "tried", "said"]

_BEFORE = re.compile(
    r"""(?ix)
    (?:the\ )?(?:bug|problem|issue|motivation|background|context|(?:root\ )?cause|symptoms?|failure|crash|regression)(?:\ (?:statement|description|summary))?
      | repro(?:duc\w+)?\b.{0,30} | steps\ to\ reproduce | (?:current|previous|old|existing)\ (?:behaviou?r|state|situation) | before
      | (?:what's|what\ (?:is|was|went))\ (?:the\ (?:bug|problem|issue)|wrong)\b.{0,20} | why\b.{0,40}
      | 背景 | 动机 | 问题(?:描述|背景)? | (?:问题)?(?:根因|原因)(?:分析)? | 现状 | 复现(?:步骤)?
    """
)
_TRIED = re.compile(
    r"(?i)(?:unit |how .{0,20})?(?:test(?:s|ed|ing)?|verif\w+|validat\w+)(?: (?:plan|results?|coverage|performed|done|cases?))?|how .{0,30}tested\b.{0,20}|.{0,30}\bexisting tests|测试.{0,6}|验证.{0,6}"
)
_SOLUTION = re.compile(
    r"(?i)(?:the |proposed |our )?(?:fix(?:es)?|solutions?|approach|resolution)|修复(?:方案|方法|内容)?|解决(?:方案|办法)?|方案"
)
_SUMMARY = re.compile(r"(?i)(?:summary|overview|tl;?dr|purpose|what\b.*|摘要|概述|目的)")
_TICK = re.compile(r"^(\s*[-*+]) \[[ xX✓✔]?\](?= )")


def sections(body: str) -> Iterator[tuple[Kind, str]]:
    """The sections in their order, each with its kind and its text without code and heading.

    What stands above the heading of a solution is what it solves, unless it is called a summary.
    """
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in read_lines(body):
        if line.level:
            parts.append((heading_words(line.text), []))
        elif not line.code:
            parts[-1][1].append(_TICK.sub(r"\1", line.text))
    solution = next(
        (number for number, (heading, _) in enumerate(parts) if _SOLUTION.fullmatch(heading)), 0
    )
    for number, (heading, lines) in enumerate(parts):
        kind: Kind = "said"
        if _TRIED.fullmatch(heading):
            kind = "tried"
        elif _BEFORE.fullmatch(heading) or (number < solution and not _SUMMARY.fullmatch(heading)):
            kind = "before"
        yield kind, "\n".join(lines)
