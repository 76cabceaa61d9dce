"""Loader processes: their number, their signals, their failures, and where decoded frames are kept."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mle_sam_train.config import AugmentConfig, Config
from mle_sam_train.data import (
    Batch,
    CacheChoice,
    DatasetInfo,
    DeviceAugmentation,
    FrameCache,
    FrameLoader,
    TrainingSampler,
    describe_cache,
    open_frames,
    read_dataset_info,
    room,
)
from mle_sam_train.data.on_demand import OnDemand
from mle_sam_train.errors import InputError
from mle_sam_train.model import MleSam
from mle_sam_train.schedule import Budget
from mle_sam_train.training import Trainer

KINDS = ["rgb", "hha", "counts-recency", "range-intensity-height"]
CPU = torch.device("cpu")
VARIED = AugmentConfig(
    focus_probability=0.5, degrade_probability=0.7, appearance_probability=0.5, sensor_probability=0.5
)


def loader(cache: FrameCache, workers: int = 0, where: str = "loader", part=(0, 1), batch=4) -> FrameLoader:
    sampler = TrainingSampler(cache, VARIED, "experts", batch, 11, KINDS, part)
    there = DeviceAugmentation(VARIED, KINDS, [""] * 15, CPU) if where == "device" else None
    return FrameLoader(sampler, workers, CPU, there)


def first(source: FrameLoader, step: int, count: int) -> list[Batch]:
    with closing(source.batches(step)) as batches:
        return [next(batches) for _ in range(count)]


def assert_same(a: Batch, b: Batch) -> None:
    for name in ("images", "present", "labels"):
        assert torch.equal(getattr(a, name), getattr(b, name)), name


@pytest.mark.parametrize(
    ("kept", "where"), [("disk", "loader"), ("memory", "loader"), ("none", "loader"), ("none", "device")]
)
def test_the_number_of_processes_and_the_cache_change_no_batch(
    info: DatasetInfo, train_cache: FrameCache, tmp_path: Path, kept, where
) -> None:
    cache = open_frames(info, "train", CacheChoice(kept, tmp_path))
    alone = [loader(train_cache, 0, where).batch_at(step) for step in range(5, 9)]
    assert not torch.equal(alone[0].images, alone[1].images)
    for workers in (0, 1, 2):
        for a, b in zip(first(loader(cache, workers, where), 5, 4), alone, strict=True):
            assert_same(a, b)


@pytest.mark.parametrize("where", ["loader", "device"])
def test_the_shares_of_several_trainers_make_up_the_batch_of_one(train_cache: FrameCache, where) -> None:
    for step in (0, 7):
        whole = loader(train_cache, 0, where, batch=6).batch_at(step)
        for rank in range(3):
            share = loader(train_cache, 0, where, (rank, 3), batch=6).batch_at(step)
            assert_same(share, Batch(whole.images[rank::3], whole.present[rank::3], whole.labels[rank::3]))


def test_what_grows_by_epochs_is_the_same_in_every_thread(train_cache: FrameCache) -> None:
    """Trainer and loader draw from two epochs by turns."""
    plans = loader(train_cache).sampler.plans
    expected = {step: plans.sample(step, 0)[0].frame for step in range(12)}
    for step in (11, 0, 10, 1, 9, 2):
        assert plans.sample(step, 0)[0].frame == expected[step]


def test_a_file_that_spoils_meanwhile_is_named_by_whoever_reads_it(data_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(data_root, tmp_path / "data"))
    cache = open_frames(read_dataset_info(root), "train", CacheChoice("none", tmp_path / "cache"))
    for path in (root / "lidar").rglob("train/*/*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(
        InputError, match=r"Expected an image at .*lidar.*png but could not read it"
    ) as caught:
        first(loader(cache, 1), 0, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["loader", "device"])
def test_a_killed_run_goes_on_alike_with_another_number_of_processes(
    config: Config, info, train_cache, val_cache, tmp_path, where
) -> None:
    def running(workers: int, name: str) -> Trainer:
        changed = replace(config, experts=replace(config.experts, workers=workers, augmentation=where))
        torch.manual_seed(3)
        return Trainer(
            MleSam(changed, info.rig), train_cache, val_cache, tmp_path / name, "experts", Budget(6, None)
        )

    whole = running(2, "whole")
    whole.run()
    killed = running(1, "killed")
    with closing(killed.sampler.batches(0)) as batches:
        for _ in range(3):
            killed.train_step(next(batches))
    killed.checkpoint()
    resumed = running(0, "killed")
    resumed.resume()
    resumed.run()
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name


KEYS = [
    0,
    -1,
    np.int64(3),
    (2, 1),
    (4, slice(0, 2)),
    slice(1, 4),
    (slice(1, 3), slice(0, 1)),
    np.array([3, 0]),
]


@pytest.mark.parametrize(
    "key", [*KEYS, np.array([3, 0]), (np.array([1, 1]), slice(None), 2), slice(0, 0)], ids=str
)
def test_frames_on_demand_are_indexed_like_an_array(key) -> None:
    array = np.random.default_rng(1).integers(0, 256, (5, 3, 4, 2), np.uint8)
    frames = OnDemand(array.shape, lambda index: array[index])
    assert np.array_equal(frames[key], array[key])
    assert (len(frames), frames.shape, frames.size) == (len(array), array.shape, array.size)
    assert np.array_equal(np.stack(list(frames)), array)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, CacheChoice("disk", Path("run/cache"))),
        ("disk", CacheChoice("disk", Path("run/cache"))),
        ("none", CacheChoice("none", Path("run/cache"))),
        ("memory", CacheChoice("memory", Path("run/cache"))),
        ("./memory", CacheChoice("disk", Path("memory"))),
        ("/data/frames", CacheChoice("disk", Path("/data/frames"))),
    ],
)
def test_the_cache_is_named_by_its_kind_or_its_folder(text, expected) -> None:
    assert CacheChoice.of(text, Path("run/cache")) == expected


def test_the_size_is_told_beforehand(info: DatasetInfo, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("mle_sam_train.data.cache.free_disk", lambda _: 3 * 2**30)
    monkeypatch.setattr("mle_sam_train.data.cache.free_memory", lambda: 2**30)
    big = replace(info, width=1024, height=1024)
    told = [
        describe_cache(big, "train", CacheChoice(kind, Path("kept"))) for kind in ("disk", "memory", "none")
    ]
    size = f"{12 * 1024 * 1024 * 13 / 2**30:.2f} GiB"
    assert told == [
        f"train: 12 frames, {size} in kept (3.00 GiB free)",
        f"train: 12 frames, {size} in memory of 1.00 GiB",
        f"train: 12 frames, decoded anew each time ({size} if they were kept)",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_refused_before_anything_is_decoded(info, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(room, "free_disk", lambda _: 100)
    with pytest.raises(
        InputError, match=r"Expected 0.00 GiB free in .* for the decoded frames of train but rec"
    ):
        open_frames(info, "train", CacheChoice("disk", tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_told_and_leaves_nothing_behind(info, tmp_path, monkeypatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(
        InputError, match=r"Expected room for .* in .* but received: .*No space left on device"
    ):
        open_frames(info, "train", CacheChoice("disk", tmp_path))
    assert list(tmp_path.glob("*images*")) == []


@pytest.mark.parametrize(("processes", "told"), [("1", "GiB; use"), ("4", "GiB in each of 4 processes; use")])
def test_a_memory_without_room_is_refused(info, tmp_path, monkeypatch, processes, told) -> None:
    monkeypatch.setattr(room, "free_memory", lambda: 2**20)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    big = replace(info, width=1024, height=1024)
    with pytest.raises(
        InputError, match=rf"Expected at most .*80% of the memory available, but received .*{told}"
    ):
        open_frames(big, "train", CacheChoice("memory", tmp_path))


def test_the_memory_that_is_left_is_what_the_container_leaves(tmp_path, monkeypatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemAvailable:   4096 kB\n")
    monkeypatch.setattr(room, "MEMORY_INFO", tmp_path / "meminfo")
    monkeypatch.setattr(room, "GROUP", tmp_path)
    assert room.free_memory() == 4096 * 1024
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 300\nactive_file 100\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert room.free_memory() == 4096 * 1024
    (tmp_path / "memory.max").write_text("1000\n")
    assert room.free_memory() == 500
    monkeypatch.setattr(room, "MEMORY_INFO", tmp_path / "missing")
    monkeypatch.setattr(room, "GROUP", tmp_path / "missing")
    assert room.free_memory() is None


def test_too_small_a_shared_memory_is_refused(train_cache, monkeypatch) -> None:
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    with pytest.raises(
        InputError, match=r"Expected .* free in /dev/shm for 2 loader processes but received 0.00"
    ):
        loader(train_cache, 2)
    loader(train_cache, 0)


def test_a_negative_number_of_processes_is_refused(train_cache) -> None:
    with pytest.raises(InputError, match="Expected 0 or more loader processes but received -1"):
        loader(train_cache, -1)
