"""What turns text into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """`identity` names what may be compared: vectors of two identities are never mixed."""

    name: str
    revision: str

    @property
    def dimension(self) -> int: ...

    def identity(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Passages as (n, dimension) float32 rows of unit length."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """A question as one row (dimension,); some models want other words before it."""
        ...
