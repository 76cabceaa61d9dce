"""An encoder for one modality alone: its expert is folded into the base's weights, so it costs nothing."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from .model import MleSam
from .model.experts import ExpertAttention


class MergedEncoderGraph(nn.Module):
    """images uint8 `[N, H, W, 3]` of one modality -> features_0..2 float32 `[N, C, h, w]`."""

    def __init__(self, model: MleSam, modality: int) -> None:
        super().__init__()
        self.vision = copy.deepcopy(model.vision)
        self.register_buffer("gain", model.pixel_gain[modality].clone())
        self.register_buffer("shift", model.pixel_shift[modality].clone())
        for block in self.vision.backbone.blocks:
            if isinstance(block.attn, ExpertAttention):
                with torch.no_grad():
                    block.attn.qkv.weight.copy_(block.attn.merged_qkv_weight(modality))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Normalise and encode by the base's own path, which runs no expert."""
        pixels = images.to(self.gain.dtype) * self.gain - self.shift
        return tuple(self.vision(pixels.permute(0, 3, 1, 2), modality=None).fpn_hidden_states)
