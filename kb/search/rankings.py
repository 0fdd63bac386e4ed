"""What the retrievers returned for a question: one order of it, and who ranked a change where."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from kb.search.evidence import Trail
from kb.search.fusion import Scored, best_first, fuse

if TYPE_CHECKING:
    from kb.store.vector_index import VectorHit

# The words count as much as two vectors. Measured on seven repositories: 1.5 to 2.5 are within 0.01
# of each other where a question uses the change's words, and 2.5 is lower where it does not.
FUSION_WEIGHTS = {"lexical": 2.0, "title": 1.0, "text": 1.0, "diff": 1.0}


class Rankings:
    """`dense`: hits by kind of vector, best first; `words`: (rowid, score), None where not asked.

    `without`: by kind of vector, the changes of the lists that have none (see `fuse`)."""

    def __init__(
        self,
        dense: Mapping[str, Sequence[VectorHit]],
        words: Scored | None = None,
        without: Mapping[str, AbstractSet[int]] = MappingProxyType({}),
    ) -> None:
        self._dense = dense
        self._words = words
        self._without = without
        self._vectors = {
            kind: [(hit.rowid, float(hit.score)) for hit in hits] for kind, hits in dense.items()
        }

    @cached_property
    def _by_vectors(self) -> list[tuple[int, float]]:
        return fuse(self._vectors, FUSION_WEIGHTS, self._without)

    def order(self) -> list[tuple[int, float]]:
        """(rowid, score) of all together, best first."""
        if self._words is None:
            return self._by_vectors
        totals = dict(self._by_vectors)
        for rowid, score in fuse({"lexical": self._words}, FUSION_WEIGHTS):
            totals[rowid] = totals.get(rowid, 0.0) + score
        return best_first(totals)

    def trails(self, rowids: Collection[int]) -> dict[int, Trail]:
        """What was said of each of these changes; `dense` is the rank that the vectors together give."""
        found = {rowid: Trail() for rowid in rowids}
        for rank, rowid in _ranked(self._words or (), found):
            found[rowid].ranks["lexical"] = rank
        for rank, rowid in _ranked(self._by_vectors, found):
            found[rowid].ranks["dense"] = rank
        for kind, scored in self._vectors.items():
            for rank, rowid in _ranked(scored, found):
                hit = self._dense[kind][rank - 1]
                found[rowid].vectors[kind] = (rank, float(hit.score), hit.chunk)
        return found


def _ranked(scored: Scored, wanted: Collection[int]) -> Iterator[tuple[int, int]]:
    """(rank, rowid) of those that are wanted."""
    return ((rank, rowid) for rank, (rowid, _) in enumerate(scored, 1) if rowid in wanted)
