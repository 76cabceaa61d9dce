"""Matrices between encoder and router: what makes features of different sensors fit each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Projections(nn.Module):
    """`f + D f` for each pixel's features `f`, with a C x C matrix `D` for each modality and level.

    Our addition, not the paper's: a sum over sensors needs features that are alike, which experts inside the
    trunk learn late. `D` begins as zeros, so that a model begins as the one without, and decays towards it.
    """

    def __init__(self, levels: int, modalities: int, channels: int) -> None:
        super().__init__()
        self.deltas = nn.ParameterList(
            nn.Parameter(torch.zeros(modalities, channels, channels)) for _ in range(levels)
        )

    def forward(self, features: list[Tensor], modality: Tensor) -> list[Tensor]:
        """Project.

        Args:
            features: per level `[N, C, h, w]`.
            modality: int64 `[N]`, index of each image's modality.
        """
        return [
            level + (delta[modality].to(level.dtype) @ level.flatten(2)).reshape(level.shape)
            for delta, level in zip(self.deltas, features, strict=True)
        ]

    def matrices(self, level: int) -> Tensor:
        """The whole matrices `[M, C, C]` of a level: identity and `D`."""
        delta = self.deltas[level].detach()
        return torch.eye(delta.shape[-1], dtype=delta.dtype, device=delta.device) + delta
