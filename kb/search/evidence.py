"""Why a change was found: the passage that matched, the words in it, and who ranked it where."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from kb.analysis.commit_titles import commit_titles
from kb.phrases import phrase
from kb.text.tokenizer import chunk_tokens, has_cjk, parts, words
from kb.types.noun import noun

if TYPE_CHECKING:
    from kb.search.question import Question
    from kb.types import ChangeRecord

PASSAGE_LETTERS = 320
STEM_LETTERS = 4
TEXTS_KEPT = 16_384
Best = tuple[float, str, str]  # score, field, passage


@dataclass(slots=True)
class Trail:
    """What the retrievers said of one change; `vectors`: (rank, cosine, chunk) by kind."""

    ranks: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, tuple[int, float, int]] = field(default_factory=dict)


@noun
class Evidence:
    passage: str
    kind: str
    matched: tuple[str, ...]
    found_by: tuple[str, ...]


class Words:
    """The question's words, looked for in texts. One for all hits of a question: what a word of
    theirs comes to is looked up once."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._order = {token: place for place, token in enumerate(question.tokens)}
        # Every form of a word, and of a compound, begins like its token.
        self._beginnings = sorted({token[:STEM_LETTERS] for token in question.tokens})
        self._known: dict[str, tuple[str, ...]] = {}
        self._matches: dict[str, tuple[dict[str, list[str]], Best]] = {}

    def matches(self, record: ChangeRecord) -> tuple[dict[str, list[str]], Best]:
        """The question's words by field of a change, and its line with most of them."""
        found = self._matches.get(record.id)
        if found is None:
            found = self._matches[record.id] = self._matched(record)
        return found

    def _matched(self, record: ChangeRecord) -> tuple[dict[str, list[str]], Best]:
        fields: dict[str, list[str]] = {}
        best: Best = (0.0, "title", record.change.title)
        by_field = _texts(record)
        everywhere = self.within([text for texts in by_field.values() for text in texts])
        start = 0
        for kind, texts in by_field.items():
            end = start + len(texts)
            found = {place: everywhere[place] for place in everywhere if start <= place < end}
            fields[kind] = self.in_order(token for matched in found.values() for token in matched)
            for place, matched in found.items():
                score = len(matched) + (0.5 if kind == "title" else 0.0)  # the title wins a draw
                if score > best[0]:
                    best = (score, kind, _around(texts, place - start))
            start = end
        return fields, best

    def within(self, texts: Sequence[str]) -> dict[int, set[str]]:
        """Which tokens of the question the texts have, by place; a text without is left out.

        Only what stands between two spaces around a beginning is split into words."""
        between = " \n "
        starts = list(accumulate((len(text) + len(between) for text in texts), initial=0))
        joined = between.join(texts)
        # The one letter that is two in lower case would move all that follows.
        lower = joined.replace("\u0130", "i").lower()
        found: dict[int, set[str]] = {}
        for beginning in self._beginnings:
            at = lower.find(beginning)
            while at >= 0:
                left = lower.rfind(" ", 0, at) + 1
                right = lower.find(" ", at)
                if right < 0:
                    right = len(lower)
                matched = self._of(joined[left:right])
                if matched:
                    found.setdefault(bisect_right(starts, at) - 1, set()).update(matched)
                at = lower.find(beginning, right)
        return {place: found[place] for place in sorted(found)}

    def in_order(self, tokens: Iterable[str]) -> list[str]:
        """As the question has them."""
        return sorted(set(tokens), key=self._order.__getitem__)

    def _of(self, text: str) -> tuple[str, ...]:
        found = self._known.get(text)
        if found is None:
            found = tuple(token for token in _tokens(text) if token in self._order)
            self._known[text] = found
        return found


@lru_cache(TEXTS_KEPT)
def _tokens(text: str) -> tuple[str, ...]:
    """Of what stands between two spaces, which the changes of a repository have in common."""
    return tuple(token for word in words(text) for token in chunk_tokens(word))


