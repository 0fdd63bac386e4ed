"""Writes `minilm.onnx`, the graph of the bundled model that `onnx_runtime` runs.

    python -m kb.embedders.minilm_graph     (needs onnx, of the extra [dev])

Standard operators of ONNX alone. The weights stay outside, under the names of the model's
safetensors file: each linear layer is taken as it stands there, (outputs, inputs).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kb.embedders.minilm import HEADS, INNER_WIDTH, LAYER_NORM_EPSILON, LAYERS, WIDTH

OPSET, IR_VERSION = 20, 9  # with LayerNormalization and Gelu
VOCABULARY, POSITIONS, KINDS = 30_522, 512, 2
FAR_AWAY = 1e9  # taken off the scores of what only fills a batch


class _Graph:
    """Nodes and tensors as they are named; every node gives one tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, onnx.TensorProto] = {}

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, value: object, dtype: type) -> str:
        self.tensors[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def weight(self, name: str, *shape: int) -> str:
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.tensors[name] = tensor
        return name

    def linear(self, value: str, name: str, outputs: int, inputs: int, output: str) -> str:
        weight = self.weight(f"{name}.weight", outputs, inputs)
        bias = self.weight(f"{name}.bias", outputs)
        return self.node("Gemm", [value, weight, bias], output, transB=1)

    def layer_norm(self, value: str, name: str, output: str) -> str:
        weight, bias = self.weight(f"{name}.weight", WIDTH), self.weight(f"{name}.bias", WIDTH)
        return self.node(
            "LayerNormalization", [value, weight, bias], output, epsilon=LAYER_NORM_EPSILON
        )


def build() -> bytes:
    """tokens and mask (batch, length) int64 -> vectors (batch, 384) float32, of unit length."""
    graph = _Graph()
    value = _embeddings(graph)
    for number in range(LAYERS):
        value = _layer(graph, value, number)
    _pooled(graph, value)
    shape = ["batch", "length"]
    body = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("tokens", "mask")
        ],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", WIDTH])],
        list(graph.tensors.values()),
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    model.producer_name = "repo-kb"
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _embeddings(graph: _Graph) -> str:
    """(batch * length, width), and what the layers share: shapes and the mask."""
    graph.constant("zero", 0, np.int64)
    graph.constant("one", 1, np.int64)
    graph.constant("rows", [-1, WIDTH], np.int64)
    graph.constant("width", [WIDTH], np.int64)
    graph.constant("heads", [0, 0, HEADS, WIDTH // HEADS], np.int64)
    graph.constant("scale", (WIDTH // HEADS) ** -0.5, np.float32)
    graph.node("Shape", ["tokens"], "shape")
    graph.node("Concat", ["shape", "width"], "texts", axis=0)
    graph.node("Gather", ["shape", "one"], "length")
    graph.node("Range", ["zero", "length", "one"], "places")

    graph.node("Cast", ["mask"], "kept", to=TensorProto.FLOAT)
    graph.node("Sub", ["kept", graph.constant("all", 1, np.float32)], "dropped")
    graph.node("Mul", ["dropped", graph.constant("far", FAR_AWAY, np.float32)], "distance")
    graph.node("Unsqueeze", ["distance", graph.constant("inside", [1, 2], np.int64)], "away")

    tables = {"word": VOCABULARY, "position": POSITIONS, "token_type": KINDS}
    chosen = {"word": "tokens", "position": "places", "token_type": "zero"}
    for name, size in tables.items():
        table = graph.weight(f"embeddings.{name}_embeddings.weight", size, WIDTH)
        graph.node("Gather", [table, chosen[name]], name)
    graph.node("Add", ["position", "token_type"], "placed")
    graph.node("Add", ["word", "placed"], "embedded")
    graph.layer_norm("embedded", "embeddings.LayerNorm", "normed")
    return graph.node("Reshape", ["normed", "rows"], "layer.0")


def _layer(graph: _Graph, value: str, number: int) -> str:
    prefix = f"encoder.layer.{number}"
    turned = {"query": [0, 2, 1, 3], "key": [0, 2, 3, 1], "value": [0, 2, 1, 3]}
    for name, order in turned.items():
        part = graph.linear(
            value, f"{prefix}.attention.self.{name}", WIDTH, WIDTH, f"{name}.{number}"
        )
        part = graph.node("Reshape", [part, "texts"], f"{name}.texts.{number}")
        part = graph.node("Reshape", [part, "heads"], f"{name}.heads.{number}")
        graph.node("Transpose", [part], f"{name}.turned.{number}", perm=order)
    found = graph.node(
        "MatMul", [f"query.turned.{number}", f"key.turned.{number}"], f"scores.{number}"
    )
    found = graph.node("Mul", [found, "scale"], f"scaled.{number}")
    found = graph.node("Add", [found, "away"], f"masked.{number}")
    found = graph.node("Softmax", [found], f"attention.{number}", axis=-1)
    found = graph.node("MatMul", [found, f"value.turned.{number}"], f"attended.{number}")
    found = graph.node("Transpose", [found], f"merged.{number}", perm=[0, 2, 1, 3])
    found = graph.node("Reshape", [found, "rows"], f"context.{number}")
    name = f"{prefix}.attention.output"
    found = graph.linear(found, f"{name}.dense", WIDTH, WIDTH, f"projected.{number}")
    found = graph.node("Add", [found, value], f"attention.sum.{number}")
    value = graph.layer_norm(found, f"{name}.LayerNorm", f"attention.normed.{number}")

    found = graph.linear(
        value, f"{prefix}.intermediate.dense", INNER_WIDTH, WIDTH, f"widened.{number}"
    )
    found = graph.node("Gelu", [found], f"gelu.{number}")
    found = graph.linear(found, f"{prefix}.output.dense", WIDTH, INNER_WIDTH, f"narrowed.{number}")
    found = graph.node("Add", [found, value], f"sum.{number}")
    return graph.layer_norm(found, f"{prefix}.output.LayerNorm", f"layer.{number + 1}")


def _pooled(graph: _Graph, value: str) -> str:
    """The mean over a text's tokens, at unit length: so their sum will do."""
    found = graph.node("Reshape", [value, "texts"], "last")
    graph.node("Unsqueeze", ["kept", graph.constant("each", [2], np.int64)], "weights")
    found = graph.node("Mul", [found, "weights"], "counted")
    found = graph.node(
        "ReduceSum", [found, graph.constant("along", [1], np.int64)], "total", keepdims=0
    )
    return graph.node("LpNormalization", [found], "vectors", axis=1, p=2)


if __name__ == "__main__":
    Path(__file__).with_name("minilm.onnx").write_bytes(build())
