"""Sentences of a description that are no facts of its change: how it was before, and how it was tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from kb.text.sections import sections

# Where an author comes to the change itself: what was said until there is what it ends.
_COMES_TO_IT = re.compile(
    r"(?:in )?(?:this|the) (?:pr|pull request|mr|change|patch|commit|fix)\b(?! (?:also|additionally|further))"
    r"|to (?:fix|solve|address|resolve|avoid|prevent|remedy) (?:this|that|it|these)\b|(?:本|这个|该)\s?(?:pr|提交|改动|变更|补丁|修改)",
    re.IGNORECASE,
)
# It tells of the change wherever it stands: it names it, says how it is now, or says what was done.
_OF_THE_CHANGE = re.compile(
    r".*\b(?:(?:this|the) (?:pr|pull request|mr|change|patch|commit|fix)|now|no longer)\b|.*(?:本|这个|该)\s?(?:pr|提交|改动|变更|补丁|修改)"
    r"|(?:add|allow|apply|avoid|backfill|build|bump|call|chang|check|clean|collect|comput|convert|correct|creat|decid|defer|deprecat|"
    r"detect|disabl|document|drop|emit|enabl|ensur|expand|expos|extend|extract|fix|generat|guard|handl|ignor|implement|improv|"
    r"includ|infer|inlin|introduc|keep|let|limit|load|lower|mak|mark|merg|migrat|model|mov|narrow|normali[sz]|optimi[sz]|parse|"
    r"pass|pin|port|prefer|preserv|prevent|print|propagat|provid|rais|read|recogni[sz]|record|reduc|refactor|register|reject|"
    r"releas|remov|renam|replac|report|require|reset|resolv|restor|return|reus|revert|rout|run|send|separat|shar|show|simplif|skip|"
    r"sort|split|stop|stor|strip|support|switch|teach|tighten|track|treat|trim|unif|unwrap|updat|upgrad|us|validat|wait|warn|wir|"
    r"wrap|writ)(?:e|y|es|s|ies|d|ed|ied)?\b"
    r"|(?:新增|增加|添加|支持|修复|修改|优化|移除|删除|重构|引入|实现)",
    re.IGNORECASE,
)


@lru_cache(maxsize=16)  # its quote and its caveat are asked for one after the other
def asides(
    body: str, sentences: Callable[[str], list[str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """(What tells how it was before, what tells how it was tried) of a description."""
    before: set[str] = set()
    tried: set[str] = set()
    for kind, text in sections(body):
        said = sentences(text)
        if kind == "tried":
            tried.update(said)
            continue
        start = next((n for n, sentence in enumerate(said) if _COMES_TO_IT.match(sentence)), 0)
        before.update(
            sentence
            for number, sentence in enumerate(said)
            if (kind == "before" or number < start) and not _OF_THE_CHANGE.match(sentence)
        )
    return frozenset(before), frozenset(tried)
