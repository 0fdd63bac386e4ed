"""Why a change was found: the passage that matched, the words in it, and who ranked it where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kb.phrases import phrase
from kb.search.question import Question
from kb.text.tokenizer import chunk_tokens, words
from kb.types import ChangeRecord

PASSAGE_LETTERS = 320
STEM_LETTERS = 4  # of a word stand at the start of every form of it


@dataclass(slots=True)
class Trail:
    """What the retrievers said of one change; `vectors`: (rank, cosine, chunk) by kind."""

    ranks: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, tuple[int, float, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    passage: str
    kind: str
    matched: tuple[str, ...]
    found_by: tuple[str, ...]


def evidence(record: ChangeRecord, question: Question, trail: Trail, lang: str) -> Evidence:
    """The best passage is the line with most of the question's words, else the nearest vector's."""
    wanted = frozenset(question.tokens)
    likely = _likely(wanted)
    fields: dict[str, dict[str, None]] = {}
    best: tuple[float, str, str] = (0.0, "title", record.change.title)
    for kind, texts in _texts(record).items():
        found = fields.setdefault(kind, {})
        for place, text in enumerate(texts):
            if likely is None or not likely.search(text):
                continue
            matched = _matched(text, wanted, likely)
            found.update(matched)
            score = len(matched) + (0.5 if kind == "title" else 0.0)  # the title wins a draw
            if score > best[0]:
                best = (score, kind, _around(texts, place))
    _, kind, passage = _nearest(record, trail, best)
    everywhere = {token: None for tokens in fields.values() for token in tokens}
    return Evidence(
        passage,
        kind,
        _as_typed(everywhere, question),
        tuple(_reasons(fields, question, trail, lang)),
    )


def _texts(record: ChangeRecord) -> dict[str, Sequence[str]]:
    digest = record.digest
    symbols = (*digest.symbols_added, *digest.symbols_changed, *digest.symbols_removed)
    return {
        "title": [record.change.title],
        "text": digest.description.split("\n"),
        "diff": digest.comments,
        "symbols": [symbol.name for symbol in symbols] + [flag.name for flag in digest.flags],
        "paths": [file.path for file in record.change.files],
        "review": [comment.text for thread in record.change.reviews for comment in thread.comments],
    }


def _likely(wanted: frozenset[str]) -> re.Pattern[str] | None:
    """What a text with one of the tokens holds: the beginnings of stems. Cheaper than its tokens."""
    if not wanted:
        return None
    beginnings = {re.escape(token[:STEM_LETTERS]) for token in wanted}
    return re.compile("|".join(sorted(beginnings)), re.IGNORECASE)


def _matched(text: str, wanted: frozenset[str], likely: re.Pattern[str]) -> dict[str, None]:
    return {
        token: None
        for word in words(text)
        if likely.search(word)
        for token in chunk_tokens(word)
        if token in wanted
    }


def _nearest(
    record: ChangeRecord, trail: Trail, best: tuple[float, str, str]
) -> tuple[float, str, str]:
    """The passage of the nearest vector, where the words point no better than to the title."""
    nearest = min(trail.vectors, key=lambda kind: trail.vectors[kind][0], default="title")
    if nearest == "title" or best[1] != "title" or best[0] >= 2:
        return best
    from kb.analysis.passages import passages

    chunk = trail.vectors[nearest][2]
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


def _as_typed(tokens: Iterable[str], question: Question) -> tuple[str, ...]:
    return tuple(dict.fromkeys(question.sources.get(token, token) for token in tokens))


def _reasons(
    fields: Mapping[str, Mapping[str, None]], question: Question, trail: Trail, lang: str
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
