"""BERT on a CPU in few and large steps: one product for query, key and value, weights brought into
oneDNN's order once, GELU and the sum with the input inside the products.

torch's compiler does the same to a model, and needs a C++ compiler and a minute to do it. Measured on
two cores with AMX, in bf16: half the time of the model's own modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 2048  # tokens at once that the order of the weights is chosen for


class Product:
    """x W + b of one linear layer, or of several side by side."""

    def __init__(self, *layers: Any) -> None:
        weight = torch.cat([layer.weight for layer in layers]).detach().contiguous()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
        self._bias = torch.cat([layer.bias for layer in layers]).detach()

    def __call__(self, x: Tensor, *, gelu: bool = False) -> Tensor:
        kind, algorithm = ("gelu", "none") if gelu else ("none", "")
        found: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self._weight, self._bias, kind, [], algorithm
        )
        return found

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise.binary(
            x, other, self._weight, self._bias, "add"
        )
        return found


class FusedBert:
    """A `BertModel` of transformers with mean pooling, as sentence-transformers loads it.

    RuntimeError or AttributeError where this torch or CPU has no such products."""

    def __init__(self, bert: Any) -> None:
        given = bert.embeddings
        self._words = given.word_embeddings.weight
        self._positions = given.position_embeddings.weight + given.token_type_embeddings.weight[0]
        self._norm = given.LayerNorm
        self._heads = bert.config.num_attention_heads
        self._layers = [_Layer(layer) for layer in bert.encoder.layer]
        with torch.inference_mode():
            self(torch.zeros(1, 1, dtype=torch.int64), torch.ones(1, 1, dtype=torch.int64))

    def __call__(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Mean-pooled rows (n, width) of token ids (n, longest) and their mask."""
        x: Tensor = self._norm(self._words[tokens] + self._positions[: tokens.shape[1]])
        bias = None
        if not bool(mask.all()):
            bias = torch.zeros(mask.shape, dtype=x.dtype).masked_fill_(mask == 0, -torch.inf)
            bias = bias[:, None, None, :].expand(-1, 1, mask.shape[1], -1)
        for layer in self._layers:
            x = layer(x, bias, self._heads)
        weights = mask[..., None].to(x.dtype)
        return (x * weights).sum(1) / weights.sum(1)


class _Layer:
    def __init__(self, layer: Any) -> None:
        attention = layer.attention.self
        self._qkv = Product(attention.query, attention.key, attention.value)
        self._attention_output = Product(layer.attention.output.dense)
        self._attention_norm = layer.attention.output.LayerNorm
        self._intermediate = Product(layer.intermediate.dense)
        self._output = Product(layer.output.dense)
        self._output_norm = layer.output.LayerNorm

    def __call__(self, x: Tensor, bias: Tensor | None, heads: int) -> Tensor:
        n, length, width = x.shape
        qkv = self._qkv(x).view(n, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind()
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        context = context.transpose(1, 2).reshape(n, length, width)
        x = self._attention_norm(self._attention_output.plus(context, x))
        found: Tensor = self._output_norm(self._output.plus(self._intermediate(x, gelu=True), x))
        return found
