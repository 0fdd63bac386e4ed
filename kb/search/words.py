"""The lexical retriever: BM25 over six fields, where another word for what was asked counts less."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from kb.store.lexical_index import LexicalQuery, search

if TYPE_CHECKING:
    from kb.search.question import Question
    from kb.store.archive import Archive
    from kb.store.word_scores import WordScores

# Measured on the development questions of sglang and checked on other repositories.
FIELD_WEIGHTS = {
    "title": 4.0,
    "body": 1.0,
    "paths": 1.0,
    "symbols": 2.0,
    "comments": 1.0,
    "reviews": 0.5,
}
OTHER_WORD = 0.3
OF_A_NAME = 0.7  # `gpt-oss` is looked for as gptoss, gpt and oss: three words for one
OTHERS_DEPTH = 2000


def by_words(
    archive: Archive,
    question: Question,
    rowids: Collection[int] | None,
    limit: int,
    scores: WordScores | None = None,
) -> list[tuple[int, float]]:
    """(rowid, score), best first; equal scores by rowid. `rowids`: only these changes.

    `scores`: what a resident process keeps of the words; FTS5 says the same without it."""
    plain = [token for token in question.tokens if token not in question.of_names]
    of_names = [token for token in question.tokens if token in question.of_names]
    depth = max(limit, OTHERS_DEPTH)
    groups = [
        (plain, 1.0, depth),
        (of_names, OF_A_NAME, depth),
        (question.others, OTHER_WORD, OTHERS_DEPTH),
    ]
    if scores is not None:
        return scores.search(archive, groups, rowids, limit)
    totals: dict[int, float] = {}
    for tokens, weight, depth in groups:
        query = LexicalQuery(any_of=tuple(tokens), weights=FIELD_WEIGHTS)
        for rowid, score in search(archive, query, rowids=rowids, limit=depth):
            totals[rowid] = totals.get(rowid, 0.0) + weight * score
    best = sorted([(-score, rowid) for rowid, score in totals.items()])[:limit]
    return [(rowid, -score) for score, rowid in best]
