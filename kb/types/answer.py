"""What is written about changes: answers with citations, and a model's prose."""

from __future__ import annotations

from collections.abc import Mapping

from kb.types.noun import noun
from kb.types.query import Filters


@noun
class Citation:
    """A place in an answer that stands on a change."""

    index: int  # [1] in the text
    change_id: str
    title: str
    url: str | None
    passage: str


@noun
class Answer:
    """What is known of a question, with the changes that it stands on."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    abstained: bool
    method: str  # "quotes", "traced" (repairs, and whose lines they replaced) or the model's name
    removed: tuple[str, ...] = ()  # sentences that the verifier took out, with why
    filters: Filters = Filters()
    notes: tuple[str, ...] = ()


@noun
class ChangeProse:
    """What a model wrote of a change, after verification; texts by language."""

    change_id: str
    summary: Mapping[str, str]
    impact: Mapping[str, tuple[str, ...]]
    insights: Mapping[str, Mapping[str, str]]  # language -> dimension -> text
    risks: Mapping[str, tuple[str, ...]]
    suggestions: Mapping[str, tuple[str, ...]]
    verdict: Mapping[str, str]
    model: str
    prompt_version: str
    input_hash: str
    not_seen: tuple[str, ...] = ()
