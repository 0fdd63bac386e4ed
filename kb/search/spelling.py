"""Slips of the finger: for a word that no change holds, one that some do is looked for too.

The two are a letter apart. Only for a plain word of five letters or more, because every short one is
a letter away from others, and because a name that is not there is a name that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.text.stemmer import stem

if TYPE_CHECKING:
    from kb.search.question import Question

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST, LONGEST = 5, 32  # letters; the edits of a word grow with their square
LEAST_CHANGES = 2  # a spelling that one change has may be a slip itself
MOST_SLIPS = 3  # a text with more of them is no question about this history, and each costs 5 ms
_WORD = re.compile(r"(?<![\w./:-])[A-Za-z][a-z]+(?![\w/:-]|\.\w)")


def respelled(text: str, count: Callable[[str, int], int]) -> dict[str, str]:
    """The words of the text that nothing holds, each with what it may have been meant to be.

    `count(token, most)`: how many changes hold a token, counted up to `most`.
    """
    found: dict[str, str] = {}
    slips = 0
    for word in dict.fromkeys(_WORD.findall(text)):
        if not SHORTEST <= len(word) <= LONGEST or slips == MOST_SLIPS:
            continue
        if count(stem(word.lower()), 1):
            continue
        slips += 1
        likely = _likely(word.lower(), count)
        if likely is not None:
            found[word] = likely
    return found


def with_spellings(question: Question, spellings: Mapping[str, str]) -> Question:
    """The question with the likely spellings among the words to look for.

    What is encoded stays as typed: the word may be right, and only new to this history.
    """
    meant = {stem(spelling): word for word, spelling in spellings.items()}
    return replace(
        question,
        tokens=(*question.tokens, *(token for token in meant if token not in question.tokens)),
        sources={**meant, **question.sources},
    )


def _likely(word: str, count: Callable[[str, int], int]) -> str | None:
    """The spelling a letter away that most changes hold; of equal ones the first by alphabet."""
    spellings: dict[str, str] = {}
    for spelling in sorted(set(_a_letter_away(word))):
        spellings.setdefault(stem(spelling), spelling)
    known = {token: count(token, 1000) for token in spellings if count(token, LEAST_CHANGES) > 1}
    if not known:
        return None
    return spellings[max(known, key=lambda token: known[token])]


def _a_letter_away(word: str) -> Iterator[str]:
    """Norvig's edits: a letter missing, two exchanged, one wrong, one too many; never the first."""
    for place in range(1, len(word) + 1):
        before, after = word[:place], word[place:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in LETTERS:
            if after:
                yield before + letter + after[1:]
            yield before + letter + after
