"""Scores a model on a split by the published protocols: a confusion matrix a setting, condition and case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..evaluation import LOSS_PROBABILITIES, Scores, Subset, expected_miou
from ..metrics import CONVENTIONS, ConfusionMatrix, Convention
from ..model import MleSam
from .frames import ScoredFrame, at_size
from .predictions import PredictionFolder
from .protocols import ProtocolName, Setting, Shown, settings

Matrices = dict[tuple[Setting, str, str], ConfusionMatrix]


@dataclass
class Scored:
    """What came of all frames: everything by setting, and what a model card needs in its own form."""

    matrices: Matrices
    absent: Scores
    zero_filled: Scores
    frames: int = 0

    def add(self, setting: Setting, frame: ScoredFrame, labels: np.ndarray) -> None:
        """Count a frame's class ids, which have the size of its truth."""
        assert frame.truth is not None
        condition, case = frame.frame.condition, frame.frame.case
        classes = len(self.absent.classes)
        matrix = ConfusionMatrix(classes)
        matrix.add(frame.truth, labels)
        key = (setting, condition, case)
        self.matrices.setdefault(key, ConfusionMatrix(classes)).counts += matrix.counts
        is_whole = len(setting.present) == len(self.absent.modalities)
        if setting.protocol == "absent":
            self.absent.add_counts(setting.present, condition, matrix.counts)
        if setting.protocol == "emm" or (setting.protocol == "absent" and is_whole):
            self.zero_filled.add_counts(setting.present, condition, matrix.counts)


@torch.inference_mode()
def score(
    model: MleSam,
    frames: Iterable[ScoredFrame],
    size: tuple[int, int],
    protocols: tuple[ProtocolName, ...] = (),
    seed: int = 1,
    predictions: PredictionFolder | None = None,
) -> Scored:
    """Confusion matrices by setting, condition and case.

    Args:
        size: (width, height) that the masks are brought to.
        protocols: besides all modalities as they are, which is always scored.
        predictions: takes the mask of every frame, those without a ground truth included.
    """
    model.eval()
    wanted = settings(protocols, len(model.rig.modalities))
    kinds = [modality["representation"]["kind"] for modality in model.rig.modalities]
    scored = Scored({}, Scores(model), Scores(model))
    for frame in frames:
        shown = Shown(frame.frame.name, kinds, _normalised(model, frame.images), seed)
        features: dict[Any, list[Tensor]] = {}
        needed = wanted if frame.truth is not None else wanted[:1]
        for setting in needed:
            labels, routing = _labels(model, shown, setting, features)
            if setting == wanted[0] and predictions is not None:
                predictions.add(frame.frame, labels)
            if frame.truth is None:
                continue
            scored.add(setting, frame, at_size(labels, size))
            if setting == wanted[0]:
                scored.absent.routing.setdefault(frame.frame.condition, []).append(routing)
        scored.frames += frame.truth is not None
    return scored


def _normalised(model: MleSam, images: np.ndarray) -> Tensor:
    """float32 `[M, 3, H, W]`."""
    device = model.pixel_gain.device
    return model.normalised(torch.from_numpy(images).to(device), torch.arange(len(images), device=device))


def _labels(
    model: MleSam, shown: Shown, setting: Setting, features: dict[Any, list[Tensor]]
) -> tuple[np.ndarray, np.ndarray]:
    """Class ids uint8 `[H, W]` and routing weights. An image that several settings show is encoded once."""
    count = len(model.rig.modalities)
    device = model.pixel_gain.device
    present = torch.zeros(1, count, dtype=torch.bool, device=device)
    encoded: list[list[Tensor] | None] = [None] * count
    for modality in range(count):
        image = shown.image(setting, modality)
        if image is None:
            continue
        key, pixels = image
        if key not in features:
            features[key] = model.encode_pixels(pixels[None], torch.tensor([modality], device=device))
        encoded[modality] = features[key]
        present[0, modality] = True
    first = next(one for one in encoded if one is not None)
    levels = [
        torch.stack([(one or [torch.zeros_like(level) for level in first])[at][0] for one in encoded])[None]
        for at in range(len(first))
    ]
    output = model.decode(levels, present)
    labels = model.full_size(output.joined).argmax(dim=1)[0]
    return labels.to(torch.uint8).cpu().numpy(), output.routing[0].float().cpu().numpy()


def report(matrices: Matrices, model: MleSam, convention: Convention) -> dict[str, Any]:
    """Everything as plain values, percent. Whole scores are in both conventions, tables in the one named."""
    whole = next(iter(matrices))[0]
    names, classes = model.rig.names, [entry["name"] for entry in model.rig.classes]
    total = _sum(matrices, whole)
    conditions = sorted({condition for _, condition, _ in matrices})
    cases = sorted({case for _, _, case in matrices})
    return {
        "convention": convention,
        "full": {
            **{f"miou.{name}": _value(total.miou(name)) for name in CONVENTIONS},
            "meanAccuracy": _value(total.mean_accuracy(convention)),
            "meanF1": _value(total.mean_f1(convention)),
            "pixelAccuracy": _value(total.pixel_accuracy()),
            "perClass": {name: _value(iou) for name, iou in zip(classes, total.iou(), strict=True)},
            "perCondition": {
                one: _value(_sum(matrices, whole, condition=one).miou(convention)) for one in conditions
            },
            "perCase": {one: _value(_sum(matrices, whole, case=one).miou(convention)) for one in cases},
            "confusion": total.counts.tolist(),
        },
        "tables": _tables(matrices, names, convention),
        "noise": {
            setting.level: _value(_sum(matrices, setting).miou(convention))
            for setting in dict.fromkeys(setting for setting, _, _ in matrices)
            if setting.protocol == "nm"
        },
    }


def _tables(matrices: Matrices, names: list[str], convention: Convention) -> list[dict[str, Any]]:
    found: dict[tuple[ProtocolName, float], dict[Subset, float]] = {}
    whole = _sum(matrices, next(iter(matrices))[0]).miou(convention)
    for setting in dict.fromkeys(setting for setting, _, _ in matrices):
        if setting.protocol != "nm":
            table = found.setdefault((setting.protocol, setting.rate), {})
            table[setting.present] = _sum(matrices, setting).miou(convention)
    tables = []
    for (protocol, rate), scores in found.items():
        if protocol == "absent" and len(scores) == 1:
            continue  # all modalities, which are always scored
        scores[tuple(range(len(names)))] = whole
        tables.append(
            {
                "protocol": protocol,
                **({"rate": rate} if protocol == "rmm" else {}),
                "subsets": {"+".join(names[i] for i in one): _value(value) for one, value in scores.items()},
                "average": _value(float(np.mean(list(scores.values())))),
                "expected": {
                    str(p): _value(expected_miou(scores, len(names), p)) for p in LOSS_PROBABILITIES
                },
            }
        )
    return tables


def _sum(
    matrices: Matrices, setting: Setting, condition: str | None = None, case: str | None = None
) -> ConfusionMatrix:
    total: ConfusionMatrix | None = None
    for (own, its_condition, its_case), matrix in matrices.items():
        if own == setting and condition in (None, its_condition) and case in (None, its_case):
            total = total or ConfusionMatrix(len(matrix.counts))
            total.counts += matrix.counts
    if total is None:
        raise KeyError(setting)
    return total


def _value(score: float) -> float | None:
    return round(float(score), 3) if np.isfinite(score) else None
