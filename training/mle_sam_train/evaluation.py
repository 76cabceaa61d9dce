"""Evaluation: mIoU of every subset of the modalities (absent protocol), per condition, with routing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import torch

from .data import FrameCache
from .metrics import ConfusionMatrix
from .model import MleSam

Subset = tuple[int, ...]


def all_subsets(count: int) -> list[Subset]:
    """Every non-empty subset of `range(count)`, the full set first, then by falling size."""
    return [subset for size in range(count, 0, -1) for subset in combinations(range(count), size)]


class Scores:
    """Confusion matrices per subset and condition, routing weights of the full set per condition."""

    def __init__(self, model: MleSam) -> None:
        self.classes = [entry["name"] for entry in model.rig.classes]
        self.modalities = model.rig.names
        self.matrices: dict[tuple[Subset, str], ConfusionMatrix] = {}
        self.routing: dict[str, list[np.ndarray]] = {}

    def add(self, subset: Subset, condition: str, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add one frame."""
        key = (subset, condition)
        self.matrices.setdefault(key, ConfusionMatrix(len(self.classes))).add(truth, prediction)

    def matrix(self, subset: Subset, conditions: set[str] | None = None) -> ConfusionMatrix:
        """The sum over the conditions given (all when None)."""
        total = ConfusionMatrix(len(self.classes))
        for (key, condition), matrix in self.matrices.items():
            if key == subset and (conditions is None or condition in conditions):
                total.counts += matrix.counts
        return total

    def conditions(self) -> list[str]:
        """Conditions met, sorted."""
        return sorted({condition for _, condition in self.matrices})

    def report(self) -> dict[str, Any]:
        """Everything as plain values, mIoU and IoU in percent."""
        subsets = sorted({subset for subset, _ in self.matrices}, key=lambda s: (-len(s), s))
        full = max(subsets, key=len)
        night, day = {"night"}, set(self.conditions()) - {"night"}
        single = {name: self.matrix((i,)) for i, name in enumerate(self.modalities) if (i,) in subsets}
        return {
            "convention": "Cityscapes: classes without any pixel are left out; 255 is ignored",
            "full": {
                "miou": _value(self.matrix(full).miou()),
                "perClass": self._per_class(full),
                "perCondition": {c: _value(self.matrix(full, {c}).miou()) for c in self.conditions()},
                "night": _value(self.matrix(full, night).miou()),
                "day": _value(self.matrix(full, day).miou()),
            },
            "singles": {
                name: {
                    "miou": _value(matrix.miou()),
                    "night": _value(self.matrix((self.modalities.index(name),), night).miou()),
                    "day": _value(self.matrix((self.modalities.index(name),), day).miou()),
                    "perCondition": {
                        c: _value(self.matrix((self.modalities.index(name),), {c}).miou())
                        for c in self.conditions()
                    },
                }
                for name, matrix in single.items()
            },
            "subsets": {self._name(subset): _value(self.matrix(subset).miou()) for subset in subsets},
            "subsetMean": _value(float(np.mean([self.matrix(subset).miou() for subset in subsets]))),
            "routing": {
                condition: np.mean(weights, axis=0).round(4).tolist()
                for condition, weights in sorted(self.routing.items())
            },
            "modalities": self.modalities,
        }

    def _name(self, subset: Subset) -> str:
        return "+".join(self.modalities[i] for i in subset)

    def _per_class(self, subset: Subset) -> dict[str, float | None]:
        return {name: _value(iou) for name, iou in zip(self.classes, self.matrix(subset).iou(), strict=True)}


def _value(score: float) -> float | None:
    return round(float(score), 2) if np.isfinite(score) else None


@torch.inference_mode()
def evaluate(
    model: MleSam,
    cache: FrameCache,
    subsets: list[Subset] | None = None,
    frames: np.ndarray | None = None,
    batch: int = 8,
) -> Scores:
    """Score `model` on `cache`. Each image is encoded once; each subset decodes from the same features."""
    model.eval()
    count = len(model.rig.modalities)
    subsets = subsets or all_subsets(count)
    used = sorted({i for subset in subsets for i in subset})
    scores = Scores(model)
    for chosen in _batches(np.arange(len(cache)) if frames is None else frames, batch):
        images = torch.from_numpy(np.array(cache.images[chosen][:, used]))
        modality = torch.tensor(used).repeat(len(chosen))
        encoded = model.encode(images.flatten(0, 1), modality)
        features = []
        for level in encoded:
            dense = level.new_zeros(len(chosen), count, *level.shape[1:])
            dense[:, used] = level.unflatten(0, (len(chosen), len(used)))
            features.append(dense)
        for subset in subsets:
            present = torch.zeros(len(chosen), count, dtype=torch.bool)
            present[:, list(subset)] = True
            output = model.decode(features, present)
            labels = model.full_size(output.joined).argmax(dim=1).to(torch.uint8).numpy()
            for position, index in enumerate(chosen):
                condition = cache.frames[index].condition
                scores.add(subset, condition, cache.labels[index], labels[position])
                if len(subset) == count:
                    scores.routing.setdefault(condition, []).append(output.routing[position].numpy())
    return scores


def quick_miou(model: MleSam, cache: FrameCache, frames: int, stage: str) -> dict[str, float]:
    """Validation while training: the camera alone, for experts also the full set, on evenly spread frames."""
    chosen = np.unique(np.linspace(0, len(cache) - 1, min(frames, len(cache))).astype(int))
    if stage == "base":
        return {"camera": _base_miou(model, cache, chosen)}
    full = tuple(range(len(model.rig.modalities)))
    scores = evaluate(model, cache, [full, (0,)], chosen)
    result = {"full": scores.matrix(full).miou(), model.rig.names[0]: scores.matrix((0,)).miou()}
    if "night" in scores.conditions():
        result["night full"] = scores.matrix(full, {"night"}).miou()
        result[f"night {model.rig.names[0]}"] = scores.matrix((0,), {"night"}).miou()
    return result


@torch.inference_mode()
def _base_miou(model: MleSam, cache: FrameCache, chosen: np.ndarray) -> float:
    model.eval()
    matrix = ConfusionMatrix(len(model.rig.classes))
    for indices in _batches(chosen, 8):
        images = torch.from_numpy(np.array(cache.images[indices][:, :1]))
        output = model(images, torch.ones(len(indices), 1, dtype=torch.bool), experts=False)
        labels = model.full_size(output.joined).argmax(dim=1).numpy()
        for position, index in enumerate(indices):
            matrix.add(cache.labels[index], labels[position])
    return matrix.miou()


def _batches(indices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]
