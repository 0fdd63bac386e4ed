"""A second look at the best hits by a model that reads question and change together.

None is configured by default. `search.reranker` names a cross-encoder of sentence-transformers
(a name or a folder); its order replaces the fused one of the best changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from kb.errors import StoreError

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
