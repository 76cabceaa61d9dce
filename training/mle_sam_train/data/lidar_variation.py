"""LiDAR images as another device on another mount would give them, for transfer from simulation.

A simulator has one law of reflection and mounts that are known exactly. Devices scale, compress and correct
their intensities each in its own way, and the height of a mount is often known to some decimetres only, its
tilt to a degree. Both move the road towards what the simulator draws as a sidewalk.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

RANGE_METRES = (1.0, 80.0)
HEIGHT_METRES = (-1.0, 7.0)
"""Limits of the representation `range-intensity-height` as bundles have them. With others the changes below
are larger or smaller by as much."""
LARGEST_TILT = math.radians(1.5)
LARGEST_SHIFT = 0.35
"""Metres that a mount may be off in height."""


def vary_lidar(images: Tensor, generator: torch.Generator) -> Tensor:
    """Other intensities, and heights of a mount that is a little off.

    Args:
        images: `[B, H, W, 3]` of `range-intensity-height`, 0..255, floating point.

    Returns:
        as `images`, not rounded; pixels without a return are to be blanked by the caller.
    """
    distance, intensity, height = images.unbind(dim=-1)
    metres = _metres(distance)
    return torch.stack(
        [distance, _other_reflection(intensity, metres, generator), _other_mount(height, metres, generator)],
        dim=-1,
    )


def _metres(level: Tensor) -> Tensor:
    """Range of `level`, 255 the nearest, in metres."""
    nearest, farthest = RANGE_METRES
    return nearest * (farthest / nearest) ** (1 - level / 255)


def _other_reflection(intensity: Tensor, metres: Tensor, generator: torch.Generator) -> Tensor:
    """Another full scale, a curve, another correction by range; one value everywhere in one of twelve."""
    share = intensity / 255
    curve = 2 ** _one(intensity, -1.0, 1.0, generator)
    scale = 2 ** _one(intensity, -2.3, 1.3, generator)
    # A device that does not correct for range, or for half of it: intensities fall with distance, as a power.
    power = _one(intensity, -0.4, 0.8, generator)
    other = share**curve * scale * (metres / 10) ** -power
    constant = _one(intensity, 0, 1, generator) < 1 / 12
    return 255 * torch.where(constant, _one(intensity, 0, 1, generator), other).clamp(0, 1)


def _other_mount(height: Tensor, metres: Tensor, generator: torch.Generator) -> Tensor:
    """Higher or lower by a shift, by pitch and by roll; about half of the mounts are nearly right."""
    columns = torch.linspace(-0.6, 0.6, height.shape[-1], device=height.device)
    shift = LARGEST_SHIFT * _mostly_small(height, generator)
    pitch = LARGEST_TILT * _mostly_small(height, generator)
    roll = LARGEST_TILT * _mostly_small(height, generator)
    lowest, highest = HEIGHT_METRES
    level = 254 / (highest - lowest)
    return (height + level * (shift + metres * (pitch + columns * roll))).clamp(1, 255)


def _mostly_small(like: Tensor, generator: torch.Generator) -> Tensor:
    """One number in -1..1 a sample: the root of its size is uniform, its sign either."""
    drawn = _one(like, -1.0, 1.0, generator)
    return drawn * drawn.abs()


def _one(like: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    drawn = torch.rand((len(like), 1, 1), generator=generator, device=like.device)
    return low + (high - low) * drawn
