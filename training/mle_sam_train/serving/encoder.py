"""The encoder as it is served: tokens in one order from first to last block, experts in the projections.

What differs from `MleSam.encode`, all of it equal up to rounding:

- windows and pooling are reshapes (see `token_order`); padded windows, the image's order are gathers of rows;
- queries, keys and values come out of one product per head, so that no head is moved; the scale is in the
  queries' weights, the keys' bias is left out (it adds the same to every score of a query, which softmax
  ignores), the values' bias is in the output's (the weights of a softmax sum to 1);
- each expert is folded into the base's weights, and a batch's weights are chosen by its modalities;
- a bias is part of the product it follows, the neck's 1 x 1 convolutions are products of planes and tokens.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..model import MleSam
from ..model.experts import ExpertAttention
from ..model.projection import Projections
from .token_order import POOLED, BlockPlan, BlockShape, plan_trunk, row_by_row

ExpertsLayout = Literal["merged", "factored"]
MERGED_BYTES = 8 << 20
"""Up to this much, each modality's own weights are stored; beyond it, the low-rank factors."""

BEYOND = 2**31 - 1
"""An index that no table has."""


def experts_layout(model: MleSam) -> ExpertsLayout:
    """`merged` stores each modality's own projections and costs nothing at run time, but grows with base and
    modalities; `factored` stores the base's once and pays two small products a projection."""
    weights = 0
    for block in model.vision.backbone.blocks:
        if isinstance(block.attn, ExpertAttention):
            own = len(block.attn.expert_down)
            weights += own * len(block.attn.targets) * block.attn.dim * block.attn.dim_out
    return "merged" if 4 * weights <= MERGED_BYTES else "factored"


class ServingEncoder(nn.Module):
    """images uint8 `[M, H, W, 3]`, modality int64 `[M]` -> features_0..2 float32 `[M, C, h, w]`."""

    def __init__(self, model: MleSam, layout: ExpertsLayout | None = None) -> None:
        super().__init__()
        layout = layout or experts_layout(model)
        backbone = model.vision.backbone
        patches = backbone.patch_embed.projection
        self.patches = patches
        stride = patches.stride[0]
        self.grid = model.config.height // stride, model.config.width // stride
        shapes = [BlockShape(block.window_size, block.query_stride is not None) for block in backbone.blocks]
        plan = plan_trunk(self.grid, shapes)
        self.register_buffer("gain", model.pixel_gain.clone())
        self.register_buffer("shift", model.pixel_shift.clone())
        self.register_buffer("first", torch.from_numpy(plan.first))
        with torch.no_grad():
            positions = backbone._get_pos_embed(self.grid).flatten(1, 2)[:, self.first]
        self.register_buffer("positions", positions.clone())
        self.blocks = nn.ModuleList(
            ServingBlock(block, steps, layout)
            for block, steps in zip(backbone.blocks, plan.blocks, strict=True)
        )
        self.stage_ends = list(backbone.stage_ends)
        places = [plan.blocks[end].places for end in self.stage_ends]
        self.neck = ServingNeck(model.vision.neck, places, self.grid, model.projections)
        self.levels = model.vision.num_feature_levels

    def forward(self, images: Tensor, modality: Tensor) -> tuple[Tensor, ...]:
        """Normalise and encode."""
        modality = beyond_if_negative(modality)
        gain, shift = self.gain.index_select(0, modality), self.shift.index_select(0, modality)
        planes = images.permute(0, 3, 1, 2).to(gain.dtype)
        pixels = planes * gain[:, :, None, None] - shift[:, :, None, None]
        tokens = self.patches(pixels).flatten(2).transpose(1, 2).index_select(1, self.first) + self.positions
        stages = []
        for index, block in enumerate(self.blocks):
            tokens = block(tokens, modality)
            if index in self.stage_ends:
                stages.append(tokens)
        return tuple(self.neck(stages, modality)[: self.levels])


def beyond_if_negative(modality: Tensor) -> Tensor:
    """Indices of which those below zero lie outside of any table.

    ONNX counts negative indices from the end, so that -1 would be encoded as the last modality without a
    word; of an index outside, ONNX Runtime on a CPU says that it is.
    """
    return torch.where(modality < 0, BEYOND, modality)


