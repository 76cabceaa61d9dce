"""Augmentations on uint8 arrays. Geometry moves all modalities and labels alike, labels by nearest pixel."""

from __future__ import annotations

import numpy as np
from PIL import Image


def flip(images: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror left and right: `[M, H, W, 3]` and `[H, W]`."""
    return np.ascontiguousarray(images[:, :, ::-1]), np.ascontiguousarray(label[:, ::-1])


def zoom(
    images: np.ndarray, label: np.ndarray, kinds: list[str], smallest: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Enlarge a random crop of at least `smallest` of each side to full size.

    The camera is resampled bilinearly; the others by nearest pixel, since a mean of "nothing known" and a
    range is neither.
    """
    height, width = label.shape
    factor = rng.uniform(smallest, 1.0)
    top, left = rng.uniform(0, height * (1 - factor)), rng.uniform(0, width * (1 - factor))
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


def camera_jitter(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, contrast, white balance and sensor noise of a camera image `[H, W, 3]`.

    A quarter of the draws are dark and noisy, so that night is not the only place where the camera is weak.
    """
    gain = rng.uniform(0.7, 1.3, 3) * (
        rng.uniform(0.15, 0.6) if rng.random() < 0.25 else rng.uniform(0.7, 1.3)
    )
    contrast, sigma = rng.uniform(0.7, 1.3), rng.uniform(0, 10)
    curve = np.arange(256, dtype=np.float32)[:, None] * gain.astype(np.float32)
    curve = (curve - curve.mean(axis=0)) * contrast + curve.mean(axis=0)
    jittered = np.take_along_axis(curve, image.reshape(-1, 3).astype(np.intp), axis=0)
    if sigma > 2:
        jittered += rng.standard_normal(jittered.shape, dtype=np.float32) * np.float32(sigma)
    return np.clip(jittered, 0, 255).astype(np.uint8).reshape(image.shape)
