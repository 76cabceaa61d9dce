"""MLE-SAM put together: encode each modality image, weigh them, decode class logits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Config
from ..errors import InputError
from .base import LEVELS, build_base
from .experts import add_experts
from .heads import AuxiliaryHead, ClassMaskDecoder
from .projection import Projections
from .router import Router, fuse, mean_weights

RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)
"""ImageNet statistics in [0, 1], as SAM 2 uses them."""
Places = tuple[Tensor, Tensor]
"""Sample and modality, int64 `[N]` each, of the images that are present."""


def places_of(present: Tensor) -> Places:
    """Where `present`, bool `[B, M]`, is true. A tensor on a GPU is waited for."""
    sample, modality = present.cpu().nonzero(as_tuple=True)
    return sample, modality


@dataclass(frozen=True)
class Rig:
    """What the model is wired for: modalities in index order with their representations, and classes."""

    modalities: tuple[dict, ...]
    classes: tuple[dict, ...]

    @property
    def names(self) -> list[str]:
        """Modality names in index order."""
        return [modality["name"] for modality in self.modalities]


@dataclass
class Output:
    """Logits `[B, classes, h', w']` of each head and of both, and the routing weights `[B, levels, M]`."""

    decoder: Tensor
    auxiliary: Tensor | None
    joined: Tensor
    routing: Tensor


class MleSam(nn.Module):
    """The frozen (or, in the first stage, trained) base with experts, router and heads."""

    def __init__(self, config: Config, rig: Rig) -> None:
        super().__init__()
        self.config = config
        self.rig = rig
        channels, classes = config.model.base.fpn_channels, len(rig.classes)
        self.vision = build_base(config.model.base, config.height, config.width)
        add_experts(self.vision, len(rig.modalities), config.model.lora)
        is_projected = config.model.projection == "per-modality"
        self.projections = Projections(LEVELS, len(rig.modalities), channels) if is_projected else None
        self.router = Router(LEVELS, channels, config.model.router)
        self.decoder = ClassMaskDecoder(channels, classes, config.model.head)
        has_auxiliary = config.model.head.auxiliary_branch != "none"
        self.auxiliary = (
            AuxiliaryHead(LEVELS, channels, classes, config.model.head) if has_auxiliary else None
        )
        self.join = nn.Parameter(torch.ones(()), requires_grad=config.model.head.join == "learned")
        mean, std = _statistics(rig, config.normalisation)
        self.register_buffer("pixel_gain", 1 / (255 * std), persistent=False)
        self.register_buffer("pixel_shift", mean / std, persistent=False)

    def normalise_as(self, modalities: tuple[dict, ...]) -> None:
        """Take over the rig's modalities, each with its `statistics`: mean and deviation in 0..255."""
        self.rig = Rig(modalities, self.rig.classes)
        mean, std = _statistics(self.rig, self.config.normalisation)
        self.pixel_gain.copy_(1 / (255 * std))
        self.pixel_shift.copy_(mean / std)

    def base_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The weights that are SAM's own: trunk and neck without experts."""
        return (item for item in self.vision.named_parameters() if ".expert_" not in item[0])

    def expert_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The LoRA factors of all modalities."""
        return (item for item in self.vision.named_parameters() if ".expert_" in item[0])

    def encode(self, images: Tensor, modality: Tensor, experts: bool = True) -> list[Tensor]:
        """Features of single modality images.

        Args:
            images: uint8 `[N, H, W, 3]`.
            modality: int64 `[N]`, index of each image's modality.
            experts: False runs the bare base, as the first training stage does.

        Returns:
            Per level `[N, C, h, w]` at strides 4, 8, 16.

        Raises:
            InputError: where an index is that of no modality.
        """
        _require_indices(modality, len(self.rig.modalities))
        return self.encode_pixels(self.normalised(images, modality), modality if experts else None)

    def normalised(self, images: Tensor, modality: Tensor) -> Tensor:
        """What the trunk sees of uint8 `[N, H, W, 3]`: `[N, 3, H, W]`, by each modality's constants."""
        gain, shift = self.pixel_gain[modality], self.pixel_shift[modality]
        # Planes first: bytes are cheap to move, and ONNX Runtime is faster with one factor for a whole plane.
        planes = images.permute(0, 3, 1, 2).to(gain.dtype)
        return planes * gain[:, :, None, None] - shift[:, :, None, None]

    def encode_zeros(self) -> list[Tensor]:
        """Features `[M, C, h, w]` of what stands for a missing modality in the zero-filled protocol of
        arXiv 2503.18445: an input of zeros after normalisation."""
        modality = torch.arange(len(self.rig.modalities), device=self.pixel_gain.device)
        shape = (len(modality), 3, self.config.height, self.config.width)
        return self.encode_pixels(self.pixel_gain.new_zeros(shape), modality)

    def encode_pixels(self, pixels: Tensor, modality: Tensor | None) -> list[Tensor]:
        """Features of normalised images `[N, 3, H, W]`; no modality stands for the base without experts."""
        features = list(self.vision(pixels, modality=modality).fpn_hidden_states)
        if modality is None or self.projections is None:
            return features
        return self.projections(features, modality)

    def decode(self, features: list[Tensor], present: Tensor) -> Output:
        """Fuse the modalities present and classify.

        Args:
            features: per level `[B, M, C, h, w]`.
            present: bool `[B, M]`.
        """
        routing = self.router(features, present)
        unified = mean_weights(present)
        fused = [
            fuse(level, torch.stack((routing[:, i], unified), dim=1).to(level.dtype))
            for i, level in enumerate(features)
        ]
        return self._classify([f[:, 0] for f in fused], [f[:, 1] for f in fused], routing)

    def _classify(self, routed: list[Tensor], mean: list[Tensor], routing: Tensor) -> Output:
        """Run the heads on the branches the configuration gives them."""
        head, branches = self.config.model.head, {"routed": routed, "mean": mean}
        if "both" in (head.decoder_branch, head.auxiliary_branch):
            branches["both"] = [(r + m) / 2 for r, m in zip(routed, mean, strict=True)]
        decoder = self.decoder(branches[head.decoder_branch])
        if self.auxiliary is None:
            return Output(decoder, None, decoder, routing)
        auxiliary = self.auxiliary(branches[head.auxiliary_branch])
        if head.join == "mean":
            return Output(decoder, auxiliary, (decoder + auxiliary) / 2, routing)
        return Output(decoder, auxiliary, decoder + self.join * auxiliary, routing)

    def forward(
        self, images: Tensor, present: Tensor, experts: bool = True, places: Places | None = None
    ) -> Output:
        """Encode only what is present, then decode.

        Args:
            images: uint8 `[B, M, H, W, 3]`.
            present: bool `[B, M]`; on the CPU, since a GPU would have to be waited for to count them.
            experts: False runs the bare base and needs M = 1: both branches are the features themselves.
            places: `places_of(present)`, where they are known already.
        """
        batch, count = present.shape
        found = places_of(present) if places is None else places
        sample, modality = (place.to(images.device, non_blocking=True) for place in found)
        present = present.to(images.device, non_blocking=True)
        pixels = self.normalised(images[sample, modality], modality)
        encoded = self.encode_pixels(pixels, modality if experts else None)
        if not experts:
            return self._classify(encoded, encoded, images.new_ones(batch, LEVELS, 1, dtype=torch.float32))
        slots = sample * count + modality
        dense = [
            level.new_zeros(batch * count, *level.shape[1:])
            .index_copy(0, slots, level)
            .unflatten(0, (batch, count))
            for level in encoded
        ]
        return self.decode(dense, present)

    def full_size(self, logits: Tensor) -> Tensor:
        """Bilinear upsampling of `[B, classes, h', w']` to the input size."""
        size = (self.config.height, self.config.width)
        return F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)


