"""LoRA experts inside the attention of the SAM 2 trunk: one pair of low-rank factors per modality."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Sam2VisionModel
from transformers.models.sam2.modeling_sam2 import Sam2MultiScaleAttention, do_pool

from ..config import LoraConfig

PROJECTIONS = ("q", "k", "v")
EXPLICIT_TOKENS = 512
"""Up to this many keys the attention is written out: on CPUs that trains 1.6 times as fast as the fused one,
whose backward pass is slow for small windows. Beyond it, and on GPUs, the fused one saves memory and time."""


class ExpertAttention(nn.Module):
    """Sam2MultiScaleAttention with experts: `Q_m = Q + x A_m B_m * alpha / rank`, likewise for other targets.

    It keeps the original `qkv` and `proj` modules under the original names, so published checkpoints load
    unchanged. At stage transitions queries and values are `dim_out` wide, and so are the experts. It also
    leaves out a softmax that transformers computes and never uses, which saves a fifth of the time.
    """

    def __init__(self, attention: Sam2MultiScaleAttention, experts: int, config: LoraConfig) -> None:
        super().__init__()
        self.qkv = attention.qkv
        self.proj = attention.proj
        self.heads = attention.num_attention_heads
        self.query_stride = attention.query_stride
        self.dim, self.dim_out = attention.dim, attention.dim_out
        self.rank = config.rank
        self.scaling = config.alpha / config.rank
        self.shared = config.sharing == "one"
        self.dropout = nn.Dropout(config.dropout)
        self.targets = tuple(PROJECTIONS.index(target) for target in config.targets)
        experts = 1 if self.shared else experts
        self.expert_down = nn.Parameter(torch.empty(experts, self.dim, len(self.targets) * config.rank))
        self.expert_up = nn.Parameter(torch.zeros(experts, len(self.targets), config.rank, self.dim_out))
        bound = 1 / math.sqrt(self.dim)
        nn.init.uniform_(self.expert_down, -bound, bound)

    def forward(self, hidden_states: Tensor, modality: Tensor | None = None, **_: object) -> Tensor:
        """Attend within each window.

        Args:
            hidden_states: `[N * windows, h, w, dim]`, the windows of one image adjacent.
            modality: int64 `[N]`, the expert of each image; None leaves the base alone.

        Returns:
            `[N * windows, h', w', dim_out]`, pooled by the query stride at stage transitions.
        """
        batch = hidden_states.shape[0]
        projected = list(self.qkv(hidden_states).split(self.dim_out, dim=-1))
        if modality is not None:
            deltas = self._expert_deltas(hidden_states, modality)
            for target, delta in zip(self.targets, deltas, strict=True):
                projected[target] = projected[target] + delta.reshape(projected[target].shape)
        query, key, value = projected
        if self.query_stride:
            query = do_pool(query, self.query_stride)
        out_height, out_width = query.shape[1:3]
        query, key, value = (
            part.reshape(batch, -1, self.heads, self.dim_out // self.heads).transpose(1, 2)
            for part in (query, key, value)
        )
        attended = _attend(query, key, value)
        return self.proj(attended.transpose(1, 2).reshape(batch, out_height, out_width, self.dim_out))

    def _expert_deltas(self, hidden_states: Tensor, modality: Tensor) -> list[Tensor]:
        images = modality.shape[0]
        modality = torch.zeros_like(modality) if self.shared else modality
        tokens = self.dropout(hidden_states.reshape(images, -1, self.dim))
        low = torch.bmm(tokens, self.expert_down[modality] * self.scaling)
        up = self.expert_up[modality]
        return [
            torch.bmm(low[..., i * self.rank : (i + 1) * self.rank], up[:, i])
            for i in range(len(self.targets))
        ]

    @torch.no_grad()
    def merged_qkv_weight(self, modality: int) -> Tensor:
        """`W + (A_m B_m)^T * alpha / rank`, shaped like `qkv.weight`: one expert folded in."""
        weight = self.qkv.weight.clone()
        modality = 0 if self.shared else modality
        for i, target in enumerate(self.targets):
            down = self.expert_down[modality, :, i * self.rank : (i + 1) * self.rank]
            rows = slice(target * self.dim_out, (target + 1) * self.dim_out)
            weight[rows] += (down @ self.expert_up[modality, i]).T * self.scaling
        return weight


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Scaled dot-product attention on `[N, heads, tokens, channels]`."""
    if key.shape[-2] > EXPLICIT_TOKENS or key.is_cuda:
        return F.scaled_dot_product_attention(query, key, value)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return scores.softmax(dim=-1).to(value.dtype) @ value


def add_experts(vision: Sam2VisionModel, experts: int, config: LoraConfig) -> None:
    """Give every attention block of the stages chosen its experts, in place."""
    stage = 0
    for block in vision.backbone.blocks:
        stage += block.dim != block.dim_out
        if stage in config.stages:
            block.attn = ExpertAttention(block.attn, experts, config)
