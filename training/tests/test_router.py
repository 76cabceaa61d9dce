"""The router and the two branches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mle_sam_train.config import RouterConfig
from mle_sam_train.model import MleSam
from mle_sam_train.model.router import Router, fuse, mean_weights


def features(batch: int, count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(batch, count, 8, side, side, generator=generator) for side in (16, 8, 4)]


def shaken(config: RouterConfig) -> Router:
    torch.manual_seed(2)
    router = Router(3, 8, config)
    with torch.no_grad():
        for layer in router.linear:
            layer.weight.normal_()
    return router


PRESENT = torch.tensor([[True, True, True, True], [True, False, True, False], [False, False, False, True]])


@pytest.mark.parametrize("pool", ["mean", "mean-std"])
def test_weights_are_a_softmax_over_the_present(pool: str) -> None:
    weights = shaken(RouterConfig(pool=pool))(features(3, 4), PRESENT)
    assert weights.shape == (3, 3, 4)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 3))
    absent = ~PRESENT[:, None].expand_as(weights)
    assert (weights[absent] == 0).all()
    assert (weights[~absent] > 0).all()
    assert (weights[2, :, 3] == 1).all()


def test_weights_follow_the_published_formula() -> None:
    router = shaken(RouterConfig(pool="mean", scale="one"))
    levels = features(1, 2)
    weights = router(levels, torch.ones(1, 2, dtype=torch.bool))
    for index, level in enumerate(levels):
        layer = router.linear[index]
        score = [
            torch.sigmoid(layer.weight[0] @ level[0, m].mean(dim=(1, 2)) + layer.bias[0]) for m in (0, 1)
        ]
        expected = score[0].exp() / (score[0].exp() + score[1].exp())
        torch.testing.assert_close(weights[0, index, 0], expected)


def test_what_stands_at_an_absent_place_does_not_matter() -> None:
    router, levels = shaken(RouterConfig()), features(3, 4)
    before = router(levels, PRESENT)
    for level in levels:
        level[1, 1] = 1e3
    torch.testing.assert_close(router(levels, PRESENT), before)


def test_top_k_keeps_the_largest() -> None:
    weights = shaken(replace(RouterConfig(), top_k=2))(features(3, 4), torch.ones(3, 4, dtype=torch.bool))
    assert ((weights > 0).sum(dim=-1) == 2).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 3))


def test_the_mean_branch_is_the_plain_mean_over_the_present() -> None:
    level = features(3, 4)[0]
    fused = fuse(level, mean_weights(PRESENT)[:, None])[:, 0]
    torch.testing.assert_close(fused[0], level[0].mean(dim=0))
    torch.testing.assert_close(fused[1], (level[1, 0] + level[1, 2]) / 2)
    torch.testing.assert_close(fused[2], level[2, 3])


@torch.inference_mode()
def test_an_absent_modality_is_as_if_it_did_not_exist(model: MleSam) -> None:
    """Also proves that a mixed batch equals its samples run one by one."""
    images = torch.randint(0, 256, (3, 4, model.config.height, model.config.width, 3), dtype=torch.uint8)
    mixed = model(images, PRESENT)
    for sample, present in enumerate(PRESENT):
        kept = present.nonzero().squeeze(1)
        alone = model.encode(images[sample, kept], kept)
        output = model.decode([f[None] for f in alone], torch.ones(1, len(kept), dtype=torch.bool))
        torch.testing.assert_close(mixed.joined[sample], output.joined[0], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(mixed.routing[sample][:, kept], output.routing[0], atol=1e-5, rtol=1e-5)
