"""Chinese terms in English: a general glossary of software and machine learning (`glossary.tsv`).

It serves Chinese questions about histories that are written in English, and reports in Chinese.
The file is read when the first Chinese text is asked for; an English search never touches it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kb.text.tokenizer import has_cjk, normalize

GLOSSARY = Path(__file__).with_name("glossary.tsv")


class Segment(NamedTuple):
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


def in_chinese(term: str) -> str | None:
    """The Chinese of an English term, word by word where the glossary has no term for the whole;
    None where a word of it is unknown, as names are."""
    known = _by_rendering()
    whole = " ".join(re.split(r"[\s_-]+", term.lower().strip()))
    found = [known.get(whole)]
    if found == [None]:
        found = [known.get(word) or known.get(word.removesuffix("s")) for word in whole.split()]
    return "".join(word for word in found if word) if all(found) and found else None


@cache
def _by_rendering() -> dict[str, str]:
    """English rendering -> Chinese term: of several the one that means it first, then the shortest."""
    found: dict[str, tuple[int, int, str]] = {}
    for term, renderings in glossary().items():
        if any(sign.isascii() for sign in term):
            continue  # `KV缓存`: the name stays with its word
        for place, rendering in enumerate(renderings):
            rank = (place, len(term), term)
            found[rendering.lower()] = min(found.get(rendering.lower(), rank), rank)
    return {rendering: term for rendering, (_, _, term) in found.items()}


@cache
def _by_first() -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """The terms, and the length of the longest one by first character."""
    terms = glossary()
    longest: dict[str, int] = {}
    for term in terms:
        longest[term[0]] = max(longest.get(term[0], 0), len(term))
    return terms, longest
