"""What a CUDA graph asks of a step can be held without a GPU: nothing of it waits for the host."""

from __future__ import annotations

import collections
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mle_sam_train.config import Config
from mle_sam_train.data import Batch, DatasetInfo, FrameCache
from mle_sam_train.losses import total_loss
from mle_sam_train.model import MleSam
from mle_sam_train.model.mle_sam import places_of
from mle_sam_train.schedule import Budget
from mle_sam_train.training import Trainer

WAITS = (
    "local_scalar",
    "nonzero",
    "item",
    "unique",
    "bincount",
    "masked_select",
    "is_nonzero",
    "equal.default",
)


class Operators(TorchDispatchMode):
    """Counts what is called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: collections.Counter[str] = collections.Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen[str(function)] += 1
        return function(*args, **(kwargs or {}))


@pytest.fixture
def chosen(config: Config) -> Config:
    return replace(
        config,
        loss=replace(config.loss, resolution="full"),
        augment=replace(config.augment, subset_shares=(1, 1, 1, 1)),
        base=replace(config.base, data="device", batch=2),
        experts=replace(config.experts, data="device", batch=4, trainable="all"),
    )


def trainer(
    chosen: Config, info: DatasetInfo, train: FrameCache, val: FrameCache, run: Path, stage
) -> Trainer:
    torch.manual_seed(chosen.seed)
    return Trainer(MleSam(chosen, info.rig), train, val, run, stage, Budget(4, None))


@pytest.mark.parametrize("stage", ["base", "experts"])
def test_nothing_of_a_step_waits_for_the_device(
    chosen: Config, info: DatasetInfo, train_cache: FrameCache, val_cache: FrameCache, tmp_path: Path, stage
) -> None:
    running = trainer(chosen, info, train_cache, val_cache, tmp_path, stage)
    batch = running.sampler.batch_at(0)
    parameters = [p for group in running.optimizer.param_groups for p in group["params"]]
    places, offset = places_of(batch.present), torch.zeros(2, dtype=torch.int64)
    with Operators() as operators:
        running._graph_loss(batch, places, offset).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    assert [name for name in operators.seen if any(word in name for word in WAITS)] == []
    assert all(parameter.grad is not None for parameter in parameters)


def test_an_offset_in_a_tensor_is_the_same_offset(
    chosen: Config, info: DatasetInfo, train_cache: FrameCache, val_cache: FrameCache, tmp_path: Path
) -> None:
    running = trainer(chosen, info, train_cache, val_cache, tmp_path, "experts")
    batch = running.sampler.batch_at(0)
    with torch.no_grad():
        output = running.model(batch.images, batch.present)
        for offset in ((0, 0), (1, 0), (7, 3)):
            both = [
                total_loss(output, batch.labels, chosen.loss, running.weights, given)
                for given in (offset, torch.tensor(offset))
            ]
            assert float(both[0]) == float(both[1])


def test_places_known_beforehand_change_nothing(model: MleSam, train_cache: FrameCache) -> None:
    images = torch.from_numpy(train_cache.images[:3])
    present = torch.tensor([[1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 1, 0]], dtype=torch.bool)
    with torch.no_grad():
        found = model(images, present)
        told = model(images, present, places=places_of(present))
    assert torch.equal(found.joined, told.joined)


def test_judged_at_full_size_a_single_wrong_pixel_counts(
    chosen: Config, info: DatasetInfo, train_cache: FrameCache, val_cache: FrameCache, tmp_path: Path
) -> None:
    """On the grid only every n-th label is looked at; at full size all are."""
    running = trainer(chosen, info, train_cache, val_cache, tmp_path, "experts")
    batch: Batch = running.sampler.batch_at(0)
    changed = batch.labels.clone()
    changed[0, 1, 1] = (changed[0, 1, 1] + 1) % len(info.rig.classes)
    with torch.no_grad():
        output = running.model(batch.images, batch.present)
        scores = {
            resolution: [
                float(
                    total_loss(
                        output, labels, replace(chosen.loss, resolution=resolution), running.weights, (0, 0)
                    )
                )
                for labels in (batch.labels, changed)
            ]
            for resolution in ("grid", "full")
        }
    assert scores["grid"][0] == scores["grid"][1]
    assert scores["full"][0] != scores["full"][1]
