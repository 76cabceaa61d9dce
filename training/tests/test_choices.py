"""The choices a configuration offers, so that each can be measured: what every switch does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mle_sam_train.checkpoint import load_base, save_weights
from mle_sam_train.config import Config, RouterConfig, config_from_dict, config_to_dict
from mle_sam_train.data import DatasetInfo
from mle_sam_train.model import MleSam, Output, Rig
from mle_sam_train.model.experts import ExpertAttention
from mle_sam_train.model.router import Router


def changed(config: Config, section: str, **values: object) -> Config:
    raw = config_to_dict(config)
    (raw if section in raw else raw["model"])[section].update(values)
    return config_from_dict(raw)


def shaken(config: Config, info: DatasetInfo) -> MleSam:
    torch.manual_seed(1)
    model = MleSam(config, info.rig)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


def features() -> list[Tensor]:
    generator = torch.Generator().manual_seed(8)
    return [torch.randn(2, 4, 32, side, side, generator=generator) for side in (16, 8, 4)]


PRESENT = torch.tensor([[True, True, False, True], [True, False, False, True]])


@torch.inference_mode()
@pytest.mark.parametrize("decoder", ["routed", "mean", "both"])
@pytest.mark.parametrize("auxiliary", ["routed", "mean", "both"])
def test_heads_read_the_branch_they_are_given(config, info, decoder: str, auxiliary: str) -> None:
    model = shaken(changed(config, "head", decoder_branch=decoder, auxiliary_branch=auxiliary), info)
    levels = features()
    output = model.decode(levels, PRESENT)
    routed = [(output.routing[:, i, :, None, None, None] * level).sum(1) for i, level in enumerate(levels)]
    share = (PRESENT / PRESENT.sum(1, keepdim=True))[:, :, None, None, None]
    mean = [(share * level).sum(1) for level in levels]
    branches = {
        "routed": routed,
        "mean": mean,
        "both": [(r + m) / 2 for r, m in zip(routed, mean, strict=True)],
    }
    torch.testing.assert_close(output.decoder, model.decoder(branches[decoder]), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(output.auxiliary, model.auxiliary(branches[auxiliary]), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize(
    ("join", "expected"),
    [
        ("learned", lambda o, s: o.decoder + s * o.auxiliary),
        ("sum", lambda o, _: o.decoder + o.auxiliary),
        ("mean", lambda o, _: (o.decoder + o.auxiliary) / 2),
    ],
)
def test_logits_are_joined_as_chosen(config, info, join: str, expected) -> None:
    model = MleSam(changed(config, "head", join=join), info.rig).eval()
    if join == "learned":
        model.join.fill_(0.3)
    output: Output = model.decode(features(), PRESENT)
    torch.testing.assert_close(output.joined, expected(output, 0.3))
    assert model.join.requires_grad == (join == "learned")


@torch.inference_mode()
def test_without_an_auxiliary_head_the_decoder_decides_alone(config, info) -> None:
    model = shaken(changed(config, "head", auxiliary_branch="none"), info)
    output = model.decode(features(), PRESENT)
    assert output.auxiliary is None
    assert output.joined is output.decoder
    assert not any(name.startswith("auxiliary") for name in model.state_dict())


def test_a_base_with_an_auxiliary_head_starts_a_model_without(config, info, tmp_path) -> None:
    save_weights(shaken(config, info), tmp_path / "base.safetensors", {"stages": []})
    model = MleSam(changed(config, "head", auxiliary_branch="none"), info.rig)
    load_base(model, tmp_path / "base.safetensors")
    assert torch.equal(model.decoder.class_bias, shaken(config, info).decoder.class_bias)


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_top_k_lets_no_more_than_k_through_even_when_all_are_equal(top_k: int) -> None:
    router = Router(3, 8, RouterConfig(top_k=top_k))  # untrained: every score the same
    levels = [torch.ones(2, 4, 8, side, side) for side in (16, 8, 4)]
    weights = router(levels, PRESENT)
    kept = torch.minimum(torch.tensor([3, 2]), torch.tensor(top_k))
    assert torch.equal((weights > 0).sum(-1), kept[:, None].expand(2, 3))
    assert (weights[~PRESENT[:, None].expand_as(weights)] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3))


@torch.inference_mode()
def test_one_shared_expert_serves_all_modalities(config, info) -> None:
    shared = shaken(changed(config, "lora", sharing="one"), info)
    single = MleSam(config, Rig(info.rig.modalities[:1], info.rig.classes))
    count = sum(p.numel() for _, p in shared.expert_parameters())
    assert count == sum(p.numel() for _, p in single.expert_parameters())
    same = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8).repeat(2, 1, 1, 1)
    one, other = (level for level in shared.encode(same, torch.tensor([1, 3]))[0])
    torch.testing.assert_close(one, other)


@torch.inference_mode()
def test_experts_stand_only_in_the_stages_chosen(config, info) -> None:
    model = shaken(changed(config, "lora", stages=[2, 3]), info)
    blocks = [isinstance(block.attn, ExpertAttention) for block in model.vision.backbone.blocks]
    assert blocks == [False, False, True, True, True]  # one, one, two and one block a stage
    image = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with_expert = model.encode(image, torch.tensor([1]))
    without = model.encode(image, torch.tensor([1]), experts=False)
    assert (with_expert[2] - without[2]).abs().max() > 1e-3


def test_lora_dropout_acts_in_training_alone(config, info) -> None:
    model = shaken(changed(config, "lora", dropout=0.5), info)
    image, modality = torch.full((1, 64, 64, 3), 90, dtype=torch.uint8), torch.tensor([0])
    assert torch.equal(model.encode(image, modality)[0], model.encode(image, modality)[0])
    model.train()
    assert not torch.equal(model.encode(image, modality)[0], model.encode(image, modality)[0])


def test_statistics_normalise_each_modality_to_zero_mean_and_unit_deviation(config, info) -> None:
    own = {"mean": [100.0, 50.0, 0.0], "std": [20.0, 10.0, 0.0]}
    rig = Rig(tuple({**m, "statistics": own} for m in info.rig.modalities), info.rig.classes)
    raw = config_to_dict(config)
    raw["normalisation"] = "statistics"
    measured, divided = MleSam(config_from_dict(raw), rig), MleSam(config, rig)
    pixel = torch.tensor([120.0, 45.0, 0.0])
    torch.testing.assert_close(
        pixel * measured.pixel_gain[2] - measured.pixel_shift[2], torch.tensor([1.0, -0.5, 0.0])
    )
    torch.testing.assert_close(pixel * divided.pixel_gain[2] - divided.pixel_shift[2], pixel / 255)
