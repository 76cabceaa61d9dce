"""Bilinear upsampling that leaves the pixels between the samples in planes of their own.

Pixels of a larger image lie between those of a smaller one in a fixed pattern. Each place in the pattern (a
phase) is kept as one plane of the smaller size. So only labels are woven together in the end, not the scores
of every class.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def upsample_rows(planes: Tensor, factor: int) -> Tensor:
    """Upsample along the rows.

    Args:
        planes: `[K, P, Q, h, w]`; row `P * i + p` of the image is row i of phase p.
        factor: 1 or an even number.

    Returns:
        `[K, P * factor, Q, h, w]` in the same sense: bilinear interpolation with `align_corners=False`, times
        `gain(factor)`, which saves a multiplication of every pixel.
    """
    # The neighbour of the last phase is the next row's first; at the edge a row is its own neighbour.
    above = torch.cat((planes[:, :1, :, :1], planes[:, -1:, :, :-1]), dim=3)
    below = torch.cat((planes[:, :1, :, 1:], planes[:, -1:, :, -1:]), dim=3)
    return _between(planes, above, below, dim=1, factor=factor)


def upsample_columns(planes: Tensor, factor: int) -> Tensor:
    """As `upsample_rows` along the columns: `[K, P, Q, h, w]` to `[K, P, Q * factor, h, w]`."""
    left = torch.cat((planes[:, :, :1, :, :1], planes[:, :, -1:, :, :-1]), dim=4)
    right = torch.cat((planes[:, :, :1, :, 1:], planes[:, :, -1:, :, -1:]), dim=4)
    return _between(planes, left, right, dim=2, factor=factor)


def gain(factor: int) -> int:
    """What one upsampling multiplies all values by."""
    return 2 * factor if factor > 1 else 1


def _between(planes: Tensor, first: Tensor, last: Tensor, dim: int, factor: int) -> Tensor:
    """Weighted sums of phases and neighbours; `first` is before phase 0, `last` after the last phase."""
    if factor == 1:
        return planes
    count = planes.shape[dim]
    before = torch.cat((first, planes.narrow(dim, 0, count - 1)), dim) if count > 1 else first
    after = torch.cat((planes.narrow(dim, 1, count - 1), last), dim) if count > 1 else last
    # Places between samples are odd multiples of 1 / gain away from the nearer one.
    far = [abs(2 * step + 1 - factor) for step in range(factor)]
    near = {weight: planes * (gain(factor) - weight) for weight in set(far)}
    parts = [
        near[weight] + (before if 2 * step < factor else after) * weight for step, weight in enumerate(far)
    ]
    return torch.stack(parts, dim + 1).flatten(dim, dim + 1)


def weave(planes: Tensor) -> Tensor:
    """The image `[P * h, P * w]` of phases `[P, P, h, w]`."""
    return F.pixel_shuffle(planes.flatten(0, 1)[None], planes.shape[0])[0, 0]
