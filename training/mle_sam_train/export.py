"""Export to the two ONNX graphs of a bundle, checked against PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import torch
from torch import Tensor, nn

from .engines import LEVELS, fuse
from .errors import InputError
from .half import Precision, convert_to_half
from .int8 import convert_to_int8
from .model import MleSam
from .model.mle_sam import Output
from .serving import (
    ExpertsLayout,
    ServingEncoder,
    ServingHead,
    ServingLogitsHead,
    beyond_if_negative,
    can_serve,
)

OPSET = 20
"""The first with Gelu as one operator; its parts in 18 are not fused by ONNX Runtime."""
MAX_LABEL_DIFFERENCE: dict[Precision, float] = {"float32": 1e-3, "float16": 1e-2, "int8": 1e-2}
"""Largest fraction of pixels whose label may differ between ONNX Runtime and PyTorch."""
MAX_FEATURE_DIFFERENCE: dict[Precision, float] = {"float32": 1e-3, "float16": 0.1, "int8": 0.5}


Form = Literal["served", "plain"]
"""`served`: the functions of `serving`, made for ONNX Runtime. `plain`: the modules as they were trained."""


class EncoderGraph(nn.Module):
    """images uint8 `[M, H, W, 3]`, modality int64 `[M]` -> features_0..2 float32 `[M, C, h, w]`.

    `MleSam`'s own function: what `ServingEncoder` is held to.
    """

    def __init__(self, model: MleSam) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, modality: Tensor) -> tuple[Tensor, ...]:
        """Normalise and encode."""
        return tuple(self.model.encode(images, beyond_if_negative(modality)))


class HeadGraph(nn.Module):
    """features_0..2 -> labels uint8 `[H, W]`, confidence uint8 `[H, W]`, routing float32 `[levels, M]`.

    `MleSam`'s own functions one after the other: what `ServingHead` is held to.
    """

    def __init__(self, model: MleSam) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, features_0: Tensor, features_1: Tensor, features_2: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fuse, classify, upsample, take the best class and its probability (255 = certain)."""
        return self._answer(self._decode((features_0, features_1, features_2)))

    def _decode(self, features: tuple[Tensor, ...]) -> Output:
        present = torch.ones_like(features[0][:, 0, 0, 0], dtype=torch.bool).unsqueeze(0)
        return self.model.decode([level.unsqueeze(0) for level in features], present)

    def _answer(self, output: Output) -> tuple[Tensor, Tensor, Tensor]:
        logits = self.model.full_size(output.joined)[0]
        best, labels = logits.max(dim=0)
        # exp(best) / sum(exp) without materialising every class's probability
        confidence = 255 / (logits - best).exp().sum(dim=0)
        return labels.to(torch.uint8), confidence.round().to(torch.uint8), output.routing[0]


class LogitsHeadGraph(HeadGraph):
    """Also hands out each head's logits float32 `[classes, h', w']`, before they are joined: what
    `ServingLogitsHead` is held to."""

    def forward(self, features_0: Tensor, features_1: Tensor, features_2: Tensor) -> tuple[Tensor, ...]:
        """As `HeadGraph`, then the logits of SAM's decoder and of the auxiliary head, if there is one."""
        output = self._decode((features_0, features_1, features_2))
        heads = [head[0] for head in (output.decoder, output.auxiliary) if head is not None]
        return (*self._answer(output), *heads)


def export_graphs(
    model: MleSam,
    folder: Path,
    precision: Precision = "float32",
    logits: Literal["joined", "per-head"] = "joined",
    experts: ExpertsLayout | None = None,
    layout: Literal["split", "fused-too"] = "split",
    form: Form = "served",
    opset: int = OPSET,
) -> list[str]:
    """Write `encoder.onnx` and `head.onnx`; the number of modalities is dynamic.

    Args:
        precision: of weights and sums inside; inputs and outputs keep their types. `int8` is for the encoder
            alone.
        logits: `per-head` adds the outputs `decoder_logits` and `auxiliary_logits` to the head.
        experts: how the encoder stores them, see `serving.experts_layout`, which chooses where this is None.
        form: `plain` exports what is compared with, see `Form`.
        layout: `fused-too` adds `fused.onnx`, encoder and head in one, for GPUs.

    Returns:
        The names of the graphs, without extension.
    """
    model = model.eval().float()
    folder.mkdir(parents=True, exist_ok=True)
    _export_encoder(model, folder / "encoder.onnx", experts, form, opset)
    export_head(model, folder / "head.onnx", logits, form, opset)
    graphs = ["encoder", "head"]
    if precision == "int8":
        convert_to_int8(folder / "encoder.onnx")
    if layout == "fused-too":
        parts = (onnx.load(str(folder / f"{name}.onnx")) for name in ("encoder", "head"))
        onnx.save(fuse(*parts), str(folder / "fused.onnx"))
        graphs.append("fused")
    if precision == "float16":
        for graph in graphs:
            convert_to_half(folder / f"{graph}.onnx")
    return graphs


