"""A split that is trained on while it is decoded, and a budget whose end may be told late."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mle_sam_train import schedule
from mle_sam_train.config import AugmentConfig, Config
from mle_sam_train.data import DatasetInfo, DeviceSampler, FrameCache, GrowingCache, follow, growing, same_rig
from mle_sam_train.data import device_sampler as sampling
from mle_sam_train.data.growing import snapshot
from mle_sam_train.errors import InputError
from mle_sam_train.schedule import Budget

KINDS = ["rgb", "hha", "counts-recency", "range-intensity-height"]


def followed(info: DatasetInfo, folder: Path, capacity: int, looks: int) -> GrowingCache:
    left = iter(range(looks))
    follow([info], folder, capacity, 1, lambda: next(left, None) is not None, pause=0.0)
    return GrowingCache.open(folder)


def test_what_is_followed_equals_what_is_decoded_at_once(
    info: DatasetInfo, train_cache: FrameCache, tmp_path: Path
) -> None:
    cache = followed(info, tmp_path, 100, 3)
    assert len(cache) == len(train_cache)
    assert len(cache.images) == 100
    for part in ("images", "labels", "histogram"):
        assert np.array_equal(getattr(cache.shown, part), getattr(train_cache, part))


def test_frames_beyond_the_capacity_are_left_out(info: DatasetInfo, tmp_path: Path) -> None:
    assert len(followed(info, tmp_path, 5, 3)) == 5


def test_data_sets_that_differ_are_refused(info: DatasetInfo, tmp_path: Path) -> None:
    same_rig([info, replace(info, root=tmp_path, source="elsewhere")])
    with pytest.raises(InputError, match=f"one rig but {tmp_path} differs"):
        same_rig([info, replace(info, root=tmp_path, width=96)])


def test_a_sampler_takes_in_what_has_come(
    info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "LOOKED_AGAIN_AFTER", 0.0)
    cache = followed(info, tmp_path, 12, 3)
    counted = tmp_path / "train.growing"
    whole = counted.read_text()
    counted.write_text('{"frames": 4, "capacity": 12}')
    few = GrowingCache.open(tmp_path)
    sampler = DeviceSampler(few, AugmentConfig(rare_probability=0), "experts", 4, 11, KINDS)
    drawn = {plan.frame for step in range(20) for plan in sampler.plans.at(step)[0]}
    assert drawn == set(range(4))
    counted.write_text(whole)
    sampler.batch_at(0)
    drawn = {plan.frame for step in range(20) for plan in sampler.plans.at(step)[0]}
    assert drawn == set(range(12))
    assert np.array_equal(sampler.images.numpy(), cache.images)


def test_a_snapshot_is_a_part_that_stays(info: DatasetInfo, train_cache: FrameCache, tmp_path: Path) -> None:
    followed(info, tmp_path / "grows", 100, 3)
    assert snapshot(tmp_path / "grows", tmp_path / "stays", 7) == 7
    assert np.array_equal(np.load(tmp_path / "stays/train_images.npy"), train_cache.images[:7])
    assert np.array_equal(np.load(tmp_path / "stays/train_labels.npy"), train_cache.labels[:7])


def test_a_snapshot_waits_for_the_first_frame_and_says_where_there_is_none(
    info: DatasetInfo, train_cache: FrameCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        InputError, match=r"Expected frames decoded by `mle-sam-train follow` in .* found none"
    ):
        snapshot(tmp_path / "grows", tmp_path / "stays", 7, patience=0.3)

    def follows_meanwhile(seconds: float) -> None:
        del seconds
        waits.append(followed(info, tmp_path / "grows", 100, 1))

    waits: list[GrowingCache] = []
    monkeypatch.setattr(growing.time, "sleep", follows_meanwhile)
    assert snapshot(tmp_path / "grows", tmp_path / "stays", 7, patience=math.inf) == 7
    assert len(waits) == 1
    assert np.array_equal(np.load(tmp_path / "stays/train_images.npy"), train_cache.images[:7])


@pytest.mark.parametrize("share", [4, 15, 64])
def test_every_batch_has_the_same_number_of_images(train_cache: FrameCache, share: int) -> None:
    config = AugmentConfig(subset_shares=(0.28, 0.25, 0.17, 0.3), first_alone=0.5)
    sampler = DeviceSampler(train_cache, config, "experts", share, 11, KINDS)
    present = [np.stack([plan.present for plan in sampler.plans.at(step)[0]]) for step in range(30)]
    assert len({int(mask.sum()) for mask in present}) == 1
    masks = np.concatenate(present)
    alone = masks[masks.sum(axis=1) == 1]
    assert abs(np.mean(masks.sum(axis=1) == 4) - 0.3) < 0.5 / share + 1e-9
    assert abs(alone[:, 0].mean() - 0.5) < 0.25
    assert {tuple(mask) for mask in masks} >= {(True, False, False, False), (True, True, True, True)}


def test_shares_must_fit_the_sensors(train_cache: FrameCache) -> None:
    sampler = DeviceSampler(train_cache, AugmentConfig(subset_shares=(1, 1)), "experts", 4, 11, KINDS)
    with pytest.raises(InputError, match="subset_shares for 1 to 4 modalities"):
        sampler.batch_at(0)


def test_an_end_told_late_is_kept(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule.time, "time", lambda: 1000.0)
    until = tmp_path / "until"
    budget = Budget.of(replace(config.base, steps=None, minutes=None), None, None, until)
    assert budget.progress(7, 60) == pytest.approx(1 / 60)
    until.write_text("1030")
    assert budget.progress(7, 10) == pytest.approx(0.25)
    until.write_text("999")
    assert budget.progress(7, 10) == 1
    assert budget.progress(0, 0) == 1


def test_painting_anew_keeps_shapes_and_leaves_no_class_as_it_was(train_cache: FrameCache) -> None:
    config = AugmentConfig(
        colour_probability=0, degrade_probability=0, zoom_probability=0, rare_probability=0
    )
    plain, painted, varied = (
        DeviceSampler(train_cache, replace(config, **changes), "experts", 8, 11, KINDS)
        for changes in ({}, {"appearance_probability": 0.5}, {"sensor_probability": 1.0})
    )
    painted_anew = 0
    for step in range(4):
        a, b, c = (sampler.batch_at(step) for sampler in (plain, painted, varied))
        changed = (a.images[:, 0] != b.images[:, 0]).flatten(1).any(dim=1)
        painted_anew += int(changed.sum())
        assert torch.equal(a.images[:, 1:], b.images[:, 1:])
        assert torch.equal(a.labels, b.labels)
        assert torch.equal(a.images[:, 0], c.images[:, 0])
        # Where a sensor saw nothing it still does.
        empty = a.images[:, 1:].sum(dim=-1) == 0
        assert (c.images[:, 1:].sum(dim=-1)[empty] == 0).all()
    assert 8 <= painted_anew <= 24  # half of 32 samples, each by its own draw
