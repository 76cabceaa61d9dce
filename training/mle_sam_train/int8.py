"""Encoders for CPUs whose linear layers multiply bytes: weights quantised once, tokens at run time."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.onnx_model import ONNXModel


def convert_to_int8(path: Path) -> None:
    """Quantise the linear layers of a graph in place, one scale an output channel; the rest stays float32.

    Projections chosen by a batch's modalities and attention itself have no constant weights: float32.
    """
    model = ONNXModel(onnx.load(str(path)))
    model.replace_gemm_with_matmul()
    graph = model.model.graph
    # What the exporter wrote of shapes no longer holds for transposed weights.
    del graph.value_info[:]
    matrices = {tensor.name for tensor in graph.initializer if len(tensor.dims) == 2}
    linear = [node.name for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # advice to pre-process, which the exporter has done
    try:
        with TemporaryDirectory() as folder:
            prepared = Path(folder) / "prepared.onnx"
            onnx.save(model.model, str(prepared))
            quantize_dynamic(
                prepared,
                path,
                op_types_to_quantize=["MatMul"],
                nodes_to_quantize=linear,
                per_channel=True,
                weight_type=QuantType.QInt8,
            )
    finally:
        root.setLevel(level)
