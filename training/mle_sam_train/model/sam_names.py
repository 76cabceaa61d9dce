"""Parameter names of SAM 2's original checkpoints (`sam2.1_hiera_*.pt`) and of transformers' `Sam2Model`."""

from __future__ import annotations

import re

from torch import Tensor

RENAMES: tuple[tuple[str, str], ...] = (
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
    (
        r"^sam_prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
        "shared_image_embedding.positional_embedding",
    ),
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"(\.output_hypernetworks_mlps\.\d+|_head)\.layers\.0\.", r"\1.proj_in."),
    (r"(\.output_hypernetworks_mlps\.\d+|_head)\.layers\.1\.", r"\1.layers.0."),
    (r"(\.output_hypernetworks_mlps\.\d+|_head)\.layers\.2\.", r"\1.proj_out."),
)
"""Applied in order, so a three-layer MLP's second layer is renamed after its first has left `layers.0`."""
USED = (
    "vision_encoder.",
    "mask_decoder.",
    "prompt_encoder.no_mask_embed.",
    "shared_image_embedding.",
    "no_memory_embedding",
)


def from_original(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The part of an original checkpoint that an image needs, under transformers' names. What belongs to
    video memory and to prompts is left out."""
    renamed = {_rename(name): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in renamed.items() if name.startswith(USED)}


def _rename(name: str) -> str:
    for pattern, replacement in RENAMES:
        changed = re.sub(pattern, replacement, name)
        if changed != name and pattern.startswith(r"(\.output"):
            return changed
        name = changed
    return name
