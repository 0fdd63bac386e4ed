"""BM25 as sums of arrays, for a process that searches again and again.

BM25 adds up what each word gives a change, and that does not depend on the other words. So what a
word gives is read from FTS5 once and kept until the archive changes; a question is then a sum.
Measured at 15,470 changes and 31 words a question: 37 ms by FTS5, 0.5 ms by sums; the first
question with a word waits 1 to 27 ms for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from kb.store import lexical_index
from kb.types import Filters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.store.archive import Archive

    Part = tuple[NDArray[np.intp], NDArray[np.float64]]  # rowids, scores

MOST_SCORES = 4_000_000  # kept at once, 16 bytes each
COMMON = 50  # changes; a word that so many hold takes 0.2 ms or more to read


class WordScores:
    """Shared by threads: what two of them read at once is read twice, and is the same."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._kept = _Kept((0, 0))

    def search(
        self,
        archive: Archive,
        groups: Sequence[tuple[Sequence[str], float, int]],
        rowids: Collection[int] | None,
        limit: int,
    ) -> list[tuple[int, float]]:
        """(rowid, score), best first; equal scores by rowid.

        `groups`: (tokens, weight, depth), of each of which the best `depth` changes count, as if
        `lexical_index.search` were asked: the scores are the same to the last bit. `rowids`: only
        these changes; None: all that are shown.
        """
        import numpy as np

        with archive.reading():
            kept = self._current(archive)
            wanted = [
                (
                    [self._part(archive, kept, token) for token in dict.fromkeys(tokens)],
                    weight,
                    depth,
                )
                for tokens, weight, depth in groups
            ]
            if rowids is None and archive.some_hidden():
                if kept.shown is None:
                    kept.shown = archive.ids(Filters())
                rowids = kept.shown
        size = 1 + max(
            (int(places[-1]) for parts, _, _ in wanted for places, _ in parts if len(places)),
            default=0,
        )
        allowed = None
        if rowids is not None:
            allowed = np.zeros(size, dtype=bool)
            keys = np.fromiter(rowids, dtype=np.intp, count=len(rowids))
            allowed[keys[keys < size]] = True
        totals = np.zeros(size)
        for parts, weight, depth in wanted:
            scores = np.zeros(size)
            for places, given in parts:
                scores[places] += given
            if allowed is not None:
                scores *= allowed
            best = _best(scores, depth)
            totals[best] += weight * scores[best]
        best = _best(totals, limit)
        return list(zip(best.tolist(), totals[best].tolist(), strict=True))

    def keep_common(self, archive: Archive) -> None:
        """Reads what the common words give, before they are asked for (at 15,470 changes 3,200 words
        in 4 s); up to half of what may be kept."""
        for token in lexical_index.common(archive, COMMON):
            with archive.reading():
                kept = self._current(archive)
                self._part(archive, kept, token)
            if kept.scores > MOST_SCORES // 2:
                return

    def _current(self, archive: Archive) -> _Kept:
        """What is kept of the state that is being read."""
        state = archive.state()
        if self._kept.state != state:
            self._kept = _Kept(state)
        return self._kept

    def _part(self, archive: Archive, kept: _Kept, token: str) -> Part:
        import numpy as np

        part = kept.parts.get(token)
        if part is None:
            rows = lexical_index.word(archive, token, self._weights)
            part = (
                np.fromiter((rowid for rowid, _ in rows), np.intp, len(rows)),
                np.fromiter((score for _, score in rows), np.float64, len(rows)),
            )
            if kept.scores + len(rows) > MOST_SCORES:
                kept.parts.clear()
                kept.scores = 0
            kept.parts[token] = part
            kept.scores += len(rows)
        return part


def _best(scores: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """The places of the highest scores above 0, best first; equal ones by place. BM25 as FTS5 has
    it gives every match more than 0."""
    import numpy as np

    found = np.flatnonzero(scores)
    if len(found) > limit:
        least = np.partition(scores[found], len(found) - limit)[len(found) - limit]
        found = found[scores[found] >= least]
    return found[np.lexsort((found, -scores[found]))][:limit]


class _Kept:
    """What was read of one state of the archive."""

    def __init__(self, state: tuple[int, int]) -> None:
        self.state = state
        self.parts: dict[str, Part] = {}
        self.scores = 0
        self.shown: list[int] | None = None