def evidence(record: ChangeRecord, asked: Words, trail: Trail, lang: str) -> Evidence:
    """The best passage is the line with most of the question's words, else the nearest vector's."""
    fields, best = asked.matches(record)
    _, kind, passage = _nearest(record, trail, best)
    everywhere = asked.in_order(token for tokens in fields.values() for token in tokens)
    return Evidence(
        passage,
        kind,
        _as_typed(everywhere, asked.question),
        tuple(_reasons(fields, asked.question, trail, lang)),
    )


def _texts(record: ChangeRecord) -> dict[str, Sequence[str]]:
    digest = record.digest
    symbols = (*digest.symbols_added, *digest.symbols_changed, *digest.symbols_removed)
    return {
        "title": [record.change.title],
        "text": [*digest.description.split("\n"), *commit_titles(record.change)],
        "diff": digest.comments,
        "symbols": [symbol.name for symbol in symbols] + [flag.name for flag in digest.flags],
        "paths": [file.path for file in record.change.files],
        "review": [comment.text for thread in record.change.reviews for comment in thread.comments],
    }


def _nearest(record: ChangeRecord, trail: Trail, best: Best) -> Best:
    """The passage of the nearest vector, where the words point no better than to the title."""
    nearest = min(trail.vectors, key=lambda kind: trail.vectors[kind][0], default="title")
    if nearest == "title" or best[1] != "title" or best[0] >= 2:
        return best
    chunk = trail.vectors[nearest][2]
    if nearest == "text" and not chunk:  # the paths and names in words of its text nobody said
        said = record.digest.description
        return (best[0], nearest, _cut(said)) if said else best
    from kb.analysis.passages import passages

    for passage in passages(record.change, record.digest):
        if (passage.kind, passage.chunk) == (nearest, chunk):
            body = passage.text.partition("\n")[2].strip() or passage.text
            return best[0], nearest, _cut(body)
    return best


def _around(texts: Sequence[str], place: int) -> str:
    """A line with what follows it, up to the length of a passage."""
    text = texts[place]
    for following in texts[place + 1 :]:
        if len(text) + len(following) >= PASSAGE_LETTERS:
            break
        text += "\n" + following
    return _cut(text)


def _cut(text: str) -> str:
    text = text.strip()
    if len(text) <= PASSAGE_LETTERS:
        return text
    return text[:PASSAGE_LETTERS].rsplit(" ", 1)[0].rstrip() + " …"


def _as_typed(tokens: Sequence[str], question: Question) -> tuple[str, ...]:
    """The words as they were typed; of a compound that is not there as a whole the parts that are:
    "v11" has the 11 of IE11, and nothing of IE."""
    found = frozenset(tokens)
    return tuple(dict.fromkeys(_typed(token, found, question) for token in tokens))


def _typed(token: str, found: frozenset[str], question: Question) -> str:
    word = question.sources.get(token, token)
    compound, *rest = chunk_tokens(word) or (token,)
    if token == compound or compound in found or has_cjk(word) or found.issuperset(rest):
        return word
    return next((part for part in parts(word) if token in chunk_tokens(part)), token)


def _reasons(
    fields: Mapping[str, Sequence[str]], question: Question, trail: Trail, lang: str
) -> Iterable[str]:
    if "exact" in trail.ranks:
        yield phrase("search.found.exact", lang)
    if "lexical" in trail.ranks:
        places = "; ".join(
            phrase(f"search.field.{name}", lang) + ": " + ", ".join(_as_typed(tokens, question))
            for name, tokens in fields.items()
            if tokens
        )
        yield phrase("search.found.words", lang, rank=trail.ranks["lexical"], places=places)
    for kind, (rank, score, _) in sorted(trail.vectors.items(), key=lambda item: item[1][0]):
        name = phrase(f"search.vector.{kind}", lang)
        yield phrase("search.found.vector", lang, name=name, rank=rank, cosine=f"{score:.2f}")
    if "rerank" in trail.ranks:
        yield phrase("search.found.rerank", lang, rank=trail.ranks["rerank"])
