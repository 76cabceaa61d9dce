"""Whether the router takes weight from a blinded sensor: one is spoilt at a time, the others left alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .data import FrameCache
from .data.degrade import FAILURES, drawn_failures
from .errors import InputError
from .evaluation import batch_size, batches, spread_indices
from .metrics import ConfusionMatrix
from .model import MleSam

CLEAN = "clean"


class _Tallies:
    """Scores and routing weights of each way the frames were shown."""

    def __init__(self, model: MleSam, cache: FrameCache) -> None:
        self.model, self.cache = model, cache
        self.matrices: dict[str, ConfusionMatrix] = {}
        self.weights: dict[str, list[np.ndarray]] = {}

    def add(self, key: str, features: list[Tensor], present: Tensor, chosen: np.ndarray) -> None:
        """Decode the frames `chosen` from `[B, M, C, h, w]` per level, with `present` `[M]`."""
        output = self.model.decode(features, present.expand(len(chosen), -1))
        labels = self.model.full_size(output.joined).argmax(dim=1).to(torch.uint8).cpu().numpy()
        matrix = self.matrices.setdefault(key, ConfusionMatrix(len(self.model.rig.classes)))
        matrix.add(np.array(self.cache.labels[chosen]), labels)
        self.weights.setdefault(key, []).append(output.routing.float().cpu().numpy())

    def miou(self, key: str) -> float:
        """Percent, rounded for a report."""
        return round(self.matrices[key].miou(), 2)

    def mean_weights(self, key: str, modality: int) -> list[float]:
        """Per level, the mean over all frames."""
        return [round(float(w), 4) for w in np.concatenate(self.weights[key])[..., modality].mean(axis=0)]


@torch.inference_mode()
def routing_report(
    model: MleSam, cache: FrameCache, frames: int | None = None, seed: int = 1
) -> dict[str, Any]:
    """Spoil one sensor at a time by each failure that training draws for its kind; all sensors stay present.

    Only frames without a failure of their own are used. How bad a failure is, is drawn for each frame as in
    training, from `seed`, the failure and the frame.

    Args:
        frames: as many, evenly spread; all when None.

    Returns:
        `frames`, `modalities`, `cleanMiou`, and `trials`: for each sensor and failure the sensor's mean
        weight per level (fine to coarse) clean and spoilt, and the mIoU (percent) spoilt and without it.
    """
    model.eval()
    names = model.rig.names
    if len(names) < 2:
        raise InputError(f"Expected a model of two modalities or more but received one for {names[0]} alone.")
    trials = [
        (m, failure)
        for m, modality in enumerate(model.rig.modalities)
        for failure in dict.fromkeys(drawn_failures(modality["representation"]["kind"]))
    ]
    clean = np.flatnonzero([frame.case == "none" for frame in cache.frames])
    if len(clean) == 0:
        raise InputError("Expected frames without a failure of their own in the split but found none.")
    used = clean if frames is None else clean[spread_indices(len(clean), frames)]
    tallies = _Tallies(model, cache)
    everything = torch.ones(len(names), dtype=torch.bool, device=model.pixel_gain.device)
    for chosen in batches(used, batch_size(model)):
        images = np.array(cache.images[chosen])
        features = _encode(model, images, range(len(names)))
        tallies.add(CLEAN, features, everything, chosen)
        for m, name in enumerate(names):
            others = everything.clone()
            others[m] = False
            tallies.add(f"without {name}", features, others, chosen)
        for index, (m, failure) in enumerate(trials):
            rngs = [np.random.default_rng([seed, index, int(frame)]) for frame in chosen]
            pairs = zip(images[:, m], rngs, strict=True)
            spoilt = np.stack([FAILURES[failure](image, rng) for image, rng in pairs])
            blinded = _encode(model, spoilt[:, None], [m])
            levels = zip(features, blinded, strict=True)
            shown = [torch.cat((own[:, :m], blind, own[:, m + 1 :]), dim=1) for own, blind in levels]
            tallies.add(f"{names[m]} {failure}", shown, everything, chosen)
    return {
        "frames": len(used),
        "modalities": names,
        "cleanMiou": tallies.miou(CLEAN),
        "trials": [
            {
                "modality": names[m],
                "failure": failure,
                "cleanWeights": tallies.mean_weights(CLEAN, m),
                "spoiltWeights": tallies.mean_weights(f"{names[m]} {failure}", m),
                "spoiltMiou": tallies.miou(f"{names[m]} {failure}"),
                "withoutMiou": tallies.miou(f"without {names[m]}"),
            }
            for m, failure in trials
        ],
    }


def _encode(model: MleSam, images: np.ndarray, modalities: Sequence[int]) -> list[Tensor]:
    """Features per level `[B, M, C, h, w]` of uint8 `[B, M, H, W, 3]`; `modalities` says which the M are."""
    device = model.pixel_gain.device
    modality = torch.tensor(list(modalities), device=device).repeat(len(images))
    encoded = model.encode(torch.from_numpy(images).to(device).flatten(0, 1), modality)
    return [level.unflatten(0, images.shape[:2]) for level in encoded]
