"""A question in the terms of the indexes: which tokens to look for, which English to encode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.text.glossary import in_english, segments
from kb.text.stemmer import stem
from kb.text.tokenizer import chunk_tokens, has_cjk, tokens, words

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


@dataclass(frozen=True, slots=True)
class Question:
    """`tokens`: what to look for, in the order of the question; `english`: what is encoded.

    `sources`: the words as typed by the tokens that they became, to say what matched.
    """

    tokens: tuple[str, ...]
    english: str
    sources: Mapping[str, str] = field(default_factory=dict)


def understand(text: str) -> Question:
    """A Chinese question is looked for as it stands and by the glossary's English."""
    sources: dict[str, str] = {}
    for segment in segments(text):
        for rendering in segment.renderings:
            for token in tokens(rendering):
                sources.setdefault(token, segment.text)
        for word in words(segment.text):
            for token in chunk_tokens(word):
                sources.setdefault(token, word)
    wanted = [token for token in sources if token not in STOP_TOKENS] or list(sources)
    english = (in_english(text) or text) if has_cjk(text) else text
    return Question(tuple(wanted[:MOST_TOKENS]), english, sources)
