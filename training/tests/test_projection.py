"""Projections between encoder and router: what they compute, what they begin as, how they are served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_choices import changed, shaken
from test_serving import assert_encodes_alike, images, with_base

from mle_sam_train.checkpoint import load_base, load_model, load_whole, save_weights
from mle_sam_train.config import Config
from mle_sam_train.data import DatasetInfo
from mle_sam_train.errors import InputError
from mle_sam_train.export import check_parity, export_graphs
from mle_sam_train.model import MleSam, Rig
from mle_sam_train.model.projection import Projections
from mle_sam_train.optimizer import trainable_parameters

PYRAMIDS = {
    "all levels from above": {},
    "two levels from above": {"fpn_top_down": [2, 3]},
    "none from above": {"fpn_top_down": []},
    "the finest alone": {"fpn_top_down": [0]},
}


def projected(config: Config) -> Config:
    return replace(config, model=replace(config.model, projection="per-modality"))


@torch.inference_mode()
def test_each_pixel_meets_the_matrix_of_its_modality_and_level() -> None:
    generator = torch.Generator().manual_seed(3)
    projections = Projections(2, 3, 4)
    for delta in projections.deltas:
        delta.copy_(torch.randn(delta.shape, generator=generator))
    features = [torch.randn(2, 4, side, side + 1, generator=generator) for side in (4, 2)]
    modality = torch.tensor([2, 0])
    received = projections(features, modality)
    for level, (before, after) in enumerate(zip(features, received, strict=True)):
        for image, index in enumerate(modality.tolist()):
            matrix = np.eye(4) + projections.deltas[level][index].numpy()
            expected = np.einsum("dc,chw->dhw", matrix, before[image].numpy())
            np.testing.assert_allclose(after[image].numpy(), expected, atol=1e-5)
            np.testing.assert_allclose(projections.matrices(level)[index].numpy(), matrix, atol=1e-6)


@torch.inference_mode()
def test_a_model_begins_as_the_one_without(
    config: Config, info: DatasetInfo, model: MleSam, tmp_path
) -> None:
    save_weights(model, tmp_path / "trained.safetensors", {"stages": ["told"]})
    grown = MleSam(projected(config), info.rig).eval()
    assert load_whole(grown, tmp_path / "trained.safetensors") == {"stages": ["told"]}
    batch, modality = images(config, 3), torch.tensor([1, 3, 0])
    for ours, theirs in zip(grown.encode(batch, modality), model.encode(batch, modality), strict=True):
        assert torch.equal(ours, theirs)
    present = torch.tensor([[True, False, True, True]])
    frames = images(config, 4)[None]
    assert torch.equal(grown(frames, present).joined, model(frames, present).joined)


def test_a_base_leaves_projections_alone(config: Config, info: DatasetInfo, model: MleSam, tmp_path) -> None:
    save_weights(model, tmp_path / "base.safetensors", {"stages": []})
    grown = shaken(projected(config), info)
    before = [delta.detach().clone() for delta in grown.projections.deltas]
    load_base(grown, tmp_path / "base.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(before, grown.projections.deltas, strict=True))


def test_weights_come_back_whole(config: Config, info: DatasetInfo, tmp_path) -> None:
    grown = shaken(projected(config), info)
    save_weights(grown, tmp_path / "grown.safetensors", {"stages": []})
    again, fresh = load_model(tmp_path / "grown.safetensors")[0], MleSam(projected(config), info.rig)
    load_whole(fresh, tmp_path / "grown.safetensors")
    for name, value in grown.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
        assert torch.equal(fresh.state_dict()[name], value)


def test_weights_of_another_rig_are_refused(config: Config, info: DatasetInfo, tmp_path) -> None:
    classes = MleSam(config, Rig(info.rig.modalities, info.rig.classes[:3]))
    fewer = MleSam(config, Rig(info.rig.modalities[:2], info.rig.classes))
    for other, text in ((classes, "classes"), (fewer, "modalities")):
        save_weights(other, tmp_path / "other.safetensors", {"stages": []})
        with pytest.raises(InputError, match=f"Expected weights for the {text}"):
            load_whole(MleSam(config, info.rig), tmp_path / "other.safetensors")


def test_experts_train_them_and_the_base_does_not(config: Config, info: DatasetInfo) -> None:
    model = MleSam(projected(config), info.rig)
    names = {
        stage: {n for g in trainable_parameters(model, stage).values() for n, _ in g}
        for stage in ("base", "experts")
    }
    own = {name for name, _ in model.named_parameters() if name.startswith("projections.")}
    assert len(own) == 3
    assert own <= names["experts"]
    assert not own & names["base"]


def test_they_learn(config: Config, info: DatasetInfo) -> None:
    model = MleSam(projected(config), info.rig)
    present = torch.tensor([[True, True, False, True]])
    model(images(config, 4)[None], present).joined.square().mean().backward()
    gradient = model.projections.deltas[0].grad
    assert [bool(part.abs().sum() > 0) for part in gradient] == [True, True, False, True]


@torch.inference_mode()
@pytest.mark.parametrize("layout", ["merged", "factored"])
@pytest.mark.parametrize("pyramid", PYRAMIDS.values(), ids=PYRAMIDS.keys())
def test_they_are_served_as_the_same_function(
    config: Config, info: DatasetInfo, pyramid: dict, layout: str
) -> None:
    assert_encodes_alike(shaken(projected(with_base(config, **pyramid)), info), layout)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_they_are_exported(config: Config, info: DatasetInfo, precision: str, tmp_path: Path) -> None:
    model = shaken(changed(projected(config), "head", layers=1), info)
    export_graphs(model, tmp_path, precision)
    check_parity(model, tmp_path, images(config, 4).numpy(), precision)
