"""The bundled MiniLM without torch: numpy over the memory-mapped weights.

For questions and small increments, where importing torch (1.3 s) and sentence-transformers (5 s)
would be all that one waits for. A test holds it to sentence-transformers by cosine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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

    from kb.embedders.interface import Vectors

    Weights = dict[str, NDArray[np.float32]]

MAX_TOKENS = 256
LAYERS, HEADS, WIDTH = 6, 12, 384
LAYER_NORM_EPSILON = 1e-12
MASKED = -1e9
BATCH_TOKENS = 4096  # texts of about equal length go together


class LightEmbedder:
    name = BUNDLED_NAME
    revision = BUNDLED_REVISION
    dimension = WIDTH

    def __init__(self, folder: Path | None = None, home: Path | None = None) -> None:
        self._folder = folder or bundled_folder()
        if folder is None:
            verify_bundled(self._folder, home)

    def identity(self) -> str:
        return f"{self.name}@{self.revision}"

    def encode_query(self, text: str) -> Vectors:
        row: Vectors = self.encode([text])[0]
        return row

    def encode(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        found = np.zeros((len(texts), WIDTH), np.float32)
        ids = [item.ids for item in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * len(ids[order[end]]) <= BATCH_TOKENS:
                end += 1
            places = order[start:end]
            found[places] = forward(self._weights, [ids[place] for place in places])
            start = end
        return found

    @cached_property
    def _weights(self) -> Weights:
        return read_safetensors(self._folder / "model.safetensors")

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
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


def forward(weights: Weights, ids: Sequence[Sequence[int]]) -> Vectors:
    """Token ids of a batch to mean-pooled unit rows (n, 384)."""
    import numpy as np

    length = max(map(len, ids))
    tokens = np.zeros((len(ids), length), np.int64)
    mask = np.zeros((len(ids), length), np.float32)
    for row, item in enumerate(ids):
        tokens[row, : len(item)] = item
        mask[row, : len(item)] = 1.0
    embed = "embeddings."
    x = (
        weights[embed + "word_embeddings.weight"][tokens]
        + weights[embed + "position_embeddings.weight"][:length]
        + weights[embed + "token_type_embeddings.weight"][0]
    )
    x = _layer_norm(x, weights, embed + "LayerNorm")
    bias = None if mask.all() else ((1.0 - mask) * MASKED)[:, None, None, :]
    for number in range(LAYERS):
        x = _layer(x, weights, f"encoder.layer.{number}.", bias)
    pooled = np.einsum("blw,bl->bw", x, mask) / mask.sum(1, keepdims=True)
    unit: Vectors = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    return unit


def _layer(x: Any, weights: Weights, prefix: str, bias: Any) -> Any:
    batch, length, width = x.shape
    heads = (batch, length, HEADS, width // HEADS)

    def linear(value: Any, name: str) -> Any:
        return value @ weights[f"{prefix}{name}.weight"].T + weights[f"{prefix}{name}.bias"]

    query, key, value = (
        linear(x, f"attention.self.{name}").reshape(heads).transpose(0, 2, 1, 3)
        for name in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) / (width // HEADS) ** 0.5
    attended = _softmax(scores if bias is None else scores + bias) @ value
    attended = attended.transpose(0, 2, 1, 3).reshape(batch, length, width)
    x = x + linear(attended, "attention.output.dense")
    x = _layer_norm(x, weights, prefix + "attention.output.LayerNorm")
    x = x + linear(_gelu(linear(x, "intermediate.dense")), "output.dense")
    return _layer_norm(x, weights, prefix + "output.LayerNorm")


def _softmax(scores: Any) -> Any:
    import numpy as np

    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def _layer_norm(x: Any, weights: Weights, name: str) -> Any:
    import numpy as np

    x = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((x * x).mean(axis=-1, keepdims=True) + LAYER_NORM_EPSILON)
    return x / deviation * weights[name + ".weight"] + weights[name + ".bias"]


def _gelu(x: Any) -> Any:
    """x * Phi(x); the error function by Abramowitz and Stegun 7.1.26, good to 1.5e-7."""
    import numpy as np

    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    series = t * (
        np.float32(0.254829592)
        + t
        * (
            np.float32(-0.284496736)
            + t
            * (
                np.float32(1.421413741)
                + t * (np.float32(-1.453152027) + t * np.float32(1.061405429))
            )
        )
    )
    erf = 1.0 - series * np.exp(-z * z)
    return np.float32(0.5) * x * (1.0 + np.where(x < 0, -erf, erf))
