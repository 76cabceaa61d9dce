"""Evaluation: mIoU of every subset of the modalities, per condition, by both protocols, with routing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from .data import FrameCache
from .metrics import IGNORE, ConfusionMatrix
from .model import MleSam

Subset = tuple[int, ...]
Protocol = Literal["absent", "zero-filled"]
PROTOCOLS: tuple[Protocol, ...] = ("absent", "zero-filled")
"""What stands for a missing modality: nothing, as on the robot, or an input of zeros after normalisation, as
in the published benchmark (arXiv 2503.18445). Never to be mixed in one table column."""
LOSS_PROBABILITIES = (0.2, 0.1, 0.05)


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

    def add_counts(self, subset: Subset, condition: str, counts: np.ndarray) -> None:
        """Add a frame's confusion matrix, `[truth, prediction]`."""
        self.matrices.setdefault((subset, condition), ConfusionMatrix(len(self.classes))).counts += counts

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
        night = {condition for condition in self.conditions() if "night" in condition.split("-")}
        day = set(self.conditions()) - night
        return {
            "convention": "Cityscapes: classes without any pixel are left out; 255 is ignored",
            "full": {
                "miou": _value(self.matrix(full).miou()),
                "perClass": self._per_class(full),
                "perCondition": {c: _value(self.matrix(full, {c}).miou()) for c in self.conditions()},
                "night": _value(self.matrix(full, night).miou()),
                "day": _value(self.matrix(full, day).miou()),
            },
            "singles": self._by_light({name: (i,) for i, name in enumerate(self.modalities)}, night, day),
            "without": self._by_light(
                {name: tuple(m for m in full if m != i) for i, name in enumerate(self.modalities)}, night, day
            ),
            **self.subset_scores(),
            "routing": {
                condition: np.mean(weights, axis=0, dtype=np.float64).round(4).tolist()
                for condition, weights in sorted(self.routing.items())
            },
            "modalities": self.modalities,
        }

    def _by_light(self, subsets: dict[str, Subset], night: set[str], day: set[str]) -> dict[str, Any]:
        """Scores of named subsets, as far as scored: over all frames, by night, by day, per condition."""
        scored = {subset for subset, _ in self.matrices}
        return {
            name: {
                "miou": _value(self.matrix(subset).miou()),
                "night": _value(self.matrix(subset, night).miou()),
                "day": _value(self.matrix(subset, day).miou()),
                "perCondition": {c: _value(self.matrix(subset, {c}).miou()) for c in self.conditions()},
            }
            for name, subset in subsets.items()
            if subset in scored
        }

    def subset_scores(self) -> dict[str, Any]:
        """mIoU of every subset, their mean, and their expectation where modalities fail at random."""
        subsets = sorted({subset for subset, _ in self.matrices}, key=lambda s: (-len(s), s))
        scores = {subset: self.matrix(subset).miou() for subset in subsets}
        count = len(self.modalities)
        return {
            "subsets": {self._name(subset): _value(score) for subset, score in scores.items()},
            "subsetMean": _value(float(np.mean(list(scores.values())))),
            "subsetExpected": {str(p): _value(expected_miou(scores, count, p)) for p in LOSS_PROBABILITIES},
        }

    def _name(self, subset: Subset) -> str:
        return "+".join(self.modalities[i] for i in subset)

    def _per_class(self, subset: Subset) -> dict[str, float | None]:
        return {name: _value(iou) for name, iou in zip(self.classes, self.matrix(subset).iou(), strict=True)}


def _value(score: float) -> float | None:
    return round(float(score), 2) if np.isfinite(score) else None


def evaluate(
    model: MleSam,
    cache: FrameCache,
    subsets: list[Subset] | None = None,
    frames: np.ndarray | None = None,
    batch: int = 8,
) -> Scores:
    """Score `model` on `cache` by the absent protocol."""
    return evaluate_protocols(model, cache, ("absent",), subsets, frames, batch)["absent"]


@torch.inference_mode()
def evaluate_protocols(
    model: MleSam,
    cache: FrameCache,
    protocols: tuple[Protocol, ...] = PROTOCOLS,
    subsets: list[Subset] | None = None,
    frames: np.ndarray | None = None,
    batch: int = 8,
) -> dict[Protocol, Scores]:
    """Score `model` on `cache`. Each image is encoded once; each subset decodes from the same features."""
    model.eval()
    device = model.pixel_gain.device
    count = len(model.rig.modalities)
    subsets = subsets or all_subsets(count)
    used = sorted({i for subset in subsets for i in subset})
    scores: dict[Protocol, Scores] = {protocol: Scores(model) for protocol in protocols}
    zeros = model.encode_zeros() if "zero-filled" in protocols else None
    for chosen in batches(np.arange(len(cache)) if frames is None else frames, batch):
        images = torch.from_numpy(np.array(cache.images[chosen][:, used])).to(device)
        truth = torch.from_numpy(np.array(cache.labels[chosen])).to(device)
        modality = torch.tensor(used, device=device).repeat(len(chosen))
        encoded = model.encode(images.flatten(0, 1), modality)
        features = []
        for level in encoded:
            dense = level.new_zeros(len(chosen), count, *level.shape[1:])
            dense[:, used] = level.unflatten(0, (len(chosen), len(used)))
            features.append(dense)
        for subset, protocol in product(subsets, protocols):
            mask = torch.zeros(count, dtype=torch.bool, device=device)
            mask[list(subset)] = True
            if protocol == "absent":
                output = model.decode(features, mask.expand(len(chosen), count))
            else:
                output = model.decode(
                    _zero_filled(features, zeros or [], mask),
                    torch.ones_like(mask).expand(len(chosen), count),
                )
            counts = confusion(truth, model.full_size(output.joined).argmax(dim=1), len(model.rig.classes))
            for position, index in enumerate(chosen):
                condition = cache.frames[index].condition
                scores[protocol].add_counts(subset, condition, counts[position])
                if len(subset) == count:
                    weights = output.routing[position].float().cpu().numpy()
                    scores[protocol].routing.setdefault(condition, []).append(weights)
    return scores


