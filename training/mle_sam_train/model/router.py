"""The router: how much each present modality counts, per image and FPN level."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import RouterConfig


class Router(nn.Module):
    """Pooled features -> linear -> sigmoid -> softmax over the modalities present. One linear layer a level,
    shared by the modalities: it reads the quality of a feature map, not the name of the sensor.

    The deviation is taken over cells of the coarsest level's size, where noise has averaged out and only
    structure is left: it falls for an empty and for a noisy image alike.
    """

    def __init__(self, levels: int, channels: int, config: RouterConfig) -> None:
        super().__init__()
        self.config = config
        self.statistics = 2 if config.pool == "mean-std" else 1
        self.linear = nn.ModuleList(nn.Linear(self.statistics * channels, 1) for _ in range(levels))
        initial = config.initial_scale if config.scale == "learned" else 1.0
        self.scale = nn.Parameter(torch.full((levels,), initial), requires_grad=config.scale == "learned")
        for layer in self.linear:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, features: list[Tensor], present: Tensor) -> Tensor:
        """Routing weights.

        Args:
            features: per level `[B, M, C, h, w]`; what stands at absent places does not matter if finite.
            present: bool `[B, M]`, at least one true per row.

        Returns:
            `[B, levels, M]`, each row summing to 1, exactly 0 where absent.
        """
        coarsest = features[-1].shape[-1]
        weights = [
            self._level(i, level, level.shape[-1] // coarsest, present) for i, level in enumerate(features)
        ]
        return torch.stack(weights, dim=1)

    def logits(self, index: int, feature: Tensor, cell: int) -> Tensor:
        """What the sigmoid takes: `[B, M]` of a level's features `[B, M, C, h, w]`, pooled over cells of
        `cell` x `cell` pixels."""
        batch, count = feature.shape[:2]
        cells = F.avg_pool2d(feature.flatten(0, 1), cell) if cell > 1 else feature.flatten(0, 1)
        cells = cells.float().flatten(2)
        pooled = cells.mean(dim=-1)
        if self.statistics == 2:
            deviation = (cells - pooled[..., None]).square().mean(dim=-1).add(1e-6).sqrt()
            pooled = torch.cat((pooled, deviation), dim=-1)
        return self.linear[index](pooled).reshape(batch, count)

    def _level(self, index: int, feature: Tensor, cell: int, present: Tensor) -> Tensor:
        count = feature.shape[1]
        score = self.scale[index] * torch.sigmoid(self.logits(index, feature, cell))
        score = score.masked_fill(~present, float("-inf"))
        top_k = self.config.top_k
        if top_k is not None and top_k < count:
            # By index, not by threshold: equal scores, as at the start, must not let more than k through.
            kept = torch.zeros_like(present).scatter(-1, score.topk(top_k, dim=-1).indices, True)
            score = score.masked_fill(~kept, float("-inf"))
        return torch.softmax(score.float(), dim=-1)


def fuse(feature: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums over modalities: `[B, M, C, h, w]` by `[B, branches, M]` to `[B, branches, C, h, w]`."""
    return torch.bmm(weights, feature.flatten(2)).unflatten(2, feature.shape[2:])


def mean_weights(present: Tensor) -> Tensor:
    """The unified branch: equal weights `[B, M]` over the modalities present, 0 elsewhere."""
    counted = present.float()
    return counted / counted.sum(dim=-1, keepdim=True)
