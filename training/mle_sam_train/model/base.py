"""The base: transformers' SAM 2 vision model (Hiera trunk and FPN neck), at any size."""

from __future__ import annotations

import torch
from transformers import Sam2HieraDetConfig, Sam2VisionConfig, Sam2VisionModel

from ..config import BaseConfig
from ..errors import InputError

LEVELS = 3
"""FPN levels handed on, at strides 4, 8 and 16."""


def build_base(config: BaseConfig, height: int, width: int) -> Sam2VisionModel:
    """A randomly initialised SAM 2 vision model for inputs of `height` x `width` pixels."""
    dims = [config.width * 2**stage for stage in range(len(config.blocks))]
    _check_geometry(config, height, width)
    trunk = Sam2HieraDetConfig(
        hidden_size=config.width,
        image_size=[height, width],
        window_positional_embedding_background_size=list(config.position_background),
        num_query_pool_stages=len(dims) - 1,
        blocks_per_stage=list(config.blocks),
        embed_dim_per_stage=dims,
        num_attention_heads_per_stage=list(config.heads),
        window_size_per_stage=list(config.windows),
        global_attention_blocks=list(config.global_blocks),
    )
    vision = Sam2VisionModel(
        Sam2VisionConfig(
            backbone_config=trunk,
            backbone_channel_list=dims[::-1],
            backbone_feature_sizes=[[height // s, width // s] for s in (4, 8, 16)],
            fpn_hidden_size=config.fpn_channels,
            fpn_top_down_levels=list(config.fpn_top_down),
            num_feature_levels=LEVELS,
        )
    )
    # transformers leaves both at zero, expecting a checkpoint; trained from there, all positions start alike.
    with torch.no_grad():
        vision.backbone.pos_embed.normal_(std=0.02)
        vision.backbone.pos_embed_window.normal_(std=0.02)
    return vision


def _check_geometry(config: BaseConfig, height: int, width: int) -> None:
    first_blocks = {sum(config.blocks[:stage]) for stage in range(1, len(config.blocks))}
    bad = sorted(first_blocks & set(config.global_blocks))
    if bad:
        raise InputError(
            f"Expected global_blocks without the first block of a stage but received {bad[0]}; "
            f"choose other blocks than {sorted(first_blocks)}."
        )
    window = 4 * config.windows[0]
    if height % 32 or width % 32 or height % window or width % window:
        raise InputError(
            f"Expected an input size divisible by 32 and by four times the first window ({window}) "
            f"but received {width}x{height}."
        )