def confusion(truth: Tensor, prediction: Tensor, classes: int) -> np.ndarray:
    """Confusion matrices `[B, truth, prediction]` of label images `[B, H, W]`, counted where they lie."""
    sample = torch.arange(len(truth), device=truth.device)[:, None, None]
    valid = truth != IGNORE
    pairs = (sample * classes + truth.long()) * classes + prediction
    counts = torch.bincount(pairs[valid], minlength=len(truth) * classes**2)
    return counts.reshape(len(truth), classes, classes).cpu().numpy()


def evaluation_report(
    model: MleSam,
    cache: FrameCache,
    protocols: tuple[Protocol, ...] = PROTOCOLS,
    frames: np.ndarray | None = None,
) -> dict[str, Any]:
    """`Scores.report` by the absent protocol and, where asked for, the subsets by the zero-filled one.

    Args:
        frames: indices into `cache`; all when None.
    """
    scores = evaluate_protocols(model, cache, protocols, frames=frames, batch=batch_size(model))
    report = scores["absent"].report()
    if "zero-filled" in scores:
        report["zeroFilled"] = scores["zero-filled"].subset_scores()
    return report


def expected_miou(scores: dict[Subset, float], count: int, loss: float) -> float:
    """Mean over subsets, each weighted by its chance when every modality is lost with probability `loss`."""
    weights = {subset: loss ** (count - len(subset)) * (1 - loss) ** len(subset) for subset in scores}
    return sum(scores[subset] * weight for subset, weight in weights.items()) / sum(weights.values())


def _zero_filled(features: list[Tensor], zeros: list[Tensor], kept: Tensor) -> list[Tensor]:
    """`[B, M, C, h, w]` per level, modalities that are not kept replaced by the features of zeros."""
    mask = kept[None, :, None, None, None]
    return [
        torch.where(mask, level, blank[None].to(level.dtype))
        for level, blank in zip(features, zeros, strict=True)
    ]


def spread_indices(total: int, count: int) -> np.ndarray:
    """At most `count` indices, evenly spread over `range(total)`."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).astype(int))


def batch_size(model: MleSam) -> int:
    """Frames that are encoded at once: fewer of large ones."""
    return max(1, min(8, 2**20 // (model.config.height * model.config.width)))


def quick_miou(model: MleSam, cache: FrameCache, frames: int, stage: str) -> dict[str, float]:
    """Validation while training, on evenly spread frames: the camera alone, for experts also the full set and
    the mean over all subsets."""
    chosen = spread_indices(len(cache), frames)
    if stage == "base":
        return {"camera": _base_miou(model, cache, chosen)}
    full = tuple(range(len(model.rig.modalities)))
    scores = evaluate(model, cache, None, chosen)
    result = {"full": scores.matrix(full).miou(), model.rig.names[0]: scores.matrix((0,)).miou()}
    result["subsets"] = float(np.mean([scores.matrix(s).miou() for s in all_subsets(len(full))]))
    if "night" in scores.conditions():
        result["night full"] = scores.matrix(full, {"night"}).miou()
        result[f"night {model.rig.names[0]}"] = scores.matrix((0,), {"night"}).miou()
    return result


@torch.inference_mode()
def _base_miou(model: MleSam, cache: FrameCache, chosen: np.ndarray) -> float:
    model.eval()
    matrix = ConfusionMatrix(len(model.rig.classes))
    for indices in batches(chosen, 8):
        images = torch.from_numpy(np.array(cache.images[indices][:, :1])).to(model.pixel_gain.device)
        present = torch.ones(len(indices), 1, dtype=torch.bool, device=images.device)
        output = model(images, present, experts=False)
        labels = model.full_size(output.joined).argmax(dim=1).cpu().numpy()
        for position, index in enumerate(indices):
            matrix.add(cache.labels[index], labels[position])
    return matrix.miou()


def batches(indices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Consecutive parts of `indices`, each of at most `size`."""
    for start in range(0, len(indices), size):
        yield indices[start : start + size]
