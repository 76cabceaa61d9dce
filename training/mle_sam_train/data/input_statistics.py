"""What a model's inputs look like, image by image: a robot can then tell when a sensor's differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cache import STATISTICS_FRAMES, FrameCache

LEAST_KNOWN_SHARE = 1e-3
"""Images with fewer known pixels than this share say nothing about the sensor."""


def measure_input_statistics(cache: FrameCache, names: list[str], kinds: list[str]) -> dict[str, Any]:
    """The manifest's `inputStatistics`: by modality, how the means of single images are spread.

    A pixel counts where something is known: everywhere in pictures, where any channel is not 0 in all other
    images. Over these pixels each channel's mean is taken image by image; mean and deviation of those means
    are told, in 0..255, and likewise of the share of known pixels, in 0..1.

    Args:
        names: of the modalities in index order.
        kinds: their representations.
    """
    chosen = np.unique(np.linspace(0, len(cache) - 1, min(len(cache), STATISTICS_FRAMES)).astype(int))
    return {
        name: _statistics([_image_means(cache.images[index, position], kind) for index in chosen])
        for position, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }


def _image_means(image: np.ndarray, kind: str) -> np.ndarray:
    """Share of known pixels, then the mean of each channel over them; NaN where too few are known."""
    known = np.ones(image.shape[:2], bool) if kind == "rgb" else image.any(axis=-1)
    share = known.mean()
    means = image[known].mean(axis=0) if share >= LEAST_KNOWN_SHARE else np.full(3, np.nan)
    return np.concatenate(([share], means))


def _statistics(rows: list[np.ndarray]) -> dict[str, Any]:
    table = np.array(rows)
    told = table[~np.isnan(table).any(axis=1)]
    told = told if len(told) else np.zeros((1, 4))
    share, *channels = (
        {"mean": round(float(column.mean()), 4), "std": round(float(column.std()), 4)} for column in told.T
    )
    return {"images": len(rows), "knownShare": share, "channels": channels}
