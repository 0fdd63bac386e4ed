"""Vectors near a vector: one interface, answered by Chroma or by an exact scan.

A cold command line scans (importing chromadb alone costs 0.7 s); a resident process asks Chroma.
Both answer from the same generation: the same vectors, the same keys.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kb.embedders import identity_for
from kb.errors import StoreError, UsageError
from kb.store import manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.settings import Settings
    from kb.store.manifest import Manifest
    from kb.store.vectors import Vector

ENGINES = ("chroma", "exact")


class VectorHit(NamedTuple):
    """The nearest chunk of one kind of one change; `score` is the cosine."""

    rowid: int
    kind: str
    chunk: int
    score: float


class VectorIndex(Protocol):
    """`manifest` says what it was built from. Close it when done."""

    engine: str
    manifest: Manifest

    def search(
        self,
        vector: Vector,
        kinds: str | Sequence[str],
        limit: int,
        rowids: Collection[int] | None = None,
    ) -> list[VectorHit]:
        """The best chunk of each of the `limit` nearest changes of every kind, nearest first.

        `rowids`: only these changes; None: all. Equal scores come by rowid, so runs agree.
        """
        ...

    def having(self, kind: str, rowids: Collection[int]) -> AbstractSet[int]:
        """Those of these changes that have a vector of a kind."""
        ...

    def count(self, kind: str) -> int: ...

    def close(self) -> None: ...


def open_index(settings: Settings, generation: int, engine: str) -> VectorIndex:
    """The index of a published generation, by the engine asked for; neither stands in for the other.

    Raises IndexMismatch where it was built with another embedder than the settings', StoreError
    where nothing was published, or the index is damaged or gone (read CURRENT again, once).
    """
    if engine not in ENGINES:
        raise UsageError(f"no such search engine: {engine}", f"one of {', '.join(ENGINES)}")
    home = settings.home
    if generation == 0:
        raise StoreError(f"nothing is indexed in {home}", "kb ingest PATH")
    found = manifest.read(home, generation)
    manifest.check(found, identity_for(settings))
    folder = manifest.folder(home, generation)
    if engine == "exact":
        from kb.store.exact_index import ExactIndex

        return ExactIndex(folder, found)
    from kb.store.chroma_index import ChromaIndex

    return ChromaIndex(folder, found)


def best_chunks(
    rowids: NDArray[np.int64],
    chunks: NDArray[np.int64],
    scores: NDArray[np.floating[Any]],
    kind: str,
    limit: int,
) -> list[VectorHit]:
    """Max pooling: the best chunk of each change, of equal ones the first; nearest first."""
    import numpy as np

    order = np.lexsort((chunks, rowids, -scores))
    firsts = np.unique(rowids[order], return_index=True)[1]
    best = order[np.sort(firsts)[:limit]]
    rows = zip(rowids[best].tolist(), chunks[best].tolist(), scores[best].tolist(), strict=True)
    return [VectorHit(rowid, kind, chunk, score) for rowid, chunk, score in rows]
