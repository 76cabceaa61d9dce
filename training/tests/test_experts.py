"""The LoRA experts: they add to the base what they should, where they should, and nothing elsewhere."""

from __future__ import annotations

import torch
from transformers import Sam2VisionModel

from mle_sam_train.model import MleSam
from mle_sam_train.model.base import build_base
from mle_sam_train.model.experts import ExpertAttention


def images(model: MleSam, count: int) -> torch.Tensor:
    shape = (count, model.config.height, model.config.width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


def attentions(model: MleSam) -> list[ExpertAttention]:
    return [block.attn for block in model.vision.backbone.blocks]


def plain_base(model: MleSam) -> Sam2VisionModel:
    """transformers' own model, untouched, with the weights of ours."""
    plain = build_base(model.config.model.base, model.config.height, model.config.width).eval()
    plain.load_state_dict(dict(model.base_parameters()))
    return plain


def pixels(model: MleSam, batch: torch.Tensor, modality: int) -> torch.Tensor:
    gain, shift = model.pixel_gain[modality], model.pixel_shift[modality]
    return (batch * gain - shift).permute(0, 3, 1, 2)


@torch.inference_mode()
def test_without_experts_the_encoder_is_transformers_sam2(model: MleSam) -> None:
    batch = images(model, 2)
    ours = model.encode(batch, torch.zeros(2, dtype=torch.long), experts=False)
    theirs = plain_base(model)(pixels(model, batch, 0)).fpn_hidden_states
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_experts_with_b_zero_change_nothing(model: MleSam) -> None:
    for attention in attentions(model):
        attention.expert_up.zero_()
    batch = images(model, 2)
    modality = torch.tensor([1, 1])
    with_experts = model.encode(batch, modality, experts=True)
    without = model.encode(batch, modality, experts=False)
    assert all(torch.equal(a, b) for a, b in zip(with_experts, without, strict=True))


@torch.inference_mode()
def test_gathered_experts_equal_merged_weights(model: MleSam) -> None:
    batch = images(model, 4)
    modality = torch.tensor([2, 0, 3, 1])
    gathered = model.encode(batch, modality)
    plain = plain_base(model)
    for position, index in enumerate(modality.tolist()):
        for block, attention in zip(plain.backbone.blocks, attentions(model), strict=True):
            block.attn.qkv.weight.copy_(attention.merged_qkv_weight(index))
        merged = plain(pixels(model, batch[position : position + 1], index)).fpn_hidden_states
        for a, b in zip(gathered, merged, strict=True):
            torch.testing.assert_close(a[position], b[0], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_experts_differ_between_modalities(model: MleSam) -> None:
    same = images(model, 1).repeat(2, 1, 1, 1)
    model.pixel_gain[:], model.pixel_shift[:] = model.pixel_gain[1], model.pixel_shift[1]
    features = model.encode(same, torch.tensor([0, 1]))
    assert (features[0][0] - features[0][1]).abs().max() > 1e-3


def test_an_expert_sees_no_gradient_of_another_modality(model: MleSam) -> None:
    features = model.encode(images(model, 2), torch.tensor([1, 3]))
    sum(level.square().sum() for level in features).backward()
    for attention in attentions(model):
        for factor in (attention.expert_down, attention.expert_up):
            per_expert = factor.grad.flatten(1).abs().amax(dim=1)
            assert (per_expert[[0, 2]] == 0).all()
            assert (per_expert[[1, 3]] > 0).all()


def test_experts_at_stage_transitions_are_as_wide_as_the_output(model: MleSam) -> None:
    transitions = [a for a in attentions(model) if a.dim != a.dim_out]
    assert len(transitions) == 3
    for attention in transitions:
        assert attention.expert_up.shape[-1] == attention.dim_out == 2 * attention.dim
        delta = attention.merged_qkv_weight(0) - attention.qkv.weight
        query, key, value = delta.split(attention.dim_out)
        assert (query.abs().amax(dim=1) > 0).all()
        assert (value.abs().amax(dim=1) > 0).all()
        assert not key.any()


@torch.inference_mode()
def test_long_and_short_attention_agree(model: MleSam, monkeypatch) -> None:
    batch, modality = images(model, 1), torch.tensor([2])
    written_out = model.encode(batch, modality)
    monkeypatch.setattr("mle_sam_train.model.experts.EXPLICIT_TOKENS", 0)
    for a, b in zip(written_out, model.encode(batch, modality), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