def _require_indices(modality: Tensor, count: int) -> None:
    """Refuse what is no index of a modality: PyTorch takes -1 for the last one without a word."""
    is_captured = modality.is_cuda and torch.cuda.is_current_stream_capturing()
    if torch.compiler.is_compiling() or is_captured or modality.numel() == 0:
        return  # values cannot be looked at there
    outside = [index for index in modality.tolist() if not 0 <= index < count]
    if outside:
        raise InputError(f"Expected indices of modalities from 0 to {count - 1} but received {outside[0]}.")


def _statistics(rig: Rig, normalisation: str) -> tuple[Tensor, Tensor]:
    """Mean and deviation per modality `[M, 3]` in [0, 1]. A modality's own `statistics` are in 0..255."""
    mean, std = [], []
    for modality in rig.modalities:
        own = modality.get("statistics") if normalisation == "statistics" else None
        if own is not None:
            mean.append([value / 255 for value in own["mean"]])
            std.append([max(value, 1.0) / 255 for value in own["std"]])
        else:
            is_rgb = modality["representation"]["kind"] == "rgb"
            mean.append(list(RGB_MEAN if is_rgb else (0.0, 0.0, 0.0)))
            std.append(list(RGB_STD if is_rgb else (1.0, 1.0, 1.0)))
    return torch.tensor(mean), torch.tensor(std)
