"""The bundled model in numpy, for the question of a command and for a few texts.

Where importing torch (1.3 s), sentence-transformers (5 s) or ONNX Runtime and preparing its graph
(0.3 s) would be all that one waits for. A test holds it to sentence-transformers by cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kb.embedders.minilm import HEADS, LAYER_NORM_EPSILON, LAYERS, WIDTH, MiniLM

if TYPE_CHECKING:
    from kb.embedders.interface import Vectors
    from kb.embedders.minilm import Weights

BATCH_TOKENS = 1024  # a batch a thread
ERF_SERIES = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
GELU_BLOCK = 16_384


class LightEmbedder(MiniLM):
    def encode_query(self, text: str) -> Vectors:
        row: Vectors = self.encode([text])[0]
        return row

    def encode(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        found = np.zeros((len(texts), WIDTH), np.float32)
        ids = self.tokenize(list(texts))
        batches, weights = _batches(list(map(len, ids))), self.weights

        def encode_batch(places: list[int]) -> None:
            found[places] = forward(weights, [ids[place] for place in places])

        if len(batches) == 1:
            encode_batch(batches[0])
        else:
            from concurrent.futures import ThreadPoolExecutor

            from kb.embedders.hardware import cores

            with ThreadPoolExecutor(cores()) as pool:  # numpy lets go of the interpreter
                list(pool.map(encode_batch, batches))
        return found


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places of texts, about as many tokens in each batch; the longest first, so that they even out."""
    count = max(1, round(sum(lengths) / BATCH_TOKENS))
    batches: list[list[int]] = [[] for _ in range(count)]
    filled = [0] * count
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        least = filled.index(min(filled))
        batches[least].append(place)
        filled[least] += lengths[place]
    return [batch for batch in batches if batch]


def forward(weights: Weights, ids: Sequence[Sequence[int]]) -> Vectors:
    """Token ids of a batch to mean-pooled unit rows (n, 384).

    The texts stand one after the other: nothing is filled up to the longest, and one product takes
    all their tokens. Only attention goes text by text."""
    import numpy as np

    lengths = np.array([len(item) for item in ids])
    ends = np.cumsum(lengths)
    starts = ends - lengths
    tokens = np.concatenate([np.array(item, np.int64) for item in ids])
    positions = np.arange(ends[-1]) - np.repeat(starts, lengths)
    embed = "embeddings."
    x = (
        weights[embed + "word_embeddings.weight"][tokens]
        + weights[embed + "position_embeddings.weight"][positions]
        + weights[embed + "token_type_embeddings.weight"][0]
    )
    x = _layer_norm(x, weights, embed + "LayerNorm")
    texts = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    for number in range(LAYERS):
        x = _layer(x, weights, f"encoder.layer.{number}.", texts)
    pooled = np.add.reduceat(x, starts) / lengths[:, None].astype(np.float32)
    unit: Vectors = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    return unit


def _layer(x: Any, weights: Weights, prefix: str, texts: Sequence[slice]) -> Any:
    import numpy as np

    def linear(value: Any, name: str) -> Any:
        product = value @ weights[f"{prefix}{name}.weight"].T
        product += weights[f"{prefix}{name}.bias"]
        return product

    query, key, value = (
        linear(x, f"attention.self.{name}").reshape(-1, HEADS, WIDTH // HEADS).transpose(1, 0, 2)
        for name in ("query", "key", "value")
    )
    attended = np.empty_like(x)
    for text in texts:
        scores = query[:, text] @ key[:, text].transpose(0, 2, 1) / (WIDTH // HEADS) ** 0.5
        found = _softmax(scores) @ value[:, text]
        attended[text] = found.transpose(1, 0, 2).reshape(-1, WIDTH)
    found = linear(attended, "attention.output.dense")
    found += x
    x = _layer_norm(found, weights, prefix + "attention.output.LayerNorm")
    found = linear(_gelu(linear(x, "intermediate.dense")), "output.dense")
    found += x
    return _layer_norm(found, weights, prefix + "output.LayerNorm")


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
    x /= deviation
    x *= weights[name + ".weight"]
    x += weights[name + ".bias"]
    return x


def _gelu(x: Any) -> Any:
    """x * Phi(x), in place; the error function by Abramowitz and Stegun 7.1.26, good to 1.5e-7.

    In blocks that stay in the cache: over the whole array each of the twenty steps would go through
    memory, and the function would take longer than the matrix product before it."""
    import numpy as np

    flat = x.reshape(-1)
    buffers = np.empty((3, min(GELU_BLOCK, flat.size)), np.float32)
    for start in range(0, flat.size, GELU_BLOCK):
        block = flat[start : start + GELU_BLOCK]
        z, t, series = buffers[:, : block.size]
        np.abs(block, out=z)
        z *= np.float32(0.5**0.5)
        np.multiply(z, np.float32(0.3275911), out=t)
        t += 1.0
        np.reciprocal(t, out=t)
        np.multiply(t, np.float32(ERF_SERIES[0]), out=series)
        for factor in ERF_SERIES[1:]:
            series += np.float32(factor)
            series *= t
        z *= z
        np.negative(z, out=z)
        series *= np.exp(z, out=z)
        erf = np.copysign(np.subtract(1.0, series, out=series), block, out=series)
        erf += 1.0
        erf *= np.float32(0.5)
        block *= erf
    return x
