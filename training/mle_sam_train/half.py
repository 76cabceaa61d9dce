"""Graphs in half precision, with what would overflow or lose too much left in single."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

import onnx
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

Precision = Literal["float32", "float16", "int8"]
"""`int8`: linear layers of the encoder in bytes, for CPUs, see `int8`; the rest as float32."""
SINGLE = (
    "LayerNormalization",
    "InstanceNormalization",
    "GroupNormalization",
    "ReduceMean",
    "ReduceSum",
    "Pow",
    "Sqrt",
    "Reciprocal",
    "Softmax",
    "Exp",
)
"""Operators that stay in float32: sums of squares leave half precision's range (65504) after attention, as
seen in SAM's layer norms under TensorRT, and the confidence is a sum of exponentials."""


def convert_to_half(path: Path) -> None:
    """Rewrite a graph in place: weights and activations float16, inputs and outputs as they were."""
    graph = convert_float_to_float16(
        onnx.load(str(path)),
        keep_io_types=True,
        disable_shape_infer=True,
        op_block_list=[*DEFAULT_OP_BLOCK_LIST, *SINGLE],
    )
    # What the exporter noted of values in between no longer holds for those that stayed float32.
    del graph.graph.value_info[:]
    _drop_repeated_casts(graph.graph)
    _sort(graph.graph)
    onnx.save(graph, str(path))


def _drop_repeated_casts(graph: onnx.GraphProto) -> None:
    """The converter writes the same cast again for every operator that reads a value: the first is enough."""
    seen: set[str] = set()
    kept = []
    for node in graph.node:
        if node.op_type == "Cast" and node.output[0] in seen:
            continue
        seen.update(node.output)
        kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _sort(graph: onnx.GraphProto) -> None:
    """Bring every node behind those whose outputs it reads, as ONNX asks: the converter appends its casts.

    ONNX Runtime sorts by itself; `onnx.checker` and other readers do not.
    """
    nodes = list(graph.node)
    makers = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    read = {i: [makers[name] for name in node.input if name in makers] for i, node in enumerate(nodes)}
    del graph.node[:]
    graph.node.extend(nodes[index] for index in TopologicalSorter(read).static_order())
