"""Ranks of several retrievers become one order; scores are never compared (DESIGN.md, invariant 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RRF_K = 60  # Cormack et al. (2009); keeps one retriever's first place from deciding alone


def fuse(
    rankings: Mapping[str, Sequence[int]],
    weights: Mapping[str, float] | None = None,
    k: float = RRF_K,
) -> list[tuple[int, float]]:
    """(key, score), best first, by reciprocal rank; equal scores by key, so that runs agree.

    `rankings`: keys by retriever, best first. `weights`: how much a retriever counts (1).
    """
    scores: dict[int, float] = {}
    for name, ranking in rankings.items():
        weight = 1.0 if weights is None else weights.get(name, 1.0)
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + weight / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def ranks(ranking: Sequence[int]) -> dict[int, int]:
    """1-based rank of each key."""
    return {key: rank for rank, key in enumerate(ranking, 1)}
