"""The two heads: SAM's mask decoder with one token per class, and a multi-scale convolution head."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Sam2MaskDecoderConfig, Sam2PromptEncoderConfig
from transformers.models.sam2.modeling_sam2 import (
    Sam2FeedForward,
    Sam2LayerNorm,
    Sam2PositionalEmbedding,
    Sam2TwoWayTransformer,
)

from ..config import HeadConfig


class ClassMaskDecoder(nn.Module):
    """SAM 2's mask decoder, prompt-free: a learned token per class attends to the image and becomes the
    weights of that class's mask. No IoU token, no object-score gate: a class wins a pixel or does not."""

    def __init__(self, channels: int, classes: int, config: HeadConfig) -> None:
        super().__init__()
        sam = Sam2MaskDecoderConfig(
            hidden_size=channels,
            mlp_dim=config.mlp_channels,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
        )
        sam._attn_implementation = "eager"
        middle, last = config.upscale_channels
        self.subpixel = config.subpixel
        self.class_tokens = nn.Embedding(classes, channels)
        self.no_mask_embed = nn.Embedding(1, channels)
        self.shared_embedding = Sam2PositionalEmbedding(Sam2PromptEncoderConfig(hidden_size=channels))
        self.transformer = Sam2TwoWayTransformer(sam)
        self.upscale_conv1 = nn.ConvTranspose2d(channels, middle, kernel_size=2, stride=2)
        self.upscale_layer_norm = Sam2LayerNorm(middle, data_format="channels_first")
        self.upscale_conv2 = nn.ConvTranspose2d(middle, last, kernel_size=2, stride=2)
        self.conv_s1 = nn.Conv2d(channels, middle, kernel_size=1)
        self.conv_s0 = nn.Conv2d(channels, last, kernel_size=1)
        self.refine = (
            nn.Conv2d(last, last, 3, padding=1)
            if self.subpixel == 1
            else nn.Conv2d(last, last * self.subpixel**2, 3, padding=1)
        )
        self.output_hypernetwork = Sam2FeedForward(channels, channels, last, 3)
        self.class_bias = nn.Parameter(torch.zeros(classes))

    def forward(self, features: list[Tensor]) -> Tensor:
        """Class logits.

        Args:
            features: `[B, C, h, w]` at strides 4, 8, 16.

        Returns:
            `[B, classes, h', w']` at stride 4 / subpixel.
        """
        image, kernels = self.embed(features)
        image = self.refine(image)
        if self.subpixel > 1:
            image = F.pixel_shuffle(image, self.subpixel)
        out_height, out_width = image.shape[-2:]
        logits = torch.bmm(kernels, image.flatten(2)).reshape(image.shape[0], -1, out_height, out_width)
        return logits + self.class_bias[:, None, None]

    def embed(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The upscaled image `[B, C', h, w]` before it is refined, and kernels `[B, classes, C']`."""
        fine, middle, coarse = features
        batch, channels, height, width = coarse.shape
        image = coarse + self.no_mask_embed.weight.reshape(1, channels, 1, 1)
        tokens = self.class_tokens.weight[None, None].expand(batch, 1, -1, -1)
        tokens, image = self.transformer(
            point_embeddings=tokens,
            image_embeddings=image,
            image_positional_embeddings=self._positions(height, width),
            attention_similarity=None,
        )
        image = image.squeeze(1).transpose(1, 2).reshape(batch, channels, height, width)
        image = F.gelu(self.upscale_layer_norm(self.upscale_conv1(image) + self.conv_s1(middle)))
        image = F.gelu(self.upscale_conv2(image) + self.conv_s0(fine))
        return image, self.output_hypernetwork(tokens.squeeze(1))

    def _positions(self, height: int, width: int) -> Tensor:
        """SAM's random Fourier features of pixel centres in [0, 1]: `[1, C, height, width]`."""
        device = self.class_bias.device
        y = (torch.arange(height, device=device, dtype=torch.float32) + 0.5) / height
        x = (torch.arange(width, device=device, dtype=torch.float32) + 0.5) / width
        grid = torch.stack((x[None, :].expand(height, width), y[:, None].expand(height, width)), dim=-1)
        return self.shared_embedding(grid[None]).permute(0, 3, 1, 2)


class AuxiliaryHead(nn.Module):
    """All levels projected, brought to the finest and summed, then two convolutions."""

    def __init__(self, levels: int, channels: int, classes: int, config: HeadConfig) -> None:
        super().__init__()
        self.subpixel = config.subpixel
        self.project = nn.ModuleList(nn.Conv2d(channels, channels, kernel_size=1) for _ in range(levels))
        self.norm1 = nn.GroupNorm(8, channels)
        self.convolution = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.norm2 = nn.GroupNorm(8, channels)
        self.classify = nn.Conv2d(channels, classes * self.subpixel**2, kernel_size=1)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Class logits `[B, classes, h', w']` at stride 4 / subpixel from `[B, C, h, w]`, fine to coarse."""
        logits = self.classify(self.embed(features))
        return F.pixel_shuffle(logits, self.subpixel) if self.subpixel > 1 else logits

    def embed(self, features: list[Tensor]) -> Tensor:
        """What the classes are told apart by: `[B, C, h, w]` at stride 4."""
        size = features[0].shape[-2:]
        fused = self.project[0](features[0])
        for project, level in zip(list(self.project)[1:], features[1:], strict=True):
            fused = fused + F.interpolate(project(level), size=size, mode="bilinear", align_corners=False)
        fused = F.gelu(self.norm1(fused))
        return F.gelu(self.norm2(self.convolution(fused)))
