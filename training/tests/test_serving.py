"""The networks as they are served against `MleSam`'s own functions, for all windows and choices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_choices import changed, shaken
from transformers.models.sam2.modeling_sam2 import do_pool, window_partition, window_unpartition

from mle_sam_train.config import Config, config_from_dict, config_to_dict
from mle_sam_train.data import DatasetInfo
from mle_sam_train.export import HeadGraph, LogitsHeadGraph
from mle_sam_train.serving import (
    ServingEncoder,
    ServingHead,
    ServingLogitsHead,
    can_serve,
    experts_layout,
)
from mle_sam_train.serving.head import best_class
from mle_sam_train.serving.phases import gain, upsample_columns, upsample_rows, weave
from mle_sam_train.serving.token_order import BlockShape, plan_trunk

TRUNKS = {
    "nested windows": {},
    "padded windows in the last stages": {"windows": [8, 4, 6, 3], "global_blocks": []},
    "a padded window where a stage begins": {"windows": [8, 6, 4, 2], "global_blocks": []},
    "all global but the first": {"windows": [8, 4, 2, 2], "blocks": [1, 2, 2, 2], "global_blocks": [2, 4, 6]},
    "windows that do not nest": {"windows": [8, 2, 4, 2], "blocks": [1, 3, 2, 1], "global_blocks": []},
}
EXPERTS = {
    "query and value": {},
    "all three": {"targets": ["q", "k", "v"]},
    "value alone": {"targets": ["v"]},
    "one for all": {"sharing": "one"},
    "late stages only": {"stages": [2, 3]},
}


def with_base(config: Config, **values: object) -> Config:
    raw = config_to_dict(config)
    raw["model"]["base"].update(values)
    return config_from_dict(raw)


def images(config: Config, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    shape = (count, config.height, config.width, 3)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def assert_encodes_alike(model, layout: str) -> None:
    modality = torch.tensor([2, 0, 3])
    batch = images(model.config, 3)
    expected = model.encode(batch, modality)
    received = ServingEncoder(model, layout).eval()(batch, modality)
    for a, b in zip(received, expected, strict=True):
        torch.testing.assert_close(a, b, atol=2e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("layout", ["merged", "factored"])
@pytest.mark.parametrize("trunk", TRUNKS.values(), ids=TRUNKS.keys())
def test_the_encoder_is_the_same_function_on_any_windows(
    config: Config, info: DatasetInfo, trunk: dict, layout: str
) -> None:
    assert_encodes_alike(shaken(with_base(config, **trunk), info), layout)


@torch.inference_mode()
@pytest.mark.parametrize("layout", ["merged", "factored"])
@pytest.mark.parametrize("lora", EXPERTS.values(), ids=EXPERTS.keys())
def test_the_encoder_is_the_same_function_with_any_experts(
    config: Config, info: DatasetInfo, lora: dict, layout: str
) -> None:
    assert_encodes_alike(shaken(changed(config, "lora", **lora), info), layout)


@torch.inference_mode()
@pytest.mark.parametrize("top_down", [[], [2, 3], [0, 1, 2, 3]])
def test_the_neck_adds_what_comes_from_above_where_the_configuration_says(config, info, top_down) -> None:
    assert_encodes_alike(shaken(with_base(config, fpn_top_down=top_down), info), "merged")


def test_small_bases_store_merged_experts_and_large_ones_their_factors(config, info, monkeypatch) -> None:
    model = shaken(config, info)
    assert experts_layout(model) == "merged"
    monkeypatch.setattr("mle_sam_train.serving.encoder.MERGED_BYTES", 1000)
    assert experts_layout(model) == "factored"


HEADS = [
    {},
    {"subpixel": 1},
    {"subpixel": 4},
    {"join": "sum"},
    {"join": "mean"},
    {"auxiliary_branch": "none"},
    {"auxiliary_branch": "none", "join": "mean"},
    {"decoder_branch": "mean", "auxiliary_branch": "routed"},
    {"decoder_branch": "both", "auxiliary_branch": "both"},
]


@torch.inference_mode()
@pytest.mark.parametrize("head", HEADS, ids=str)
@pytest.mark.parametrize("count", [1, 4])
def test_the_head_is_the_same_function(config: Config, info: DatasetInfo, head: dict, count: int) -> None:
    model = shaken(changed(config, "head", **head), info)
    generator = torch.Generator().manual_seed(3)
    levels = [torch.randn(count, 32, side, side, generator=generator) for side in (16, 8, 4)]
    labels, confidence, routing = HeadGraph(model)(*levels)
    served = ServingHead(model).eval()(*levels)
    assert len(labels.unique()) > 1
    # Rounding decides where two classes are equal to the last digit.
    assert (served[0] != labels).float().mean() < 1e-3
    assert (served[1].int() - confidence.int()).abs().max() <= 1
    torch.testing.assert_close(served[2], routing)


@torch.inference_mode()
@pytest.mark.parametrize("head", HEADS, ids=str)
def test_each_heads_logits_are_those_that_were_joined(config: Config, info: DatasetInfo, head: dict) -> None:
    model = shaken(changed(config, "head", **head), info)
    generator = torch.Generator().manual_seed(4)
    levels = [torch.randn(3, 32, side, side, generator=generator) for side in (16, 8, 4)]
    expected = LogitsHeadGraph(model)(*levels)
    received = ServingLogitsHead(model).eval()(*levels)
    assert len(expected) == len(received) == (4 if model.auxiliary is None else 5)
    for a, b in zip(received[3:], expected[3:], strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
    labels, confidence, routing = ServingHead(model).eval()(*levels)
    assert (received[0] != labels).float().mean() < 1e-3
    assert (received[1].int() - confidence.int()).abs().max() <= 1
    torch.testing.assert_close(received[2], routing)


@torch.inference_mode()
def test_a_head_that_counts_for_nothing_still_hands_out_its_logits(config, info) -> None:
    model = shaken(changed(config, "head", join="learned"), info)
    model.join.zero_()
    levels = [torch.randn(2, 32, side, side) for side in (16, 8, 4)]
    expected, received = (form(model).eval()(*levels) for form in (LogitsHeadGraph, ServingLogitsHead))
    torch.testing.assert_close(received[4], expected[4], atol=1e-4, rtol=1e-4)
    assert (received[0] != expected[0]).float().mean() < 1e-3


def test_subpixels_that_do_not_divide_the_stride_are_left_to_the_original(config, info) -> None:
    assert can_serve(shaken(config, info))
    assert not can_serve(shaken(changed(config, "head", subpixel=3), info))


@pytest.mark.parametrize(("phases", "factor"), [(1, 4), (2, 2), (4, 1), (1, 2), (3, 6)])
@pytest.mark.parametrize("size", [(5, 7), (1, 3)])
def test_phases_woven_together_are_the_interpolated_image(phases: int, factor: int, size) -> None:
    generator = torch.Generator().manual_seed(factor)
    planes = torch.randn(2, phases, phases, *size, generator=generator)
    image = torch.stack([weave(part) for part in planes])
    expected = F.interpolate(image[None], scale_factor=factor, mode="bilinear", align_corners=False)[0]
    larger = upsample_columns(upsample_rows(planes, factor), factor) / gain(factor) ** 2
    torch.testing.assert_close(torch.stack([weave(part) for part in larger]), expected)


def test_the_first_of_equal_classes_wins_as_in_argmax() -> None:
    scores = torch.from_numpy(np.random.default_rng(4).integers(0, 3, (6, 50, 40)).astype(np.float32))
    index, best = best_class(scores)
    expected, first = scores.max(dim=0).values, scores.numpy().argmax(axis=0)
    np.testing.assert_array_equal(index.numpy(), first)
    torch.testing.assert_close(best, expected)


def random_trunk(rng: np.random.Generator) -> tuple[tuple[int, int], list[BlockShape]]:
    scale, blocks = 1, []
    for _ in range(rng.integers(1, 8)):
        pools = bool(blocks) and scale < 8 and rng.random() < 0.4
        window = int(rng.choice([0, 2, 4, 6, 8, 10, 14]))
        blocks.append(BlockShape(window, pools))
        scale *= 2 if pools else 1
    return (8 * int(rng.integers(1, 6)), 8 * int(rng.integers(1, 6))), blocks


@pytest.mark.parametrize("seed", range(60))
def test_every_plan_brings_the_tokens_into_the_windows_of_transformers(seed: int) -> None:
    """Follows raster indices as tokens: windows hold the same sets, pooling takes the same maxima."""
    rng = np.random.default_rng(seed)
    grid, blocks = random_trunk(rng)
    plan = plan_trunk(grid, blocks)
    (height, width), order = grid, plan.first
    for block, step in zip(blocks, plan.blocks, strict=True):
        values = torch.from_numpy(rng.permutation(height * width).astype(np.float32) + 1)
        tokens = values[torch.from_numpy(order)]
        if step.reorder is not None:
            tokens = tokens[torch.from_numpy(step.reorder)]
        image = values.reshape(1, height, width, 1)
        windows, size = window_partition(image, block.window) if block.window else (image, None)
        if step.windows is not None:
            tokens = torch.cat((tokens, torch.zeros(1)))[torch.from_numpy(step.windows.cut)]
        held = tokens.reshape(-1, step.tokens)
        expected = windows.reshape(len(windows), -1)
        assert_same_sets(held, expected)
        if block.pools:
            pooled = do_pool(windows, (2, 2))
            held = held.reshape(-1, 4).amax(dim=1).reshape(len(held), -1)
            assert_same_sets(held, pooled.reshape(len(pooled), -1))
            windows, height, width = pooled, height // 2, width // 2
            side = block.window // 2
            size = (height + -height % side, width + -width % side) if side else None
        whole = windows
        if block.window:
            side = block.window // 2 if block.pools else block.window
            whole = window_unpartition(windows, side, size, (height, width))
        out = held.flatten()
        if step.windows is not None:
            out = out[torch.from_numpy(step.windows.join)]
        order = step.places
        torch.testing.assert_close(out, whole.flatten()[torch.from_numpy(order)])


def assert_same_sets(held: torch.Tensor, expected: torch.Tensor) -> None:
    assert held.shape == expected.shape
    rows = [sorted(map(tuple, part.sort(dim=1).values.tolist())) for part in (held, expected)]
    assert rows[0] == rows[1]
