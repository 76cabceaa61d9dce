"""Losses: online-hard-example cross-entropy and soft Dice."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .config import LossConfig
from .model import Output

IGNORE = 255


def ohem_cross_entropy(
    log_probability: Tensor,
    labels: Tensor,
    threshold: float,
    min_fraction: float,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Mean cross-entropy over hard pixels: those whose true class has a probability below `threshold`, but at
    least `min_fraction` of the labelled pixels (the hardest ones).

    Args:
        log_probability: `[B, classes, H, W]`, log-softmax over the classes.
        labels: int64 `[B, H, W]`, 255 ignored.
        class_weights: optional `[classes]`; scales a pixel's loss, not its rank of hardness.
    """
    loss = F.nll_loss(log_probability, labels, ignore_index=IGNORE, reduction="none").flatten()
    labels = labels.flatten()
    valid = labels != IGNORE
    least = max(1, math.ceil(int(valid.sum()) * min_fraction))
    hard = loss.detach() > -math.log(threshold)
    if int(hard.sum()) < least:
        kept = loss.detach().masked_fill(~valid, -1).topk(least).indices
    else:
        kept = hard.nonzero().squeeze(1)
    chosen, chosen_labels = loss[kept], labels[kept]
    if class_weights is None:
        return chosen.mean()
    # Only a batch without any labelled pixel keeps ignored ones, whose loss is zero.
    weights = class_weights[chosen_labels.clamp(max=len(class_weights) - 1)]
    return (chosen * weights).sum() / weights.sum()


def soft_dice(log_probability: Tensor, labels: Tensor) -> Tensor:
    """One minus the mean soft Dice over the classes in the batch; rare classes count as much as common ones.

    Args:
        log_probability: `[B, classes, H, W]`, log-softmax over the classes.
        labels: int64 `[B, H, W]`, 255 ignored.
    """
    classes = log_probability.shape[1]
    valid = labels != IGNORE
    known = labels.masked_fill(~valid, 0)
    of_truth = log_probability.gather(1, known[:, None]).squeeze(1).exp() * valid
    overlap = of_truth.new_zeros(classes).index_add(0, known.flatten(), of_truth.flatten())
    size = torch.bincount(known[valid], minlength=classes)
    mask = valid.flatten(1).unsqueeze(2).to(log_probability.dtype)
    predicted = torch.bmm(log_probability.exp().flatten(2), mask).sum(dim=(0, 2))
    dice = (2 * overlap + 1) / (predicted + size + 1)
    shown = size > 0
    return 1 - dice[shown].mean() if bool(shown.any()) else predicted.sum() * 0


def class_weights(histogram: np.ndarray, power: float) -> Tensor:
    """Mild weights from pixel counts `[N, classes]`: (median / frequency) ** power, clipped to [0.5, 3]."""
    counts = histogram.sum(axis=0).astype(np.float64)
    median = np.median(counts[counts > 0])
    weights = np.where(counts > 0, (median / np.maximum(counts, 1)) ** power, 1.0)
    return torch.from_numpy(np.clip(weights, 0.5, 3.0)).float()


def total_loss(
    output: Output, labels: Tensor, config: LossConfig, weights: Tensor, offset: tuple[int, int]
) -> Tensor:
    """Loss of a batch: OHEM cross-entropy of both heads and of their sum, and Dice of the sum.

    The sum is judged on the logits' own grid against every n-th label pixel from `offset`, drawn anew
    each step; each head alone on a quarter of that. On average it is the loss at full size, for a fraction of
    the cost.
    """
    stride = labels.shape[-1] // output.joined.shape[-1]
    labels = labels[:, offset[0] % stride :: stride, offset[1] % stride :: stride]
    ohem = (config.ohem_threshold, config.ohem_min_fraction, weights)
    joined = F.log_softmax(output.joined, dim=1, dtype=torch.float32)
    loss = ohem_cross_entropy(joined, labels, *ohem)
    if config.dice_weight > 0:
        loss = loss + config.dice_weight * soft_dice(joined, labels)
    if output.auxiliary is not None:
        top, left = offset[0] // stride % 2, offset[1] // stride % 2
        for head in (output.decoder, output.auxiliary):
            alone = F.log_softmax(head[:, :, top::2, left::2], dim=1, dtype=torch.float32)
            loss = loss + config.head_weight * ohem_cross_entropy(alone, labels[:, top::2, left::2], *ohem)
    return loss