class ServingBlock(nn.Module):
    """A block of the trunk on tokens `[M, T, C]` -> `[M, T', C']`."""

    def __init__(self, block: nn.Module, plan: BlockPlan, layout: ExpertsLayout) -> None:
        super().__init__()
        self.norm1, self.norm2, self.mlp = block.layer_norm1, block.layer_norm2, block.mlp
        self.pools = block.query_stride is not None
        self.residual = block.proj if block.dim != block.dim_out else None
        self.attention = WindowAttention(block.attn, plan.tokens, self.pools, layout)
        self.is_padded = plan.windows is not None
        self.reorders = plan.reorder is not None
        if plan.reorder is not None:
            self.register_buffer("reorder", torch.from_numpy(plan.reorder))
        if plan.windows is not None:
            self.register_buffer("cut", torch.from_numpy(plan.windows.cut))
            self.register_buffer("join", torch.from_numpy(plan.windows.join))

    def forward(self, tokens: Tensor, modality: Tensor) -> Tensor:
        """Attend within the windows, then the layers of each token alone."""
        if self.reorders:
            tokens = tokens.index_select(1, self.reorder)
        normed = self.norm1(tokens)
        residual = tokens if self.residual is None else self._project(normed)
        if self.is_padded:
            normed = F.pad(normed, (0, 0, 0, 1)).index_select(1, self.cut)
        attended = self.attention(normed, modality)
        if self.is_padded:
            attended = attended.index_select(1, self.join)
        tokens = residual + attended
        hidden = self.mlp.activation(product(self.norm2(tokens), self.mlp.proj_in))
        for layer in self.mlp.layers:
            hidden = self.mlp.activation(product(hidden, layer))
        return tokens + product(hidden, self.mlp.proj_out)

    def _project(self, normed: Tensor) -> Tensor:
        """The way past the attention where a stage begins."""
        if not self.pools:
            return product(normed, self.residual)
        return pool(normed @ self.residual.weight.T) + self.residual.bias


class WindowAttention(nn.Module):
    """Attention within runs of `window` tokens: `[M, T, C]` -> `[M, T', C']`."""

    def __init__(self, attention: nn.Module, window: int, pools: bool, layout: ExpertsLayout) -> None:
        super().__init__()
        self.window, self.pools = window, pools
        is_expert = isinstance(attention, ExpertAttention)
        heads = attention.heads if is_expert else attention.num_attention_heads
        self.heads, self.channels = heads, attention.dim_out // heads
        bias = attention.qkv.bias.detach()
        scale = self.channels**-0.5
        experts = attention if is_expert else None
        targets = experts.targets if experts is not None else ()
        self.projections = nn.ModuleList(
            HeadProjection(attention, part, experts if part in targets else None, scales, layout)
            for part, scales in enumerate((scale, 1.0, 1.0))
        )
        query_bias, _, value_bias = bias.reshape(3, heads, 1, self.channels)
        self.register_buffer("query_bias", (query_bias * scale).clone())
        self.out = nn.Linear(attention.dim_out, attention.dim_out)
        with torch.no_grad():
            self.out.weight.copy_(attention.proj.weight)
            self.out.bias.copy_(attention.proj.bias + attention.proj.weight @ value_bias.flatten())

    def forward(self, tokens: Tensor, modality: Tensor) -> Tensor:
        """Attend and project."""
        query, key, value = (projection(tokens, modality) for projection in self.projections)
        count = tokens.shape[1]
        window = self.window
        if self.pools:
            query, count, window = pool(query), count // POOLED**2, window // POOLED**2
        query = query + self.query_bias
        query = query.reshape(-1, window, self.channels)
        key, value = (part.reshape(-1, self.window, self.channels) for part in (key, value))
        attended = (query @ key.transpose(-2, -1)).softmax(dim=-1) @ value
        attended = attended.reshape(-1, self.heads, count, self.channels).transpose(1, 2)
        return product(attended.reshape(-1, count, self.heads * self.channels), self.out)


