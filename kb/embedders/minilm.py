"""The bundled all-MiniLM-L6-v2: its shape, tokenizer and weights, for the passes that need no torch."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.embedders.model_files import (
    BUNDLED_NAME,
    BUNDLED_REVISION,
    bundled_folder,
    verify_bundled,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = dict[str, NDArray[np.float32]]

MAX_TOKENS = 256
LAYERS, HEADS, WIDTH, INNER_WIDTH = 6, 12, 384, 1536
LAYER_NORM_EPSILON = 1e-12


class MiniLM:
    """What every pass over the bundled model shares; a pass says how token ids become rows."""

    name = BUNDLED_NAME
    revision = BUNDLED_REVISION
    dimension = WIDTH

    def __init__(self, home: Path | None = None) -> None:
        self.folder = bundled_folder()
        verify_bundled(self.folder, home)

    def identity(self) -> str:
        return f"{self.name}@{self.revision}"

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, with the marks at both ends, cut at `MAX_TOKENS`."""
        return [item.ids for item in self._tokenizer.encode_batch(texts)]

    @cached_property
    def weights(self) -> Weights:
        return read_safetensors(self.folder / "model.safetensors")

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer


def read_safetensors(path: Path) -> Weights:
    """Tensors by name, memory-mapped: only what is used is read."""
    import numpy as np

    data = np.memmap(path, np.uint8, "r")
    size = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + size].tobytes())
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {
        name: body[slice(*entry["data_offsets"])].view(np.float32).reshape(entry["shape"])
        for name, entry in header.items()
        if entry["dtype"] == "F32"
    }
