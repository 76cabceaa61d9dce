"""Sensor failures as augmentation. They teach experts and router what a blinded sensor looks like."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Failure = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def draw_failures(present: np.ndarray, kinds: list[str], rng: np.random.Generator) -> list[tuple[int, str]]:
    """Which of the present modalities are spoilt, and how: never all of them.

    The label stays as it is: whatever the spoilt sensor showed must now come from the others, which only
    works if the router takes weight from it.

    Args:
        present: bool `[M]`.
        kinds: representation kind of each modality.
    """
    candidates = np.flatnonzero(present)
    if len(candidates) < 2:
        return []
    count = int(rng.integers(1, len(candidates)))
    drawn = []
    for position in rng.permutation(candidates)[:count]:
        failures = drawn_failures(kinds[position])
        drawn.append((int(position), failures[rng.integers(len(failures))]))
    return drawn


def drawn_failures(kind: str) -> tuple[str, ...]:
    """Names of what may befall a sensor of a representation kind, twice if drawn twice as often."""
    return CAMERA_FAILURES if kind == "rgb" else SPARSE_FAILURES


def _blackout(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    del rng
    return np.zeros_like(image)


def _dark(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(1, 12))
    return np.clip(image * np.float32(rng.uniform(0.01, 0.15)) + noise, 0, 255).astype(np.uint8)


def _overexposed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(image * np.float32(rng.uniform(2, 8)) + np.float32(rng.uniform(40, 220)), 0, 255).astype(
        np.uint8
    )


def _white_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, image.shape, dtype=np.uint8)


def _washed_out(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fog or a covered lens: everything drawn towards one grey."""
    share = np.float32(rng.uniform(0.02, 0.3))
    return (image * share + np.float32(rng.uniform(30, 230)) * (1 - share)).astype(np.uint8)


def _salt_and_pepper(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(image.shape[:2], dtype=np.float32)
    density = rng.uniform(0.1, 0.6)
    out = image.copy()
    out[draw < density] = 0
    out[draw < density / 2] = 255
    return out


def _sector_loss(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Most columns return nothing."""
    width = image.shape[1]
    kept = int(width * rng.uniform(0.05, 0.5))
    left = int(rng.integers(0, width - kept + 1))
    out = np.zeros_like(image)
    out[:, left : left + kept] = image[:, left : left + kept]
    return out


def _thinned(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lost beams or events: most pixels return nothing."""
    keep = rng.random(image.shape[:2], dtype=np.float32) < rng.uniform(0.02, 0.3)
    return image * keep[..., None].astype(np.uint8)


FAILURES: dict[str, Failure] = {
    "blackout": _blackout,
    "dark": _dark,
    "overexposed": _overexposed,
    "washed out": _washed_out,
    "white noise": _white_noise,
    "salt and pepper": _salt_and_pepper,
    "sector loss": _sector_loss,
    "thinned": _thinned,
}
"""By name. Each draws how bad it is from the generator it is given."""
CAMERA_FAILURES = ("blackout", "dark", "dark", "overexposed", "white noise", "washed out", "salt and pepper")
SPARSE_FAILURES = ("blackout", "white noise", "salt and pepper", "sector loss", "thinned")
