"""A question in the terms of the indexes: which tokens to look for, which English to encode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from kb.text.asking import matter
from kb.text.glossary import in_english, segments
from kb.text.stemmer import stem
from kb.text.thesaurus import other_names, other_words
from kb.text.tokenizer import chunk_tokens, has_cjk, spelt_out, tokens, words
from kb.types.noun import noun

# Words that say nothing of a change; what a person wraps a question in counts among them.
_STOP_WORDS = (
    "a an the of to in on for and or is are was were be been with without by from at as it its that "
    "this these those when where which who what why how did do does has have had not no can could "
    "should would will into than then there they them their our we you your i if so but after before "
    "during while over under only also some any all each more most other such via per let make makes "
    "made get gets use used uses using new"
)
STOP_TOKENS = frozenset(stem(word) for word in _STOP_WORDS.split()) | frozenset(
    "的了在和与及是有对把被为将由到从中下上时后前并且或但不也都"
)
MOST_TOKENS = 64  # a pasted log is cut: every further word costs time and adds noise
MOST_OTHERS = 96
# Two plain words with nothing but a space between them; the second may be the first of the next.
_APART = re.compile(r"(?<![\w/.-])([A-Za-z]{2,}) (?=([A-Za-z]{2,})(?![\w/.-]))")
# Of the text that is encoded, with the other names behind the question: with three times as many
# and no end of letters one question of 144 more was answered, and the longest tenth took half again
# as long.
MOST_LETTERS, MOST_OTHER_TERMS = 160, 4


@noun
class Question:
    """`tokens`: what to look for, in the order of the question; `others`: what counts less.

    `of_names`: the tokens that only a name of several words has. `encoded`: the text for the
    embedder. `sources`: the words as typed by the tokens that they became, to say what matched.
    """

    tokens: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    of_names: frozenset[str] = frozenset()
    encoded: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def understand(text: str) -> Question:
    """A Chinese question is looked for by the glossary's English and, less, as it stands; of a
    question in English what it is about. Two words may be one name in the code: of "lock file"
    `lockfile` and `LockFile` are looked for too, as a name and its parts are."""
    text = matter(text)
    sources: dict[str, str] = {}
    wanted: dict[str, None] = {}
    others: dict[str, None] = {}
    alone: set[str] = set()
    for segment in segments(text):
        for place, rendering in enumerate(segment.renderings):
            found = tokens(rendering)
            sources.update((token, segment.text) for token in found if token not in sources)
            (others if place else wanted).update(dict.fromkeys(found))
            alone.update(found)
        for word in words(segment.text):
            found = list(chunk_tokens(word))
            if has_cjk(word) and len(word) > 1:
                found = [token for token in found if len(token) > 1]  # bigrams say it better
            sources.update((token, word) for token in found if token not in sources)
            (others if has_cjk(word) else wanted).update(dict.fromkeys(found))
            if len(found) == 1 or has_cjk(word):
                alone.update(found)
    english = (in_english(text) or text) if has_cjk(text) else text
    for term in other_words(english):
        others.update(dict.fromkeys(tokens(term)))
    if not wanted:  # Chinese of which the glossary knows nothing
        wanted, others = others, {}
    for first, second in _APART.findall(english):
        if STOP_TOKENS.isdisjoint((stem(first.lower()), stem(second.lower()))):
            token = stem(f"{first}{second}".lower())
            wanted.setdefault(token)
            sources.setdefault(token, f"{first} {second}")
    kept = [token for token in wanted if token not in STOP_TOKENS] or list(wanted)
    spare = [token for token in others if token not in STOP_TOKENS and token not in wanted]
    return Question(
        tokens=tuple(kept[:MOST_TOKENS]),
        others=tuple(spare[:MOST_OTHERS]),
        of_names=frozenset(kept).difference(alone),
        encoded=_to_encode(english),
        sources=sources,
    )


def _to_encode(english: str) -> str:
    """The question with its names as words, as titles are embedded, and other names of its things.

    Names only: with the groups of plain words too, nDCG@10 was 0.03 lower on average over three
    repositories that the thesaurus was not written for, and 0.02 higher on the one that it was.
    """
    names = other_names(english)[:MOST_OTHER_TERMS]
    while names and len(english) + len(", ".join(names)) > MOST_LETTERS:
        names = names[:-1]
    if names:
        english = f"{english} ({', '.join(names)})"
    return spelt_out(english)
