"""The spellings of a reference to a change: #12, o/r#12, PR 12, [1], a SHA; and of a range of them."""

from __future__ import annotations

import re

REFERENCE = re.compile(
    r"(?P<repo>(?<![\w/.-])[\w.-]+/[\w.-]+)?\#\s?(?P<number>\d+)"
    r"|(?:\b(?:PRs?|MRs?|pull(?:\s+requests?)?|merge\s+requests?|issues?|GH)|合并请求|拉取请求)"
    r"[\s:-]*(?:number|no\.?|№|!|编号|第)?\s*\#?(?P<worded>\d+)(?![\w.]*[\w%])"
    r"|(?P<counted>\d+)\s*号\s*(?:PR|拉取请求|合并请求|提交)"
    r"|(?<![\w)])!(?P<bang>\d+)\b"
    r"|(?:\b(?:pull|issues)/)(?P<path>\d+)"
    r"|\[(?P<index>\d+(?:\s*[,、]\s*\d+)*)\]|【(?P<index2>\d+(?:\s*[,、]\s*\d+)*)】"
    r"|(?<![\w#./-])(?P<sha>(?:(?=[0-9a-f]*\d)|(?<=\bcommit\s)|(?<=提交\s))(?=[0-9a-f]*[a-f])[0-9a-f]{7,40})(?![\w-])",
    re.IGNORECASE,
)
RANGE = re.compile(
    r"\#\d+\s*(?:-|–|—|~|～|\.{2,}|…|至|到|\bto\b|\bthrough\b|\bthru\b)\s*(?:PR\s*)?\#?\d+"
    r"|\[\d+\s*[-–—~]\s*\d+\]",
    re.IGNORECASE,
)
CODE = re.compile(r"`+([^`]+)`+")


def without_references(text: str, keep_length: bool = False) -> str:
    return REFERENCE.sub(lambda match: " " * len(match[0]) if keep_length else " ", text)