def _export_encoder(model: MleSam, path: Path, experts: ExpertsLayout | None, form: Form, opset: int) -> None:
    config = model.config
    # torch.export specialises a batch of 1, so the example has 2.
    images = torch.zeros(2, config.height, config.width, 3, dtype=torch.uint8)
    _export(
        EncoderGraph(model) if form == "plain" else ServingEncoder(model, experts),
        (images, torch.tensor([0, min(1, len(model.rig.modalities) - 1)])),
        path,
        ["images", "modality"],
        LEVELS,
        opset,
    )


def export_head(
    model: MleSam,
    path: Path,
    logits: Literal["joined", "per-head"] = "joined",
    form: Form = "served",
    opset: int = OPSET,
) -> None:
    """Write the head alone; arguments as of `export_graphs`."""
    config, channels = model.config, model.config.model.base.fpn_channels
    features = tuple(torch.randn(2, channels, config.height // s, config.width // s) for s in (4, 8, 16))
    served, plain = (ServingHead, HeadGraph) if logits == "joined" else (ServingLogitsHead, LogitsHeadGraph)
    head = served(model) if form == "served" and can_serve(model) else plain(model)
    outputs = ["labels", "confidence", "routing"]
    if logits == "per-head":
        outputs += ["decoder_logits"] if model.auxiliary is None else ["decoder_logits", "auxiliary_logits"]
    _export(head, features, path, LEVELS, outputs, opset)


def _export(
    graph: nn.Module,
    example: tuple,
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    opset: int,
) -> None:
    """All inputs have the number of modalities as their first dimension, which stays open."""
    count = torch.export.Dim("M", min=1, max=64)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.eval(),
            example,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes={name: {0: count} for name in inputs},
            opset_version=opset,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    forget_sources(program.model)
    program.save(str(path), external_data=False)


def forget_sources(model: onnx_ir.Model) -> None:
    """Drop what the exporter notes of the code it came from: stack traces with the paths of one machine."""
    for graph in model.graphs():
        graph.metadata_props.clear()
        for node in graph:
            node.metadata_props.clear()
            for value in node.outputs:
                value.metadata_props.clear()
        for value in (*graph.inputs, *graph.initializers.values()):
            value.metadata_props.clear()
    for function in model.functions.values():
        for node in function:
            node.metadata_props.clear()
    model.metadata_props.clear()


class OnnxModel:
    """The exported graphs in ONNX Runtime, for the parity check."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.encoder, self.head = (
            onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            for name in ("encoder.onnx", "head.onnx")
        )

    def encode(self, images: np.ndarray, modality: np.ndarray) -> list[np.ndarray]:
        """Features of uint8 `[M, H, W, 3]`.

        Raises:
            InputError: where an index of a modality is negative.
        """
        if modality.size and modality.min() < 0:
            raise InputError(f"Expected indices of modalities from 0 but received {modality.min()}.")
        return self.encoder.run(None, {"images": images, "modality": modality.astype(np.int64)})

    def decode(self, features: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, confidence and routing weights."""
        return tuple(
            self.head.run(
                ["labels", "confidence", "routing"], {f"features_{i}": f for i, f in enumerate(features)}
            )
        )


@torch.inference_mode()
def torch_labels(
    model: MleSam, images: np.ndarray, modality: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """PyTorch's features and labels `[H, W]` for the same inputs."""
    features = model.encode(torch.from_numpy(images), torch.from_numpy(modality).long())
    labels, _, _ = HeadGraph(model).forward(*features)
    return [level.numpy() for level in features], labels.numpy()


def check_parity(
    model: MleSam, folder: Path, images: np.ndarray, precision: Precision = "float32"
) -> dict[str, float]:
    """Compare ONNX Runtime with PyTorch for M = 1 .. all on one frame `[M, H, W, 3]` uint8.

    Returns:
        The largest absolute feature difference and the largest fraction of labels that differ.
    """
    onnx = OnnxModel(folder)
    worst_feature = worst_label = 0.0
    for count in range(1, len(images) + 1):
        modality = np.arange(len(images))[-count:]
        expected, labels = torch_labels(model, images[modality], modality)
        received = onnx.encode(images[modality], modality)
        difference = max(float(np.abs(a - b).max()) for a, b in zip(expected, received, strict=True))
        worst_feature = max(worst_feature, difference)
        worst_label = max(worst_label, float((onnx.decode(received)[0] != labels).mean()))
    if worst_feature > MAX_FEATURE_DIFFERENCE[precision] or worst_label > MAX_LABEL_DIFFERENCE[precision]:
        raise InputError(
            f"Expected ONNX Runtime to agree with PyTorch but features differ by {worst_feature:.2g} "
            f"and labels on {100 * worst_label:.2f} % of pixels; the bundle must not be used."
        )
    return {"featureDifference": worst_feature, "labelDifference": worst_label}
