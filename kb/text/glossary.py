"""Chinese terms in English: a general glossary of software and machine learning (`glossary.tsv`).

It serves Chinese questions about histories that are written in English, and reports in Chinese.
The file is read when the first Chinese text is asked for; an English search never touches it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb.text.tokenizer import has_cjk, normalize

GLOSSARY = Path(__file__).with_name("glossary.tsv")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text: a term of the glossary with its renderings, or text without any."""

    text: str
    renderings: tuple[str, ...] = ()


@cache
def glossary() -> dict[str, tuple[str, ...]]:
    """Chinese term -> English renderings, the usual one first."""
    terms: dict[str, tuple[str, ...]] = {}
    for line in GLOSSARY.read_text("utf-8").splitlines():
        term, tab, renderings = line.partition("\t")
        if tab and not line.startswith("#"):
            terms[term] = tuple(renderings.split("; "))
    return terms


def segments(text: str) -> list[Segment]:
    """The text cut at the longest terms of the glossary, from left to right."""
    text = normalize(text)
    if not has_cjk(text):
        return [Segment(text)] if text else []
    terms, longest = _by_first()
    found: list[Segment] = []
    start = at = 0
    while at < len(text):
        for length in range(min(longest.get(text[at], 0), len(text) - at), 0, -1):
            renderings = terms.get(text[at : at + length])
            if renderings:
                if start < at:
                    found.append(Segment(text[start:at]))
                found.append(Segment(text[at : at + length], renderings))
                at += length
                start = at
                break
        else:
            at += 1
    if start < len(text):
        found.append(Segment(text[start:]))
    return found


def in_english(text: str) -> str:
    """A rough English rendering: known terms by their usual word, names and numbers as they stand.

    Chinese without a term is left out, because an English embedder makes noise of it.
    """
    words = []
    for segment in segments(text):
        if segment.renderings:
            words.append(segment.renderings[0])
        else:
            words.append("".join(" " if has_cjk(sign) else sign for sign in segment.text))
    return " ".join(" ".join(words).split())


@cache
def _by_first() -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """The terms, and the length of the longest one by first character."""
    terms = glossary()
    longest: dict[str, int] = {}
    for term in terms:
        longest[term[0]] = max(longest.get(term[0], 0), len(term))
    return terms, longest
