"""Scores of the comparison, on the device: every subset, and what the router's own weights are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.degrade import drawn_failures
from ..data.device_augment import FAILURES
from ..evaluation import Scores, all_subsets, batches
from ..metrics import IGNORE, ConfusionMatrix
from .separate import SeparateEncoders
from .variants import Contender

BATCH = 32
ALL_FRAMES = "all frames"
WEIGHTS = ("own", "constant", "uniform")
"""The router's weights, their mean over the clean frames, and equal ones."""


class DeviceConfusion:
    """A confusion matrix `[truth, prediction]` that is counted where the labels are."""

    def __init__(self, classes: int, device: torch.device) -> None:
        self.classes = classes
        self.counts = torch.zeros(classes**2, dtype=torch.int64, device=device)

    def add(self, truth: Tensor, prediction: Tensor) -> None:
        """Add class ids of equal shape; pixels whose truth is 255 are left out."""
        pairs = truth.long() * self.classes + prediction.long()
        # Ignored pixels go into a bin of their own: choosing the others would wait for the device.
        pairs = torch.where(truth == IGNORE, self.classes**2, pairs)
        self.counts += torch.bincount(pairs.flatten(), minlength=self.classes**2 + 1)[:-1]

    def confusion(self) -> ConfusionMatrix:
        """The counts so far, on the CPU."""
        matrix = ConfusionMatrix(self.classes)
        matrix.counts += self.counts.reshape(self.classes, self.classes).cpu().numpy()
        return matrix


@torch.inference_mode()
def subset_scores(model: Contender, images: Tensor, labels: Tensor) -> dict[str, Any]:
    """For each protocol that the variant knows: mIoU of every subset, their mean and expectation.

    Args:
        images: uint8 `[N, M, H, W, 3]`.
        labels: uint8 `[N, H, W]`.
    """
    model.eval()
    subsets = all_subsets(len(model.rig.modalities))
    tallies = {
        (protocol, subset): DeviceConfusion(len(model.rig.classes), images.device)
        for protocol in model.protocols
        for subset in subsets
    }
    for chosen in batches(np.arange(len(images)), BATCH):
        part = slice(int(chosen[0]), int(chosen[-1]) + 1)
        for subset, protocol, logits in model.subset_outputs(images[part], subsets):
            tallies[protocol, subset].add(labels[part], model.full_size(logits).argmax(dim=1))
    report = {}
    for protocol in model.protocols:
        scores = Scores(model)
        for subset in subsets:
            scores.matrices[subset, ALL_FRAMES] = tallies[protocol, subset].confusion()
        report[protocol] = scores.subset_scores()
    return report


@torch.inference_mode()
def router_worth(model: SeparateEncoders, images: Tensor, labels: Tensor, seed: int = 1) -> dict[str, Any]:
    """mIoU by the router's own weights, by their constant mean and by equal ones, all sensors present: clean,
    and with one sensor at a time spoilt by each failure that training draws for its kind.

    The mean branch is the same in all three. How bad a failure is, is drawn for each frame from `seed`.
    """
    model.eval()
    names, levels = model.rig.names, _mean_weights(model, images)
    uniform = torch.full_like(levels, 1 / len(names))
    choices = dict(zip(WEIGHTS, (None, levels, uniform), strict=True))
    trials: list[tuple[int | None, str]] = [(None, "clean")]
    for m, modality in enumerate(model.rig.modalities):
        trials += [(m, f) for f in dict.fromkeys(drawn_failures(modality["representation"]["kind"]))]
    tallies = {
        (index, name): DeviceConfusion(len(model.rig.classes), images.device)
        for index in range(len(trials))
        for name in WEIGHTS
    }
    rng = np.random.default_rng(seed)
    generator = torch.Generator(images.device).manual_seed(seed)
    for chosen in batches(np.arange(len(images)), BATCH):
        part = slice(int(chosen[0]), int(chosen[-1]) + 1)
        features = model.encode_all(images[part])
        present = torch.ones(len(chosen), len(names), dtype=torch.bool, device=images.device)
        for index, (m, failure) in enumerate(trials):
            shown = features
            if m is not None:
                spoilt = FAILURES[failure](images[part, m], rng, generator)
                encoded = model.encode(spoilt, torch.full((len(spoilt),), m, device=images.device))
                shown = [
                    torch.cat((own[:, :m], blind[:, None], own[:, m + 1 :]), dim=1)
                    for own, blind in zip(features, encoded, strict=True)
                ]
            for name, weights in choices.items():
                with model.routed_by(weights):
                    joined = model.decode(shown, present).joined
                tallies[index, name].add(labels[part], model.full_size(joined).argmax(dim=1))
    results = [
        {
            "modality": None if m is None else names[m],
            "failure": failure,
            **{name: round(tallies[index, name].confusion().miou(), 2) for name in WEIGHTS},
        }
        for index, (m, failure) in enumerate(trials)
    ]
    return {
        "frames": len(images),
        "meanWeights": levels.cpu().numpy().round(4).tolist(),
        "trials": results,
    }


def _mean_weights(model: SeparateEncoders, images: Tensor) -> Tensor:
    """The router's weights `[levels, M]`, the mean over all frames."""
    collected = []
    for chosen in batches(np.arange(len(images)), BATCH):
        part = images[int(chosen[0]) : int(chosen[-1]) + 1]
        present = torch.ones(part.shape[:2], dtype=torch.bool, device=images.device)
        collected.append(model.decode(model.encode_all(part), present).routing.float())
    return torch.cat(collected).mean(dim=0)
