"""The exact scan: a memory-mapped matrix beside each generation; numpy is all that it imports.

A matrix of a kind has one row a vector, sorted by serial; `keys` holds (serial, rowid, chunk,
mark), where rows of one mark are alike (`kb.store.alike`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import StoreError
from kb.store.vector_index import VectorHit, best_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.store.manifest import Manifest
    from kb.store.vectors import Vector

    Keys = NDArray[np.int64]

SERIAL, CHANGE, CHUNK, ALIKE = range(4)  # columns of keys
MOST_CHUNKS = 8  # what one change may have of a kind: so many more rows hold `limit` changes


def matrix_path(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.npy"


def keys_path(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.keys.npy"


class ExactIndex:
    engine = "exact"

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder
        self._kinds: dict[str, tuple[Vector, Keys]] = {}

    def search(
        self,
        vector: Vector,
        kinds: str | Sequence[str],
        limit: int,
        rowids: Collection[int] | None = None,
    ) -> list[VectorHit]:
        names = (kinds,) if isinstance(kinds, str) else kinds
        return [hit for kind in names for hit in self._search_kind(vector, kind, limit, rowids)]

    def _search_kind(
        self, vector: Vector, kind: str, limit: int, rowids: Collection[int] | None
    ) -> list[VectorHit]:
        import numpy as np

        matrix, keys = self._load(kind)
        if not len(keys) or limit <= 0:
            return []
        changes = keys[:, CHANGE]
        scores = matrix @ np.asarray(vector, dtype=np.float32)
        if rowids is not None:
            wanted = np.zeros(int(changes.max()) + 1, dtype=bool)
            allowed = np.fromiter(rowids, dtype=np.int64, count=len(rowids))
            wanted[allowed[(allowed >= 0) & (allowed < len(wanted))]] = True
            places = np.flatnonzero(wanted[changes])
        else:
            places = np.arange(len(scores))
        wide = min(limit * MOST_CHUNKS, len(places))
        if wide < len(places):
            places = places[np.argpartition(-scores[places], wide - 1)[:wide]]
        return best_chunks(changes[places], keys[places, CHUNK], scores[places], kind, limit)

    def having(self, kind: str, rowids: Collection[int]) -> AbstractSet[int]:
        import numpy as np

        asked = np.fromiter(rowids, dtype=np.int64, count=len(rowids))
        return set(asked[np.isin(asked, self._load(kind)[1][:, CHANGE])].tolist())

    def count(self, kind: str) -> int:
        return len(self._load(kind)[1])

    def close(self) -> None:
        self._kinds.clear()

    def _load(self, kind: str) -> tuple[Vector, Keys]:
        if kind not in self._kinds:
            self._kinds[kind] = load(self._folder, kind, self.manifest.dimension)
        return self._kinds[kind]


def load(folder: Path, kind: str, dimension: int) -> tuple[Vector, Keys]:
    """The memory-mapped matrix of a kind and its keys; empty where the kind has none."""
    import numpy as np

    if not matrix_path(folder, kind).exists() and (folder / "manifest.json").exists():
        return np.empty((0, dimension), np.float32), np.empty((0, ALIKE + 1), np.int64)
    try:
        matrix = np.load(matrix_path(folder, kind), mmap_mode="r")
        keys = np.load(keys_path(folder, kind))
    except (OSError, ValueError) as exc:
        raise StoreError(
            f"the vectors of generation {folder.name} cannot be read ({exc})",
            "kb reindex   (keeps the archive, fetches nothing)",
        ) from exc
    if matrix.shape != (len(keys), dimension):
        raise StoreError(
            f"generation {folder.name} is damaged: {len(keys)} keys, {len(matrix)} vectors",
            "kb reindex   (keeps the archive, fetches nothing)",
        )
    return matrix, keys
