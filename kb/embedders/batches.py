"""Texts in batches of about one length, a batch a core: two batches beside each other gain more than
two threads inside one, and little of a batch is filled up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.embedders.interface import Vectors

    Padded = tuple[NDArray[np.int64], NDArray[np.int64]]


def encode_beside(
    ids: Sequence[Sequence[int]],
    width: int,
    most_tokens: int,
    run: Callable[[Sequence[Sequence[int]]], Vectors],
    before: Callable[[], object] | None = None,
) -> Vectors:
    """Rows (n, width) of token ids. `run` makes those of a batch; `before` is called first in each of
    the threads, where there are several batches."""
    import numpy as np

    found = np.zeros((len(ids), width), np.float32)

    def encode_batch(places: list[int]) -> None:
        found[places] = run([ids[place] for place in places])

    batches = batches_of(list(map(len, ids)), most_tokens)
    if len(batches) == 1:
        encode_batch(batches[0])
    elif batches:
        from concurrent.futures import ThreadPoolExecutor

        from kb.embedders.hardware import cores

        with ThreadPoolExecutor(cores(), initializer=before) as pool:
            list(pool.map(encode_batch, batches))
    return found


def batches_of(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Places of texts of about one length, the longest batch first; filled up to its longest text a
    batch has at most `most_tokens`, or one text."""
    batches: list[list[int]] = []
    longest = 0
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if not batches or (len(batches[-1]) + 1) * longest > most_tokens:
            batches.append([])
            longest = lengths[place]
        batches[-1].append(place)
    return batches


def padded(ids: Sequence[Sequence[int]]) -> Padded:
    """Token ids and mask (n, longest), filled up with zeros."""
    import numpy as np

    shape = (len(ids), max(map(len, ids)))
    tokens, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, item in enumerate(ids):
        tokens[row, : len(item)] = item
        mask[row, : len(item)] = 1
    return tokens, mask
