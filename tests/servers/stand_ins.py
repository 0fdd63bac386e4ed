"""In place of what costs seconds, where a test asks it nothing: vectors of hashes, no Chroma."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np


class HashEmbedder:
    """Vectors from hashes: equal texts are equal, everything else is far; no model is loaded."""

    name, revision, dimension = "hash", "1", 16

    def __init__(self) -> None:
        self.encoded = 0

    def identity(self) -> str:
        return "hash@1"

    def encode(self, texts: Sequence[str]) -> Any:
        self.encoded += len(texts)
        rows = [np.frombuffer(hashlib.sha256(t.encode()).digest()[:16], np.uint8) for t in texts]
        found = np.array(rows, dtype=np.float32).reshape(-1, 16) - 127.5
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def encode_query(self, text: str) -> Any:
        return self.encode([text])[0]


class UnbuiltChroma(nullcontext[Any]):
    """Instead of a ChromaBuilder, whose two child processes each publication would wait for."""

    def __init__(self, folder: Path, before: Path | None) -> None:
        super().__init__()
        self.folder = folder

    def __enter__(self) -> Any:
        return self

    def start(self) -> None:
        pass

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass
