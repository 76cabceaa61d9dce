"""Augmentations on uint8 arrays. Geometry moves all modalities and labels alike, labels by nearest pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image


def flip(images: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror left and right: `[M, H, W, 3]` and `[H, W]`."""
    return np.ascontiguousarray(images[:, :, ::-1]), np.ascontiguousarray(label[:, ::-1])


@dataclass(frozen=True)
class Jitter:
    """Exposure and white balance (a gain a channel), contrast about mid grey, deviation of sensor noise."""

    gain: np.ndarray
    contrast: float
    sigma: float


def draw_jitter(rng: np.random.Generator) -> Jitter:
    """A quarter of the draws are dark and noisy: the camera is then weak not only at night."""
    gain = rng.uniform(0.7, 1.3, 3) * (
        rng.uniform(0.15, 0.6) if rng.random() < 0.25 else rng.uniform(0.7, 1.3)
    )
    contrast, sigma = float(rng.uniform(0.7, 1.3)), float(rng.uniform(0, 10))
    return Jitter(gain, contrast, sigma if sigma > 2 else 0.0)


def crop_corner(size: int, factor: float, at: float, centre: float | None = None) -> float:
    """First row (or column) of a crop of `factor` times `size`.

    Args:
        at: in 0..1, where between first and last possible place; with `centre`, where in the crop that lies.
        centre: a row (or column) the crop must show.
    """
    room = size * (1 - factor)
    if centre is None:
        return room * at
    return min(max(centre + 0.5 - size * factor * at, 0.0), room)


def zoom(
    images: np.ndarray, label: np.ndarray, kinds: list[str], factor: float, corner: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Enlarge the crop of `factor` of each side whose first row and column are `corner` to full size.

    The camera is resampled bilinearly; the others by nearest pixel, since a mean of "nothing known" and a
    range is neither.
    """
    height, width = label.shape
    top, left = corner
    rows = np.minimum((top + (np.arange(height) + 0.5) * factor).astype(np.int64), height - 1)
    columns = np.minimum((left + (np.arange(width) + 0.5) * factor).astype(np.int64), width - 1)
    out = np.empty_like(images)
    for position, kind in enumerate(kinds):
        if kind == "rgb":
            box = (left, top, left + width * factor, top + height * factor)
            resized = Image.fromarray(images[position]).resize(
                (width, height), Image.Resampling.BILINEAR, box
            )
            out[position] = np.asarray(resized)
        else:
            out[position] = images[position][rows[:, None], columns]
    return out, label[rows[:, None], columns]


def camera_jitter(image: np.ndarray, jitter: Jitter, rng: np.random.Generator) -> np.ndarray:
    """Apply a jitter to a camera image `[H, W, 3]`; the noise itself is drawn from `rng`."""
    curve = np.arange(256, dtype=np.float32)[:, None] * jitter.gain.astype(np.float32)
    curve = (curve - curve.mean(axis=0)) * jitter.contrast + curve.mean(axis=0)
    jittered = np.take_along_axis(curve, image.reshape(-1, 3).astype(np.intp), axis=0)
    if jitter.sigma > 0:
        jittered += rng.standard_normal(jittered.shape, dtype=np.float32) * np.float32(jitter.sigma)
    return np.clip(jittered, 0, 255).astype(np.uint8).reshape(image.shape)
