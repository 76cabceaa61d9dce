"""Variants that encode each modality by itself and can leave one out: MLE-SAM and its relatives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..evaluation import PROTOCOLS, Protocol, Subset
from ..model.base import LEVELS
from ..model.mle_sam import MleSam, Output
from ..model.router import mean_weights


class FixedRouter(nn.Module):
    """The same weights `[levels, M]` whatever the sensors show."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, features: list[Tensor], present: Tensor) -> Tensor:
        """`[B, levels, M]` over the modalities present."""
        del features
        kept = self.weights[None] * present[:, None]
        return kept / kept.sum(dim=-1, keepdim=True)


class SeparateEncoders(MleSam):
    """MLE-SAM itself, with what the comparison needs: a modality may be left out or replaced by zeros."""

    protocols: tuple[Protocol, ...] = PROTOCOLS
    has_router = True
    trained_stage = "experts"

    def extend(self) -> None:
        """Add what the base has no weights for. Called once the base's weights are in."""

    def forward(self, images: Tensor, present: Tensor, blank: Tensor) -> Output:
        """Encode what is present and decode.

        Args:
            images: uint8 `[B, M, H, W, 3]`.
            present: bool `[B, M]` on the CPU; what is absent is not run.
            blank: bool `[B, M]` on the CPU; what is both present and blank is run on normalised zeros.
        """
        chosen = tuple(t.to(images.device, non_blocking=True) for t in self.choose(present, blank))
        return self.run(images, present.to(images.device, non_blocking=True), chosen)

    @staticmethod
    def choose(present: Tensor, blank: Tensor) -> tuple[Tensor, ...]:
        """What `run` needs, on the CPU: sample and modality `[N]` of what is run, and whether it shows."""
        places = present.nonzero(as_tuple=True)
        return (*places, (~blank)[places])

    def run(self, images: Tensor, present: Tensor, chosen: tuple[Tensor, ...]) -> Output:
        """`forward`, with everything on the device: nothing waits for it."""
        batch, count = present.shape
        sample, modality, kept = chosen
        pixels = self.normalised(images[sample, modality], modality) * kept[:, None, None, None]
        slots = sample * count + modality
        dense = [
            level.new_zeros(batch * count, *level.shape[1:])
            .index_copy(0, slots, level)
            .unflatten(0, (batch, count))
            for level in self.encode_pixels(pixels, modality)
        ]
        return self.decode(dense, present)

    def encode_all(self, images: Tensor) -> list[Tensor]:
        """Features per level `[B, M, C, h, w]` of uint8 `[B, M, H, W, 3]`."""
        modality = torch.arange(images.shape[1], device=images.device).repeat(len(images))
        encoded = self.encode(images.flatten(0, 1), modality)
        return [level.unflatten(0, images.shape[:2]) for level in encoded]

    def subset_outputs(
        self, images: Tensor, subsets: list[Subset]
    ) -> Iterator[tuple[Subset, Protocol, Tensor]]:
        """Joined logits of every subset by both protocols; each image is encoded once."""
        features, zeros = self.encode_all(images), self.encode_zeros()
        for subset in subsets:
            kept = torch.zeros(images.shape[:2], dtype=torch.bool, device=images.device)
            kept[:, list(subset)] = True
            yield subset, "absent", self.decode(features, kept).joined
            mask = kept[:, :, None, None, None]
            filled = [torch.where(mask, level, blank) for level, blank in zip(features, zeros, strict=True)]
            yield subset, "zero-filled", self.decode(filled, torch.ones_like(kept)).joined

    @contextmanager
    def routed_by(self, weights: Tensor | None) -> Iterator[None]:
        """Weights `[levels, M]` in place of the router's own, for as long as this lasts."""
        own = self.router
        try:
            self.router = own if weights is None else FixedRouter(weights)
            yield
        finally:
            self.router = own


class Concatenated(SeparateEncoders):
    """Per level the features of all modalities side by side, then a 1 x 1 convolution, in place of router and
    mean. Begins as the mean; an absent modality's features are zeros."""

    has_router = False

    def extend(self) -> None:
        count, channels = len(self.rig.modalities), self.config.model.base.fpn_channels
        self.router = nn.Identity()
        self.mix = nn.ModuleList(nn.Conv2d(count * channels, channels, 1) for _ in range(LEVELS))
        with torch.no_grad():
            for layer in self.mix:
                layer.weight.copy_(torch.eye(channels).repeat(1, count)[:, :, None, None] / count)
                layer.bias.zero_()

    def decode(self, features: list[Tensor], present: Tensor) -> Output:
        mask = present[:, :, None, None, None]
        fused = [layer((level * mask).flatten(1, 2)) for layer, level in zip(self.mix, features, strict=True)]
        return self._classify(fused, fused, mean_weights(present)[:, None])


class PixelRouted(SeparateEncoders):
    """A weight for each pixel: the image's own score plus one of the 3 x 3 neighbourhood. The image's score
    is also trained to tell sensors that are spoilt or zeros from sound ones."""

    RELIABILITY_WEIGHT = 0.2

    def extend(self) -> None:
        channels = self.config.model.base.fpn_channels
        self.local_score = nn.ModuleList(nn.Conv2d(channels, 1, 1) for _ in range(LEVELS))
        for layer in self.local_score:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.last_scores: list[Tensor] = []

    def decode(self, features: list[Tensor], present: Tensor) -> Output:
        unified = mean_weights(present)[:, :, None, None, None]
        coarsest = features[-1].shape[-1]
        self.last_scores = []
        routed, mean, weights = [], [], []
        for index, level in enumerate(features):
            weight = self._weights(index, level, level.shape[-1] // coarsest, present)
            weights.append(weight.mean(dim=(2, 3)))
            routed.append((weight[:, :, None].to(level.dtype) * level).sum(dim=1))
            mean.append((unified.to(level.dtype) * level).sum(dim=1))
        return self._classify(routed, mean, torch.stack(weights, dim=1))

    def _weights(self, index: int, level: Tensor, cell: int, present: Tensor) -> Tensor:
        """`[B, M, h, w]`, summing to 1 over the modalities present."""
        batch, count, _, height, width = level.shape
        if isinstance(self.router, FixedRouter):
            weights = self.router([level], present)[:, index]
            return weights[:, :, None, None].expand(batch, count, height, width)
        own = self.router.logits(index, level, cell)
        self.last_scores.append(own)
        near = F.avg_pool2d(level.flatten(0, 1), 3, 1, 1)
        local = self.local_score[index](near).float().reshape(batch, count, height, width)
        score = self.router.scale[index] * torch.sigmoid(own[:, :, None, None] + local)
        return score.masked_fill(~present[:, :, None, None], float("-inf")).softmax(dim=1)

    def reliability_loss(self, reliable: Tensor, present: Tensor) -> Tensor:
        """Of the last batch: cross-entropy of each image's score against whether its sensor is sound.

        Args:
            reliable: bool `[B, M]`, neither spoilt nor zeros.
            present: bool `[B, M]`; the others do not count.
        """
        target, counted = reliable.float(), present.float()
        losses = [
            (F.binary_cross_entropy_with_logits(score, target, reduction="none") * counted).sum()
            for score in self.last_scores
        ]
        return self.RELIABILITY_WEIGHT * torch.stack(losses).mean() / counted.sum()
