"""Vectors that are alike, of which Chroma gets one: a bot writes the same title four hundred times.

HNSW links a vector to its nearest, so a few dozen equal ones link to nothing but each other: a search
that enters them does not come out, and one from outside does not find them (fastapi/typer, 430 equal
titles of 848: 8 of 106 stored titles had a farther answer than the exact scan's, by up to .12).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from kb.store.exact_index import ALIKE, CHANGE, SERIAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.store.exact_index import Keys
    from kb.store.vectors import Vector

# One text in two batches differs in the fifth. Rows of unit length that are alike have a cosine of
# .9998 at least with each other (384 numbers, each off by .001).
DECIMALS = 3


def marks_of(rows: Vector) -> NDArray[np.int64]:
    """A number for each row, the same for rows that are alike: 64 bits of a hash."""
    import numpy as np

    rounded = np.rint(rows * 10**DECIMALS).astype(np.int16)
    hashes = b"".join(blake2b(row, digest_size=8).digest() for row in rounded)
    return np.frombuffer(hashes, np.int64)


def first_serials(keys: Keys) -> NDArray[np.int64]:
    """The lowest serial of each set of rows that are alike, ascending: the one that Chroma gets."""
    import numpy as np

    serials: NDArray[np.int64] = keys[:, SERIAL]
    return serials[np.sort(np.unique(keys[:, ALIKE], return_index=True)[1])]


class AlikeKeys:
    """The keys of a kind behind each vector that Chroma holds."""

    def __init__(self, keys: Keys) -> None:
        import numpy as np

        self.keys = keys
        _, firsts, sets = np.unique(keys[:, ALIKE], return_index=True, return_inverse=True)
        by_serial = np.argsort(firsts)
        numbers = np.empty_like(by_serial)
        numbers[by_serial] = np.arange(len(by_serial))
        self._set = numbers[sets]  # of each key
        self._serials = keys[firsts[by_serial], SERIAL]  # of each set, ascending
        self._ids = np.array(list(map(str, self._serials.tolist())), dtype=object)
        self._places = np.argsort(self._set, kind="stable")
        self._ends = np.cumsum(np.bincount(self._set, minlength=len(firsts)))

    def __len__(self) -> int:
        """How many vectors Chroma holds."""
        return len(self._serials)

    def of_changes(self, rowids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which keys are of these changes."""
        import numpy as np

        return np.isin(self.keys[:, CHANGE], rowids)

    def ids(self, allowed: NDArray[np.bool_]) -> list[str]:
        """Chroma's names of the vectors behind which an allowed key stands."""
        import numpy as np

        there = np.zeros(len(self), dtype=bool)
        there[self._set[allowed]] = True
        found: list[str] = self._ids[there].tolist()
        return found

    def behind(self, ids: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(places of the keys behind these vectors, for each the index into `ids`).

        None stand behind a vector of a later generation, which a server holds already."""
        import numpy as np

        asked = np.array(ids, dtype=np.int64)
        sets = np.searchsorted(self._serials, asked)
        known = sets < len(self)
        known[known] = self._serials[sets[known]] == asked[known]
        sets = sets[known]
        starts = np.where(sets > 0, self._ends[sets - 1], 0)
        sizes = self._ends[sets] - starts
        which = np.repeat(np.flatnonzero(known), sizes)
        within = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self._places[starts[which] + within], which
