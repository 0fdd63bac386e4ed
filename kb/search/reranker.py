"""A second look at the best hits by a model that reads question and change together.

None is configured by default. `search.reranker` names a cross-encoder of sentence-transformers
(a name or a folder); its order replaces the fused one of the best `DEPTH`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from kb.errors import StoreError

if TYPE_CHECKING:
    from kb.store.archive import Archive
    from kb.types import ChangeRecord

DEPTH = 50
LETTERS = 2000


class Reranker(Protocol):
    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers; higher is better."""
        ...


@lru_cache(maxsize=2)
def reranker_for(name: str) -> Reranker:
    """The cross-encoder of that name or folder. StoreError where it cannot be loaded."""
    from kb.embedders.cross_encoder import CrossEncoderReranker

    reranker: Reranker = CrossEncoderReranker(name)
    return reranker


def rerank(reranker: Reranker, question: str, texts: Sequence[str]) -> list[int]:
    """Places of `texts`, best first; equal scores keep their order."""
    scores = reranker.scores(question, [text[:LETTERS] for text in texts])
    if len(scores) != len(texts):
        raise StoreError(f"the reranker scored {len(scores)} of {len(texts)} texts", "kb doctor")
    return sorted(range(len(texts)), key=lambda place: -scores[place])


def reranked(
    archive: Archive,
    order: Sequence[tuple[int, float]],
    question: str,
    reranker: Reranker,
    read: dict[int, ChangeRecord],
) -> tuple[list[tuple[int, float]], dict[int, int]]:
    """The order with its best as the reranker puts them, and the ranks that it gave these by key.

    `read`: records that are at hand; those of the best are added."""
    head = dict(order[:DEPTH])
    read |= archive.by_rowids([key for key in head if key not in read])
    keys = [key for key in head if key in read]
    texts = [f"{read[key].change.title}\n{read[key].digest.text}" for key in keys]
    best = [keys[place] for place in rerank(reranker, question, texts)]
    ranks = {key: rank for rank, key in enumerate(best, 1)}
    return [*((key, head[key]) for key in best), *order[DEPTH:]], ranks
