"""Other words for the words of a question: synonyms, abbreviations and what they stand for.

`thesaurus.txt` is general, of software and machine learning. Someone who remembers "the adapter
crashed" should find "Fix segfault in LoRA"; what is found by another word counts less.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from kb.text.stemmer import stem
from kb.text.tokenizer import parts, words

THESAURUS = Path(__file__).with_name("thesaurus.txt")
LONGEST_TERM = 5  # words
# After a verb these may stand behind its object: "speed the loader up", "compile it at run time".
_PARTICLES = frozenset(["up", "down", "back", "out", "off", "on", "ahead", "away", "at"])
LONGEST_OBJECT = 4  # words
_KEY_LETTERS = 3  # terms are only stemmed where a word of the text begins alike


def other_words(text: str) -> tuple[str, ...]:
    """Terms that stand in a group with a term of the text; longer terms are matched first."""
    return tuple(dict.fromkeys(other for _, others in _matches(text) for other in others))


def other_names(text: str) -> tuple[str, ...]:
    """Names that stand in a group with a name of the text: "expert parallel" for "EP". One whose words
    were all said before is left out: "8-bit" after "8 bit".

    A plain word is no name: what "import", "test" or "argument" means differs by project, so its
    group would lead a question about one astray to another.
    """
    found = []
    said = set(_sequence(text))
    for term, others in _matches(text):
        for other in others if is_name(term) else ():
            if is_name(other) and not said.issuperset(_term(other)):
                found.append(other)
                said.update(_term(other))
    return tuple(found)


def same_things(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """(a term of the text, what is the same thing): of an abbreviation the words that it stands for,
    of several plain words the abbreviation of their group.

    A group holds more than that, for finding: TCP stands beside UDP, Mamba beside SSM.
    """
    found = []
    for term, others in _matches(text):
        if " " in term and term.islower():
            group = (term, *others)
            same = [other for other in others if any(_stands_for(other, item) for item in group)]
        else:
            same = [other for other in others if _stands_for(term, other)]
        if same:
            found.append((term, tuple(same)))
    return found


def _stands_for(short: str, term: str) -> bool:
    """Whether a term's initials are the abbreviation."""
    initials = "".join(word[0] for word in term.replace("-", " ").split())
    return short.isalpha() and short.isupper() and len(short) > 1 and initials.upper() == short


def is_name(term: str) -> bool:
    """Whether a term is more than one plain word: several words, an abbreviation, `all-reduce`."""
    return " " in term or "-" in term or not term.islower()


@lru_cache(8)  # words and names of a question are asked for one after the other
def _matches(text: str) -> list[tuple[str, list[str]]]:
    """(a term of the text as its group writes it, the other terms of that group)."""
    found: list[tuple[str, list[str]]] = []
    sequence = _sequence(text)
    known = _terms_like({word[:_KEY_LETTERS].lower() for word in (*sequence, *words(text))})
    taken: set[int] = set()
    for size in range(LONGEST_TERM, 0, -1):
        for places in _places(sequence, size, known):
            key = tuple(sequence[place] for place in places)
            if key not in known or not taken.isdisjoint(places):
                continue
            taken.update(places)
            for term, group in known[key]:
                found.append((term, [other for other in group if _term(other) != key]))
    return found


def _places(
    sequence: Sequence[str], size: int, known: Collection[tuple[str, ...]]
) -> Iterator[tuple[int, ...]]:
    """Where a term of so many words may stand: in a row, or around the object of its verb."""
    for start in range(len(sequence) - size + 1):
        yield tuple(range(start, start + size))
    verbs = {key[0] for key in known if len(key) == size > 1 and key[1] in _PARTICLES}
    for at, word in enumerate(sequence):
        if word in verbs:
            last = min(at + LONGEST_OBJECT + 1, len(sequence) - size + 1)
            for rest in range(at + 2, last + 1):
                yield (at, *range(rest, rest + size - 1))


Terms = list[tuple[str, tuple[str, ...]]]  # (term, its group)


@cache
def _groups() -> dict[tuple[str, str], Terms]:
    """By the first letters of the term, and by those before a space or hyphen: "kv" of a text
    begins "KV cache", whose third letter is a space."""
    by_letters: dict[tuple[str, str], Terms] = {}
    for line in THESAURUS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            group = tuple(term.strip() for term in line.split(","))
            for term in group:
                key = term.lstrip("-_.")[:_KEY_LETTERS].lower()
                first = key.split(" ")[0].split("-")[0]
                by_letters.setdefault((key, first), []).append((term, group))
    return by_letters


def _terms_like(letters: set[str]) -> dict[tuple[str, ...], Terms]:
    known: dict[tuple[str, ...], Terms] = {}
    for (key, first), terms in _groups().items():
        if key in letters or first in letters:
            for term, group in terms:
                known.setdefault(_term(term), []).append((term, group))
    return known


@cache
def _term(term: str) -> tuple[str, ...]:
    return tuple(_sequence(term))


def _sequence(text: str) -> list[str]:
    return [
        stem(part) if part.isascii() and part.isalpha() else part
        for word in words(text)
        for part in parts(word)
    ]
