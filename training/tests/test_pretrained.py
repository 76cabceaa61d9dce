"""Published SAM 2 as the base: transformers' own folders and files with the original names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from synthetic import MODALITIES
from transformers import Sam2Config, Sam2Model, Sam2VisionConfig
from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig

from mle_sam_train.config import Config, load_config
from mle_sam_train.errors import InputError
from mle_sam_train.model import MleSam, Rig
from mle_sam_train.model.pretrained import load_pretrained
from mle_sam_train.model.sam_names import from_original

CONFIGS = Path(__file__).parent.parent / "configs"
RIG = Rig(tuple(MODALITIES), tuple({"id": i, "name": f"class_{i}"} for i in range(5)))
SIZES = {
    "tiny": {},
    "base-plus": {
        "hidden_size": 112,
        "blocks_per_stage": [2, 3, 16, 3],
        "embed_dim_per_stage": [112, 224, 448, 896],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "global_attention_blocks": [12, 16, 20],
        "window_positional_embedding_background_size": [14, 14],
    },
}
"""As published for SAM 2.1 (sam2.1_hiera_t.yaml is transformers' default, sam2.1_hiera_b+.yaml)."""

NAMES = [
    ("image_encoder.trunk.pos_embed_window", "vision_encoder.backbone.pos_embed_window"),
    ("image_encoder.trunk.patch_embed.proj.weight", "vision_encoder.backbone.patch_embed.projection.weight"),
    ("image_encoder.trunk.blocks.3.norm1.bias", "vision_encoder.backbone.blocks.3.layer_norm1.bias"),
    ("image_encoder.trunk.blocks.3.proj.weight", "vision_encoder.backbone.blocks.3.proj.weight"),
    ("image_encoder.trunk.blocks.11.attn.qkv.bias", "vision_encoder.backbone.blocks.11.attn.qkv.bias"),
    (
        "image_encoder.trunk.blocks.0.mlp.layers.0.weight",
        "vision_encoder.backbone.blocks.0.mlp.proj_in.weight",
    ),
    (
        "image_encoder.trunk.blocks.0.mlp.layers.1.weight",
        "vision_encoder.backbone.blocks.0.mlp.proj_out.weight",
    ),
    ("image_encoder.neck.convs.2.conv.weight", "vision_encoder.neck.convs.2.weight"),
    (
        "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
        "shared_image_embedding.positional_embedding",
    ),
    ("sam_prompt_encoder.no_mask_embed.weight", "prompt_encoder.no_mask_embed.weight"),
    ("no_mem_embed", "no_memory_embedding"),
    (
        "sam_mask_decoder.transformer.layers.1.cross_attn_token_to_image.out_proj.weight",
        "mask_decoder.transformer.layers.1.cross_attn_token_to_image.o_proj.weight",
    ),
    (
        "sam_mask_decoder.transformer.norm_final_attn.weight",
        "mask_decoder.transformer.layer_norm_final_attn.weight",
    ),
    ("sam_mask_decoder.output_upscaling.3.bias", "mask_decoder.upscale_conv2.bias"),
    (
        "sam_mask_decoder.output_hypernetworks_mlps.2.layers.0.weight",
        "mask_decoder.output_hypernetworks_mlps.2.proj_in.weight",
    ),
    (
        "sam_mask_decoder.output_hypernetworks_mlps.2.layers.1.weight",
        "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight",
    ),
    ("sam_mask_decoder.pred_obj_score_head.layers.2.bias", "mask_decoder.pred_obj_score_head.proj_out.bias"),
    ("memory_attention.layers.0.self_attn.q_proj.weight", None),
    ("memory_encoder.mask_downsampler.encoder.0.weight", None),
    ("sam_prompt_encoder.point_embeddings.0.weight", None),
]


@pytest.mark.parametrize(("original", "expected"), NAMES)
def test_original_names_are_translated(original: str, expected: str | None) -> None:
    assert list(from_original({original: torch.zeros(1)})) == ([] if expected is None else [expected])


def to_original(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """transformers' names back to the original ones, written from the modules of the original code."""
    mlp = {"proj_in": "layers.0", "layers.0": "layers.1", "proj_out": "layers.2"}
    out = {}
    for name, tensor in tensors.items():
        if name.startswith(("prompt_encoder.point", "prompt_encoder.not_a", "prompt_encoder.mask_embed")):
            continue
        if three := re.match(r"(.*(?:mlps\.\d|_head))\.(proj_in|layers\.0|proj_out)\.(\w+)$", name):
            name = f"{three[1]}.{mlp[three[2]]}.{three[3]}"
        name = name.replace("mlp.proj_in", "mlp.layers.0").replace("mlp.proj_out", "mlp.layers.1")
        name = name.replace("patch_embed.projection", "patch_embed.proj").replace("o_proj", "out_proj")
        name = name.replace("upscale_conv1", "output_upscaling.0").replace(
            "upscale_conv2", "output_upscaling.3"
        )
        name = name.replace("upscale_layer_norm", "output_upscaling.1").replace("layer_norm", "norm")
        name = re.sub(r"neck\.convs\.(\d)", r"neck.convs.\1.conv", name)
        name = name.replace("shared_image_embedding.positional_embedding", "GAUSS")
        name = name.replace("prompt_encoder.shared_embedding.positional_embedding", "GAUSS")
        name = name.replace("GAUSS", "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix")
        name = name.replace("vision_encoder.backbone", "image_encoder.trunk")
        name = name.replace("vision_encoder", "image_encoder").replace("no_memory_embedding", "no_mem_embed")
        name = re.sub(r"^(mask_decoder|prompt_encoder)", r"sam_\1", name)
        out[name] = tensor
    return out


def sam(size: str) -> Sam2Model:
    """A randomly initialised SAM 2, its position embeddings away from zero."""
    torch.manual_seed(4)
    vision = Sam2VisionConfig(
        backbone_config=Sam2HieraDetConfig(**SIZES[size]),
        backbone_channel_list=SIZES[size].get("embed_dim_per_stage", [96, 192, 384, 768])[::-1],
    )
    built = Sam2Model(Sam2Config(vision_config=vision)).eval()
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            if "embed" in name or "token" in name:
                parameter.normal_(std=0.2)
    return built


def configured(size: str) -> Config:
    return load_config(CONFIGS / f"deliver-{size}.yaml")


@pytest.mark.parametrize(
    "size", [pytest.param(size, marks=[] if size == "tiny" else pytest.mark.slow) for size in SIZES]
)
@torch.inference_mode()
def test_the_wrapped_base_is_transformers_sam2_at_full_size(size: str, tmp_path: Path) -> None:
    """From a `save_pretrained` folder and from a file of original names; experts at B = 0 change nothing."""
    theirs, ours = sam(size), MleSam(configured(size), RIG).eval()
    theirs.save_pretrained(tmp_path / "folder")
    torch.save({"model": to_original(theirs.state_dict())}, tmp_path / "original.pt")
    reused = load_pretrained(ours, str(tmp_path / "folder"))
    assert reused > 60
    image = torch.randint(0, 256, (1, 1024, 1024, 3), dtype=torch.uint8)
    encoded = ours.encode(image, torch.tensor([0]))
    pixels = (image / 255 - torch.tensor((0.485, 0.456, 0.406))) / torch.tensor((0.229, 0.224, 0.225))
    expected = theirs.vision_encoder(pixels.permute(0, 3, 1, 2)).fpn_hidden_states
    for a, b in zip(encoded, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    before = {name: t.clone() for name, t in ours.state_dict().items() if "class_tokens" not in name}
    for parameter in ours.parameters():
        if parameter.requires_grad and parameter.ndim > 1:
            parameter.add_(1.0)
    experts = {name: t for name, t in ours.named_parameters() if ".expert_" in name}
    assert load_pretrained(ours, str(tmp_path / "original.pt")) == reused
    after = ours.state_dict()
    assert all(
        torch.equal(before[f"vision.{name}"], after[f"vision.{name}"]) for name, _ in ours.base_parameters()
    )
    assert torch.equal(before["decoder.conv_s0.weight"], after["decoder.conv_s0.weight"])
    assert len(experts) == 2 * len(ours.vision.backbone.blocks)


TRUNKS = {"tiny": 26.8, "small": 33.9, "base-plus": 68.6, "large": 212.0}
"""Million parameters of the published trunks, without experts."""


@pytest.mark.parametrize("size", list(TRUNKS))
def test_every_published_size_has_a_configuration_of_its_size(size: str) -> None:
    config = configured(size)
    with torch.device("meta"):
        model = MleSam(config, RIG)
    trunk = sum(p.numel() for name, p in model.base_parameters() if name.startswith("backbone."))
    assert trunk / 1e6 == pytest.approx(TRUNKS[size], rel=0.01)
    assert config.model.base.pretrained == f"facebook/sam2.1-hiera-{size}"
    assert config.name.endswith(size)


def test_the_mask_decoder_is_reused_where_it_fits(tmp_path: Path) -> None:
    theirs, ours = sam("tiny"), MleSam(configured("tiny"), RIG)
    theirs.save_pretrained(tmp_path)
    load_pretrained(ours, str(tmp_path))
    own, sams = ours.decoder, theirs.mask_decoder
    theirs_transformer = sams.transformer.state_dict()
    assert all(torch.equal(t, theirs_transformer[n]) for n, t in own.transformer.state_dict().items())
    for module in ("conv_s0", "conv_s1", "upscale_conv1", "upscale_conv2", "upscale_layer_norm"):
        assert torch.equal(getattr(own, module).weight, getattr(sams, module).weight), module
    constant = theirs.prompt_encoder.no_mask_embed.weight + theirs.no_memory_embedding[0]
    assert torch.equal(own.no_mask_embed.weight, constant)
    first = sams.output_hypernetworks_mlps[0]
    assert torch.equal(own.output_hypernetwork.proj_out.weight, first.proj_out.weight)
    grid = torch.rand(1, own.class_bias.numel(), 6, 6)  # an identity until it learns
    mixed = torch.cat((grid, torch.zeros(1, 32 - grid.shape[1], 6, 6)), dim=1)
    assert torch.equal(own.refine(mixed), mixed)


def test_another_size_is_refused(tmp_path: Path) -> None:
    sam("tiny").save_pretrained(tmp_path)
    config = configured("tiny")
    config = replace(config, model=replace(config.model, base=replace(config.model.base, width=64)))
    with pytest.raises(InputError, match=r"Expected shape \(.*\) for .* but received \(.*set model.base"):
        load_pretrained(MleSam(config, RIG), str(tmp_path))


@pytest.mark.parametrize("content", [b"no checkpoint", None])
def test_an_unreadable_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "sam2.pt"
    if content is None:
        torch.save({"model": {"something.weight": torch.zeros(1)}}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"Expected (an original SAM 2 checkpoint at|weights under image_encoder)"
    ):
        load_pretrained(MleSam(configured("tiny"), RIG), str(path))


def test_a_folder_without_sam_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Expected a SAM 2 at .* but could not load it"):
        load_pretrained(MleSam(configured("tiny"), RIG), str(tmp_path))
