"""Export to the two ONNX graphs of a bundle, checked against PyTorch."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from .errors import InputError
from .model import MleSam

OPSET = 18
MAX_LABEL_DIFFERENCE = 1e-3
"""Largest fraction of pixels whose label may differ between ONNX Runtime and PyTorch."""
MAX_FEATURE_DIFFERENCE = 1e-3


class EncoderGraph(nn.Module):
    """images uint8 `[M, H, W, 3]`, modality int64 `[M]` -> features_0..2 float32 `[M, C, h, w]`."""

    def __init__(self, model: MleSam) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, modality: Tensor) -> tuple[Tensor, ...]:
        """Normalise and encode."""
        return tuple(self.model.encode(images, modality))


class HeadGraph(nn.Module):
    """features_0..2 -> labels uint8 `[H, W]`, confidence uint8 `[H, W]`, routing float32 `[levels, M]`."""

    def __init__(self, model: MleSam) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, features_0: Tensor, features_1: Tensor, features_2: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fuse, classify, upsample, take the best class and its probability (255 = certain)."""
        features = [level.unsqueeze(0) for level in (features_0, features_1, features_2)]
        present = torch.ones_like(features_0[:, 0, 0, 0], dtype=torch.bool).unsqueeze(0)
        output = self.model.decode(features, present)
        logits = self.model.full_size(output.joined)[0]
        best, labels = logits.max(dim=0)
        # exp(best) / sum(exp) without materialising every class's probability
        confidence = 255 / (logits - best).exp().sum(dim=0)
        return labels.to(torch.uint8), confidence.round().to(torch.uint8), output.routing[0]


def export_graphs(model: MleSam, folder: Path) -> None:
    """Write `encoder.onnx` and `head.onnx`; the number of modalities is dynamic."""
    model = model.eval().float()
    folder.mkdir(parents=True, exist_ok=True)
    config, channels = model.config, model.config.model.base.fpn_channels
    # torch.export specialises a batch of 1, so the example has 2.
    images = torch.zeros(2, config.height, config.width, 3, dtype=torch.uint8)
    count = torch.export.Dim("M", min=1, max=64)
    _export(
        EncoderGraph(model),
        (images, torch.tensor([0, min(1, len(model.rig.modalities) - 1)])),
        folder / "encoder.onnx",
        ["images", "modality"],
        ["features_0", "features_1", "features_2"],
        {"images": {0: count}, "modality": {0: count}},
    )
    features = tuple(torch.randn(2, channels, config.height // s, config.width // s) for s in (4, 8, 16))
    names = ["features_0", "features_1", "features_2"]
    _export(
        HeadGraph(model),
        features,
        folder / "head.onnx",
        names,
        ["labels", "confidence", "routing"],
        {name: {0: count} for name in names},
    )


def _export(
    graph: nn.Module, example: tuple, path: Path, inputs: list[str], outputs: list[str], dynamic: dict
) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.eval(),
            example,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    program.save(str(path), external_data=False)


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
        """Features of uint8 `[M, H, W, 3]`."""
        return self.encoder.run(None, {"images": images, "modality": modality.astype(np.int64)})

    def decode(self, features: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, confidence and routing weights."""
        return tuple(self.head.run(None, {f"features_{i}": f for i, f in enumerate(features)}))


@torch.inference_mode()
def torch_labels(
    model: MleSam, images: np.ndarray, modality: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """PyTorch's features and labels `[H, W]` for the same inputs."""
    features = model.encode(torch.from_numpy(images), torch.from_numpy(modality).long())
    labels, _, _ = HeadGraph(model).forward(*features)
    return [level.numpy() for level in features], labels.numpy()


def check_parity(model: MleSam, folder: Path, images: np.ndarray) -> dict[str, float]:
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
    if worst_feature > MAX_FEATURE_DIFFERENCE or worst_label > MAX_LABEL_DIFFERENCE:
        raise InputError(
            f"Expected ONNX Runtime to agree with PyTorch but features differ by {worst_feature:.2g} "
            f"and labels on {100 * worst_label:.2f} % of pixels; the bundle must not be used."
        )
    return {"featureDifference": worst_feature, "labelDifference": worst_label}
