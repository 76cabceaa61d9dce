"""Counterparts that see all sensors at once: early fusion, and a camera branch with fused auxiliaries."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..evaluation import Protocol, Subset
from ..model.mle_sam import MleSam, Output

PATCH = {"kernel_size": 7, "stride": 4, "padding": 3}
"""Of Hiera's patch embedding."""


class JointEncoder(MleSam):
    """One pass for all sensors, without experts and router: what is missing can only be zeros."""

    protocols: tuple[Protocol, ...] = ("zero-filled",)
    has_router = False
    trained_stage = "base"

    def extend(self) -> None:
        """Add what the base has no weights for. Called once the base's weights are in."""
        self.router = nn.Identity()

    def forward(self, images: Tensor, present: Tensor, blank: Tensor) -> Output:
        """Classify uint8 `[B, M, H, W, 3]`; what is absent or blank (bool `[B, M]`) is normalised zeros."""
        (kept,) = self.choose(present, blank)
        return self.run(images, present, (kept.to(images.device, non_blocking=True),))

    @staticmethod
    def choose(present: Tensor, blank: Tensor) -> tuple[Tensor, ...]:
        """What `run` needs, on the CPU: what shows."""
        return (present & ~blank,)

    def run(self, images: Tensor, present: Tensor, chosen: tuple[Tensor, ...]) -> Output:
        """`forward`, with everything on the device: nothing waits for it."""
        del present
        (kept,) = chosen
        features = self.encode_jointly(self.zero_filled(images, kept))
        return self._classify(features, features, images.new_zeros(len(images), 1, 1, dtype=torch.float32))

    def zero_filled(self, images: Tensor, kept: Tensor) -> Tensor:
        """Normalised pixels `[B, M, 3, H, W]`, zeros where not kept."""
        modality = torch.arange(images.shape[1], device=images.device).repeat(len(images))
        pixels = self.normalised(images.flatten(0, 1), modality) * kept.flatten()[:, None, None, None]
        return pixels.unflatten(0, images.shape[:2])

    def encode_jointly(self, pixels: Tensor) -> list[Tensor]:
        """Features `[B, C, h, w]` per level of `[B, M, 3, H, W]`."""
        raise NotImplementedError

    def subset_outputs(
        self, images: Tensor, subsets: list[Subset]
    ) -> Iterator[tuple[Subset, Protocol, Tensor]]:
        """Joined logits of every subset, the rest zeros."""
        for subset in subsets:
            present = torch.zeros(images.shape[:2], dtype=torch.bool)
            present[:, list(subset)] = True
            yield subset, "zero-filled", self(images, present, torch.zeros_like(present)).joined


class EarlyFusion(JointEncoder):
    """The patch embedding takes the channels of all sensors. Begins as the base on the camera: the kernels of
    the other sensors start at zero."""

    def extend(self) -> None:
        super().extend()
        embed = self.vision.backbone.patch_embed
        old, count = embed.projection, len(self.rig.modalities)
        wide = nn.Conv2d(3 * count, old.out_channels, old.kernel_size, old.stride, old.padding)
        with torch.no_grad():
            wide.weight.zero_()
            wide.weight[:, :3] = old.weight
            wide.bias.copy_(old.bias)
        embed.projection = wide

    def encode_jointly(self, pixels: Tensor) -> list[Tensor]:
        return self.encode_pixels(pixels.flatten(1, 2), None)


class CameraFused(JointEncoder):
    """After CMNeXt's plan (arXiv 2303.01480): the base runs on the camera; the other sensors are embedded,
    the strongest answer at each place is kept (self-query hub), carried through a convolutional branch and
    added to the camera's features after each stage, both gated by channel (feature rectification of arXiv
    2203.04838). Widths are ours, chosen for a number of parameters like MLE-SAM's. Begins as the base on the
    camera."""

    def extend(self) -> None:
        super().extend()
        base = self.config.model.base
        widths = [base.width * 2**stage for stage in range(len(base.blocks))]
        own = [width // 2 for width in widths]
        others = len(self.rig.modalities) - 1
        self.hub_embed = nn.ModuleList(nn.Conv2d(3, own[0], **PATCH) for _ in range(others))
        self.hub_query = nn.ModuleList(nn.Conv2d(own[0], own[0], 1) for _ in range(others))
        self.branch = nn.ModuleList(_Mixer(width) for width in own)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(own))
        self.fusion = nn.ModuleList(_Fusion(*pair) for pair in zip(widths, own, strict=True))
        self._auxiliary: Tensor | None = None
        trunk = self.vision.backbone
        for stage, end in enumerate(trunk.stage_ends):
            trunk.blocks[end].register_forward_hook(self._hook(stage))

    def encode_jointly(self, pixels: Tensor) -> list[Tensor]:
        answers = []
        for position, (embed, query) in enumerate(zip(self.hub_embed, self.hub_query, strict=True)):
            embedded = embed(pixels[:, position + 1])
            answers.append(torch.sigmoid(query(embedded)) * embedded)
        self._auxiliary = torch.stack(answers).amax(dim=0)
        features = self.encode_pixels(pixels[:, 0], None)
        self._auxiliary = None
        return features

    def _hook(self, stage: int):
        def fuse(block: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
            del block, inputs
            camera, auxiliary = self.fusion[stage](
                output.permute(0, 3, 1, 2), self.branch[stage](self._auxiliary)
            )
            self._auxiliary = self.shrink[stage](auxiliary) if stage < len(self.shrink) else None
            return camera.permute(0, 2, 3, 1)

        return fuse


class _Mixer(nn.Module):
    """Depthwise 7 x 7, then two pointwise layers, beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.grow = nn.Conv2d(width, width, 1)
        self.back = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        mixed = self.norm(self.spatial(features))
        return features + self.back(nn.functional.gelu(self.grow(mixed)))


class _Fusion(nn.Module):
    """Each side receives the other's channels, gated by what both show over the whole image."""

    def __init__(self, camera: int, auxiliary: int) -> None:
        super().__init__()
        both = camera + auxiliary
        middle = max(8, both // 6)
        self.widths = (camera, auxiliary)
        self.gate = nn.Sequential(nn.Linear(both, middle), nn.GELU(), nn.Linear(middle, both))
        self.to_camera = nn.Conv2d(auxiliary, camera, 1)
        self.to_auxiliary = nn.Conv2d(camera, auxiliary, 1)
        for layer in (self.to_camera, self.to_auxiliary):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, camera: Tensor, auxiliary: Tensor) -> tuple[Tensor, Tensor]:
        pooled = torch.cat((camera.mean(dim=(2, 3)), auxiliary.mean(dim=(2, 3))), dim=1)
        own, other = torch.sigmoid(self.gate(pooled))[:, :, None, None].split(self.widths, dim=1)
        return camera + self.to_camera(other * auxiliary), auxiliary + self.to_auxiliary(own * camera)
