"""Strong changes of appearance for whole batches on a device, for transfer from simulation.

A network trained on one renderer learns its palette: a white wall is then sky, a hedge a car. Here regions
change their colour and texture class by class while shading, shape and label stay, and the picture as a whole
goes through the faults of other cameras. Other sensors lose rows and patches and scale their readings.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .lidar_variation import vary_lidar

FREEDOM = {
    "sky": 0.5,
    "vegetation": 0.45,
    "terrain": 0.6,
    "road": 0.6,
    "lane_marking": 0.3,
    "traffic_sign": 0.5,
    "pole": 0.8,
}
"""How far a class's colour may leave its own, 0..1; 1 for classes not named: anything may be painted."""
SAMPLED = 4
"""Means of regions are taken over every n-th row and column."""


def freedom(classes: list[str], device: torch.device) -> Tensor:
    """`FREEDOM` of each class, `[classes + 1]`; the last is that of unlabelled pixels."""
    return torch.tensor([FREEDOM.get(name, 1.0) for name in classes] + [0.5], device=device)


def repaint(images: Tensor, labels: Tensor, free: Tensor, generator: torch.Generator) -> Tensor:
    """Camera images in other colours and through other cameras.

    Args:
        images: uint8 `[B, H, W, 3]`.
        labels: uint8 `[B, H, W]`, 255 unlabelled.
        free: of each class, as `freedom` gives it.

    Returns:
        uint8 `[B, H, W, 3]`.
    """
    planes = images.permute(0, 3, 1, 2).float() / 255
    planes = _recolour(planes, labels.long().clamp(max=len(free) - 1), free, generator)
    planes = _expose(planes, generator)
    planes = _blur(planes, generator)
    planes = _block(planes, generator)
    planes = _cut_out(planes, generator)
    return (255 * planes).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def vary_sensor(images: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """Readings of depth, events or LiDAR as another device would give them: single returns, patches and rows
    (LiDAR's) lost, LiDAR's intensities and heights as `vary_lidar` has them, all channels off by a little.

    Args:
        images: uint8 `[B, H, W, 3]`.
        kind: of representation.
    """
    batch, height, width = images.shape[:3]
    device = images.device
    kept = torch.rand((batch, height, width), generator=generator, device=device) >= _drawn(
        batch, 0, 0.25, generator
    ).reshape(-1, 1, 1)
    beams = torch.rand((batch, height // 3 + 1), generator=generator, device=device)
    share = _drawn(batch, -0.4, 0.6, generator).reshape(-1, 1)
    if kind == "range-intensity-height":
        kept &= (beams >= share).repeat_interleave(3, dim=1)[:, :height, None]
    holes = _smooth_noise(batch, 1, (6, 10), (height, width), generator)[:, 0]
    kept &= holes < _drawn(batch, 0.9, 3.0, generator).reshape(-1, 1, 1)
    gain = 1 + 0.03 * torch.randn((batch, 1, 1, 3), generator=generator, device=device)
    values = images.float() * gain
    if kind == "range-intensity-height":
        values = vary_lidar(values.clamp(0, 255), generator)
    shown = images.float().sum(dim=-1) > 0
    return (values.clamp(0, 255) * (kept & shown)[..., None]).to(torch.uint8)


def _recolour(planes: Tensor, labels: Tensor, free: Tensor, generator: torch.Generator) -> Tensor:
    """Each class towards a colour of its own with a texture of its own, in about half of the classes.

    A pixel keeps its difference from the mean of its class in that image: edges, windows, shading.
    """
    batch, classes = len(planes), len(free)
    few = labels[:, ::SAMPLED, ::SAMPLED].flatten(1)
    colours = planes[:, :, ::SAMPLED, ::SAMPLED].flatten(2).transpose(1, 2)
    slots = (few + classes * torch.arange(batch, device=few.device)[:, None]).flatten()
    sums = planes.new_zeros(batch * classes, 4)
    sums.index_add_(0, slots, F.pad(colours.reshape(-1, 3), (0, 1), value=1.0))
    mean = (sums[:, :3] / sums[:, 3:].clamp(min=1)).reshape(batch, classes, 3)
    grey = _rand((batch, classes, 1), 0.05, 0.98, generator)
    tint = 0.18 * torch.randn((batch, classes, 3), generator=generator, device=planes.device)
    tint *= _rand((batch, classes, 1), 0, 1, generator)
    # Near-white, near-black and plain grey walls, cars and roads are common outside and rare in simulation.
    is_changed = _rand((batch, classes, 1), 0, 1, generator) < 0.55
    share = is_changed * _rand((batch, classes, 1), 0.3, 1, generator) * free[None, :, None]
    shift = ((grey + tint - mean) * share).transpose(1, 2)  # [B, 3, classes]
    contrast = 1 + share * (_rand((batch, classes, 1), 0.4, 1.5, generator) - 1)
    height, width = labels.shape[1:]
    flat = labels.flatten(1)
    moved = torch.gather(shift, 2, flat[:, None].expand(-1, 3, -1)).reshape(batch, 3, height, width)
    own = torch.gather(mean.transpose(1, 2), 2, flat[:, None].expand(-1, 3, -1)).reshape_as(moved)
    scale = torch.gather(contrast[..., 0], 1, flat).reshape(batch, 1, height, width)
    roughness = share[..., 0] * _rand((batch, classes), 0, 0.09, generator)
    amplitude = torch.gather(roughness, 1, flat).reshape(batch, 1, height, width)
    texture = _smooth_noise(batch, 3, (12, 20), (height, width), generator)
    fine = _smooth_noise(batch, 1, (64, 107), (height, width), generator)
    return own + (planes - own) * scale + moved + amplitude * (texture + fine)


def _expose(planes: Tensor, generator: torch.Generator) -> Tensor:
    """White balance, exposure, contrast, gamma, saturation, a gradient of light, sensor noise."""
    batch = len(planes)
    grey = planes.mean(dim=1, keepdim=True)
    planes = grey + (planes - grey) * _one(batch, 0.0, 1.5, generator)
    balance = 1 + 0.08 * torch.randn((batch, 3, 1, 1), generator=generator, device=planes.device)
    planes = planes * balance * 2 ** _one(batch, -1.0, 0.6, generator)
    planes = (planes - 0.5) * _one(batch, 0.6, 1.4, generator) + 0.5 + _one(batch, -0.08, 0.08, generator)
    light = _smooth_noise(batch, 1, (2, 3), planes.shape[2:], generator)
    planes = planes * (1 + 0.2 * light)
    planes = planes.clamp(0, 1) ** (2 ** _one(batch, -0.7, 0.7, generator))
    noise = torch.randn(planes.shape, generator=generator, device=planes.device)
    strength = _one(batch, -0.04, 0.03, generator).clamp(min=0)
    return (planes + strength * noise).clamp(0, 1)


def _blur(planes: Tensor, generator: torch.Generator) -> Tensor:
    """Out of focus, or sharpened: a mixture with the mean over 5 x 5 pixels, none in half of the samples."""
    share = _one(len(planes), -1.0, 1.0, generator)
    share = torch.where(share.abs() < 0.5, 0.0, share).clamp(min=-0.7)
    padded = F.pad(planes, (2, 2, 2, 2), mode="replicate")
    soft = F.avg_pool2d(padded, 5, stride=1)
    return (planes + (soft - planes) * share).clamp(0, 1)


def _block(planes: Tensor, generator: torch.Generator) -> Tensor:
    """Blocks of a strong compression, and colours at half resolution, in a quarter of the samples."""
    share = _one(len(planes), -3.0, 1.0, generator).clamp(min=0) * 0.7
    mean = F.avg_pool2d(planes, 8)
    blocks = mean.repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
    return planes + (blocks - planes) * share


def _cut_out(planes: Tensor, generator: torch.Generator) -> Tensor:
    """One rectangle of a plain colour, up to a third of each side, in a third of the samples."""
    batch, _, height, width = planes.shape
    side = _one(batch, -0.6, 0.33, generator).clamp(min=0)
    rows = torch.arange(height, device=planes.device).reshape(1, 1, -1, 1) / height
    columns = torch.arange(width, device=planes.device).reshape(1, 1, 1, -1) / width
    inside = (rows - _one(batch, 0, 1, generator)).abs() < side / 2
    inside = inside & ((columns - _one(batch, 0, 1, generator)).abs() < side / 2)
    colour = torch.rand((batch, 3, 1, 1), generator=generator, device=planes.device)
    return torch.where(inside, colour, planes)


def _smooth_noise(
    batch: int, channels: int, cells: tuple[int, int], size: tuple[int, int], generator: torch.Generator
) -> Tensor:
    """Normal noise on a coarse grid, `[B, channels, H, W]`, interpolated between its points."""
    noise = torch.randn((batch, channels, *cells), generator=generator, device=generator.device)
    return F.interpolate(noise, size=tuple(size), mode="bilinear", align_corners=False)


def _rand(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)


def _drawn(batch: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return _rand((batch,), low, high, generator)


def _one(batch: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number a sample, `[B, 1, 1, 1]`."""
    return _rand((batch, 1, 1, 1), low, high, generator)
