"""Losses: online-hard-example cross-entropy and soft Dice.

Both judge a whole batch: which pixels are hard, how many they are, how large a class is. Where several
processes share a batch they agree on these (a few megabytes a step), so that the sum of their losses, and of
their gradients, is that of one process with the whole batch.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .config import LossConfig
from .model import Output
from .processes import Processes

IGNORE = 255
ALONE = Processes()


def ohem_cross_entropy(
    log_probability: Tensor,
    labels: Tensor,
    threshold: float,
    min_fraction: float,
    class_weights: Tensor | None = None,
    processes: Processes = ALONE,
) -> Tensor:
    """Mean cross-entropy over hard pixels: those whose true class has a probability below `threshold`, but at
    least `min_fraction` of the labelled pixels (the hardest ones). Of several processes each gets its part.

    Args:
        log_probability: `[B, classes, H, W]`, log-softmax over the classes.
        labels: int64 `[B, H, W]`, 255 ignored.
        class_weights: optional `[classes]`; scales a pixel's loss, not its rank of hardness.
    """
    loss = F.nll_loss(log_probability, labels, ignore_index=IGNORE, reduction="none").flatten()
    labels = labels.flatten()
    valid = labels != IGNORE
    # Nothing below waits for a GPU: how many pixels are kept never becomes a Python number.
    ranked = processes.gathered(loss.detach().masked_fill(~valid, -1)).sort(descending=True).values
    least = (processes.total(valid.sum()) * min_fraction).ceil().clamp(min=1).long()
    bound = ranked.gather(0, least[None] - 1).clamp(max=-math.log(threshold))
    kept = valid & (loss.detach() >= bound)
    if class_weights is None:
        weights = kept.to(loss.dtype)
    else:
        weights = class_weights[labels.clamp(max=len(class_weights) - 1)] * kept
    return (loss * weights).sum() / processes.total(weights.sum()).clamp(min=1e-6)


def soft_dice(log_probability: Tensor, labels: Tensor, processes: Processes = ALONE) -> Tensor:
    """One minus the mean soft Dice over the classes in the batch; rare classes count as much as common ones.
    Of several processes each gets an equal part, whose gradient is that of its own samples.

    Args:
        log_probability: `[B, classes, H, W]`, log-softmax over the classes.
        labels: int64 `[B, H, W]`, 255 ignored.
    """
    valid = (labels != IGNORE)[:, None]
    classes = torch.arange(log_probability.shape[1], device=labels.device)[:, None, None]
    truth = labels[:, None] == classes
    probability = log_probability.exp() * valid
    own = ((probability * truth).sum(dim=(0, 2, 3)), probability.sum(dim=(0, 2, 3)), truth.sum(dim=(0, 2, 3)))
    overlap, predicted, size = (processes.total(part) for part in own)
    dice = (2 * overlap + 1) / (predicted + size + 1)
    shown = size > 0
    # Without any labelled pixel there is nothing to judge: zero, not one.
    whole = shown.any().to(dice.dtype) - (dice * shown).sum() / shown.sum().clamp(min=1)
    return whole if processes.count == 1 else whole - whole.detach() * (1 - 1 / processes.count)


def class_weights(histogram: np.ndarray, power: float) -> Tensor:
    """Mild weights from pixel counts `[N, classes]`: (median / frequency) ** power, clipped to [0.5, 3]."""
    counts = histogram.sum(axis=0).astype(np.float64)
    median = np.median(counts[counts > 0])
    weights = np.where(counts > 0, (median / np.maximum(counts, 1)) ** power, 1.0)
    return torch.from_numpy(np.clip(weights, 0.5, 3.0)).float()


def total_loss(
    output: Output,
    labels: Tensor,
    config: LossConfig,
    weights: Tensor,
    offset: tuple[int, int] | Tensor,
    processes: Processes = ALONE,
) -> Tensor:
    """Loss of a batch: OHEM cross-entropy of both heads and of their sum, and Dice of the sum.

    The sum is judged on the logits' own grid against every n-th label pixel from `offset`, drawn anew
    each step; each head alone on a quarter of that. On average it is the loss at full size, for a fraction of
    the cost. With `resolution: full` the sum is upsampled and judged at every pixel, each head on the grid.

    Args:
        processes: that share the batch; each gets its part of the loss.
    """
    stride = labels.shape[-1] // output.joined.shape[-1]
    ohem = (config.ohem_threshold, config.ohem_min_fraction, weights, processes)
    if config.resolution == "full":
        grid = _on_grid(labels, stride, offset)
        size = tuple(labels.shape[-2:])
        logits = F.interpolate(output.joined.float(), size=size, mode="bilinear", align_corners=False)
        loss = _joined_loss(logits, labels, config, ohem)
        top = left = 0
        step = 1
    else:
        assert isinstance(offset, tuple)
        labels = grid = labels[:, offset[0] % stride :: stride, offset[1] % stride :: stride]
        loss = _joined_loss(output.joined, labels, config, ohem)
        top, left, step = offset[0] // stride % 2, offset[1] // stride % 2, 2
    if output.auxiliary is not None:
        for head in (output.decoder, output.auxiliary):
            alone = F.log_softmax(head[:, :, top::step, left::step], dim=1, dtype=torch.float32)
            judged = grid[:, top::step, left::step]
            loss = loss + config.head_weight * ohem_cross_entropy(alone, judged, *ohem)
    return loss


def _joined_loss(
    logits: Tensor, labels: Tensor, config: LossConfig, ohem: tuple[float, float, Tensor, Processes]
) -> Tensor:
    joined = F.log_softmax(logits, dim=1, dtype=torch.float32)
    loss = ohem_cross_entropy(joined, labels, *ohem)
    if config.dice_weight > 0:
        loss = loss + config.dice_weight * soft_dice(joined, labels, ohem[3])
    return loss


def _on_grid(labels: Tensor, stride: int, offset: tuple[int, int] | Tensor) -> Tensor:
    """Every n-th label from an offset that may be a tensor on the device: a CUDA graph reads it anew."""
    rows, columns = (
        torch.arange(0, size, stride, device=labels.device) + offset[axis] % stride
        for axis, size in enumerate(labels.shape[-2:])
    )
    return labels[:, rows][:, :, columns]
