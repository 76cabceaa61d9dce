"""The augmentations of `augment` and `degrade` for whole batches on any device, without waiting for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Failure = Callable[[Tensor, np.random.Generator, torch.Generator], Tensor]


def crop_nearest(
    source: Tensor, frame: Tensor, top: Tensor, left: Tensor, factor: Tensor, flipped: Tensor
) -> Tensor:
    """Crops of frames at full size, by nearest pixel.

    Args:
        source: `[N, M, H, W]` or `[N, M, H, W, 3]`.
        frame: int64 `[B]`.
        top, left: float `[B]`, first row and column of the crop in the image after flipping.
        factor: float `[B]`, side of the crop as a fraction of the whole.
        flipped: bool `[B]`.

    Returns:
        Like `source` with `N` = `B`.
    """
    modalities, height, width = source.shape[1:4]
    rows = _nearest(top, factor, height)
    columns = _nearest(left, factor, width)
    columns = torch.where(flipped[:, None], width - 1 - columns, columns)
    modality = torch.arange(modalities, device=source.device)
    return source[
        frame[:, None, None, None],
        modality[None, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None],
    ]


def crop_smooth(
    source: Tensor, frame: Tensor, top: Tensor, left: Tensor, factor: Tensor, flipped: Tensor
) -> Tensor:
    """The same crops of `[N, H, W, 3]` resampled bilinearly: uint8 `[B, H, W, 3]`."""
    height, width = source.shape[1:3]
    y = (top[:, None] + (_positions(height, source) + 0.5) * factor[:, None]) / height
    x = (left[:, None] + (_positions(width, source) + 0.5) * factor[:, None]) / width
    x = torch.where(flipped[:, None], 1 - x, x)
    shape = (len(frame), height, width)
    grid = torch.stack((x[:, None, :].expand(shape), y[:, :, None].expand(shape)), dim=-1) * 2 - 1
    planes = source[frame].permute(0, 3, 1, 2).float()
    resampled = F.grid_sample(planes, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return _bytes(resampled.round()).permute(0, 2, 3, 1)


def pixel_of_class(labels: Tensor, classes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Row and column `[B]` of a random pixel of class `classes[b]` in `labels[b]`, `[B, H, W]`."""
    chance = torch.rand(labels.shape, generator=generator, device=labels.device)
    chosen = (chance * (labels == classes[:, None, None])).flatten(1).argmax(dim=1)
    width = labels.shape[2]
    return chosen.div(width, rounding_mode="floor").float(), (chosen % width).float()


def jitter_images(images: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure, white balance, contrast and noise of uint8 `[B, H, W, 3]`.

    Args:
        values: `[B, 5]`: three gains, contrast about mid grey, deviation of the noise.
    """
    gain, contrast, sigma = values[:, None, None, :3], values[:, None, None, 3:4], values[:, None, None, 4:]
    centre = 127.5 * gain
    out = (images * gain - centre) * contrast + centre
    return _bytes(out + sigma * _normal(images.shape, generator))


def _nearest(first: Tensor, factor: Tensor, size: int) -> Tensor:
    """int64 `[B, size]`: the source row (or column) of each row."""
    at = first[:, None] + (_positions(size, first) + 0.5) * factor[:, None]
    return at.long().clamp(max=size - 1)


def _positions(size: int, like: Tensor) -> Tensor:
    return torch.arange(size, device=like.device, dtype=torch.float32)[None]


def _bytes(values: Tensor) -> Tensor:
    return values.clamp(0, 255).to(torch.uint8)


def _normal(shape: torch.Size, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)


def _uniform(images: Tensor, rng: np.random.Generator, low: float, high: float) -> Tensor:
    """One number a sample, `[B, 1, 1, 1]`."""
    drawn = torch.from_numpy(rng.uniform(low, high, len(images)).astype(np.float32))
    return drawn.to(images.device, non_blocking=True)[:, None, None, None]


def _chance(images: Tensor, generator: torch.Generator) -> Tensor:
    """A uniform number a pixel, `[B, H, W, 1]`."""
    return torch.rand((*images.shape[:3], 1), generator=generator, device=images.device)


def _blackout(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    del rng, generator
    return torch.zeros_like(images)


def _dark(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    noise = _normal(images.shape, generator) * _uniform(images, rng, 1, 12)
    return _bytes(images * _uniform(images, rng, 0.01, 0.15) + noise)


def _overexposed(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    del generator
    return _bytes(images * _uniform(images, rng, 2, 8) + _uniform(images, rng, 40, 220))


def _white_noise(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    del rng
    return torch.randint(0, 256, images.shape, generator=generator, device=images.device, dtype=torch.uint8)


def _washed_out(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    del generator
    share = _uniform(images, rng, 0.02, 0.3)
    return _bytes(images * share + _uniform(images, rng, 30, 230) * (1 - share))


def _salt_and_pepper(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    chance, density = _chance(images, generator), _uniform(images, rng, 0.1, 0.6)
    salted = images.masked_fill(chance < density, 0)
    return salted.masked_fill(chance < density / 2, 255)


def _sector_loss(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    del generator
    width = images.shape[2]
    kept = (width * _uniform(images, rng, 0.05, 0.5)).floor()
    left = (_uniform(images, rng, 0, 1) * (width - kept + 1)).floor()
    column = torch.arange(width, device=images.device)[None, None, :, None]
    return images * ((column >= left) & (column < left + kept))


def _thinned(images: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    return images * (_chance(images, generator) < _uniform(images, rng, 0.02, 0.3))


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
"""By name, as `degrade.FAILURES`: uint8 `[B, H, W, 3]`, each sample spoilt by an amount of its own."""