class HeadProjection(nn.Module):
    """Queries, keys or values `[M, heads, T, channels]` of tokens `[M, T, C]`, without bias."""

    def __init__(
        self,
        attention: nn.Module,
        part: int,
        experts: ExpertAttention | None,
        scale: float,
        layout: ExpertsLayout,
    ) -> None:
        super().__init__()
        wide = attention.dim_out
        heads = experts.heads if experts is not None else getattr(attention, "heads", 0)
        heads = heads or attention.num_attention_heads
        rows = slice(part * wide, (part + 1) * wide)

        def by_head(weight: Tensor) -> Tensor:
            """`[..., C, wide]` -> `[..., heads, C, channels]`."""
            return weight.unflatten(-1, (heads, wide // heads)).movedim(-2, -3).clone()

        base = attention.qkv.weight.detach()[rows].T * scale
        self.is_shared = experts is None or experts.shared
        self.is_factored = experts is not None and layout == "factored"
        if experts is None:
            self.register_buffer("weight", by_head(base[None]))
            return
        if layout == "merged":
            own = range(len(experts.expert_down))
            weights = torch.stack([experts.merged_qkv_weight(index)[rows].T * scale for index in own])
            self.register_buffer("weight", by_head(weights))
            return
        place, rank = experts.targets.index(part), experts.rank
        down = experts.expert_down.detach()[..., place * rank : (place + 1) * rank]
        self.register_buffer("weight", by_head(base[None]))
        self.register_buffer("down", (down * experts.scaling * scale)[:, None].clone())
        self.register_buffer("up", by_head(experts.expert_up.detach()[:, place]))

    def forward(self, tokens: Tensor, modality: Tensor) -> Tensor:
        """Project."""
        tokens = tokens[:, None]
        if not self.is_factored:
            return tokens @ self._own(self.weight, modality)
        base = tokens @ _repeated(self.weight, modality)
        return base + (tokens @ self._own(self.down, modality)) @ self._own(self.up, modality)

    def _own(self, weights: Tensor, modality: Tensor) -> Tensor:
        return _repeated(weights, modality) if self.is_shared else weights.index_select(0, modality)


def _repeated(weights: Tensor, modality: Tensor) -> Tensor:
    """The same weights `[1, ...]` for each image.

    Where both factors of a product lack a dimension of the batch, tokens that of heads and weights that of
    images, ONNX Runtime's CUDA provider gives a wrong product (1.30.0, seen on an H200).
    """
    return weights.expand(modality.shape[0], *weights.shape[1:])


class ServingNeck(nn.Module):
    """The feature pyramid: tokens of each stage -> planes `[M, C, h, w]`, both fine to coarse.

    Where each modality has projections, that of the finest level, which nothing else is made of, is in its
    lateral weights; what comes from above is projected at the size it has there.
    """

    def __init__(
        self, neck: nn.Module, places: list, grid: tuple[int, int], projections: Projections | None
    ) -> None:
        super().__init__()
        self.top_down = list(neck.fpn_top_down_levels)
        # The neck lists its convolutions from coarse to fine.
        self.lateral = nn.ModuleList(reversed(list(neck.convs)))
        self.grids = []
        for level, order in enumerate(places):
            self.register_buffer(f"order_{level}", torch.from_numpy(row_by_row(order)))
            self.grids.append((grid[0] >> level, grid[1] >> level))
        self.projected = 0 if projections is None else len(projections.deltas)
        if projections is not None:
            for level in range(self.projected):
                self.register_buffer(f"projection_{level}", projections.matrices(level).clone())
            finest, matrices = self.lateral[0], projections.matrices(0)
            self.register_buffer("finest_weight", (matrices @ finest.weight.detach()[:, :, 0, 0]).clone())
            self.register_buffer("finest_bias", (matrices @ finest.bias.detach())[:, :, None].clone())

    def forward(self, stages: list[Tensor], modality: Tensor) -> list[Tensor]:
        """Bring each stage to the pyramid's channels, add what comes from above."""
        if self.projected > 0:
            return self._project(stages, modality)
        above, levels = None, []
        for level in reversed(range(len(stages))):
            above = self._level(level, stages[level], above)
            levels.insert(0, above)
        return levels

    def _level(self, level: int, tokens: Tensor, above: Tensor | None) -> Tensor:
        convolution = self.lateral[level]
        planes = convolution.weight[:, :, 0, 0] @ self._columns(level, tokens) + convolution.bias[:, None]
        return self._joined(level, planes, above)

    def _columns(self, level: int, tokens: Tensor) -> Tensor:
        """The image's order: `[M, C, T]` of tokens `[M, T, C]`."""
        return tokens.index_select(1, getattr(self, f"order_{level}")).transpose(1, 2)

    def _joined(self, level: int, planes: Tensor, above: Tensor | None) -> Tensor:
        planes = planes.unflatten(2, self.grids[level])
        if above is None or level not in self.top_down:
            return planes
        return planes + F.interpolate(above, scale_factor=2.0, mode="nearest")

    def _project(self, stages: list[Tensor], modality: Tensor) -> list[Tensor]:
        """As `forward`, each level then by its modality's projection."""
        above, levels = None, []
        for level in reversed(range(1, len(stages))):
            above = self._level(level, stages[level], above)
            is_projected = level < self.projected
            levels.insert(0, self._by(level, above, modality) if is_projected else above)
        finest = self.finest_weight.index_select(0, modality) @ self._columns(0, stages[0])
        finest = finest + self.finest_bias.index_select(0, modality)
        below = self._by(0, above, modality) if above is not None and 0 in self.top_down else None
        return [self._joined(0, finest, below), *levels]

    def _by(self, level: int, planes: Tensor, modality: Tensor) -> Tensor:
        matrix = getattr(self, f"projection_{level}").index_select(0, modality)
        return (matrix @ planes.flatten(2)).reshape(planes.shape)


def product(tokens: Tensor, layer: nn.Linear) -> Tensor:
    """A linear layer as one matrix product with its bias, which ONNX Runtime adds on the way."""
    count = tokens.shape[1]
    return layer(tokens.reshape(-1, tokens.shape[-1])).reshape(-1, count, layer.out_features)


def pool(tokens: Tensor) -> Tensor:
    """The largest of each cell, a run of tokens: `[..., T, C]` -> `[..., T / 4, C]`."""
    return tokens.unflatten(-2, (-1, POOLED * POOLED)).amax(dim=-2)
