"""The sampler that works on a device's memory, here the CPU's, against the one that works on files."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mle_sam_train.config import AugmentConfig
from mle_sam_train.data import DeviceSampler, FrameCache, TrainingSampler
from mle_sam_train.data import degrade as on_files
from mle_sam_train.data.augment import Jitter, camera_jitter
from mle_sam_train.data.device_augment import FAILURES, jitter_images, pixel_of_class

KINDS = ["rgb", "hha", "counts-recency", "range-intensity-height"]


def both(cache: FrameCache, stage="experts", **changes) -> tuple[DeviceSampler, TrainingSampler]:
    drawn = (cache, AugmentConfig(**changes), stage, 4, 11, KINDS)
    return DeviceSampler(*drawn), TrainingSampler(*drawn)


@pytest.mark.parametrize("stage", ["base", "experts"])
def test_geometry_and_presence_equal_those_on_the_cpu(train_cache: FrameCache, stage) -> None:
    """Only crops that are not focused: which pixel of a class they lie around is each sampler's own draw."""
    device, files = both(
        train_cache, stage, colour_probability=0, degrade_probability=0, zoom_probability=0.8
    )
    for step in range(6):
        a, b = device.batch_at(step), files.batch_at(step)
        assert torch.equal(a.present, b.present)
        assert torch.equal(a.labels, b.labels)
        assert torch.equal(a.images[:, 1:], b.images[:, 1:])
        assert (a.images[:, 0].int() - b.images[:, 0].int()).abs().max() <= 2


def test_a_batch_is_a_function_of_seed_and_step(train_cache: FrameCache) -> None:
    first, second = both(train_cache, focus_probability=0.5)[0], both(train_cache, focus_probability=0.5)[0]
    second.batch_at(0)
    a, b, other = first.batch_at(9), second.batch_at(9), first.batch_at(10)
    assert torch.equal(a.images, b.images)
    assert torch.equal(a.labels, b.labels)
    assert not torch.equal(a.images, other.images)


def test_a_focused_crop_shows_its_class(train_cache: FrameCache) -> None:
    device, _ = both(train_cache, rare_probability=1, focus_probability=1, flip=0.5)
    for step in range(20):
        plans, _ = device.plans.at(step)
        for plan, label in zip(plans, device.batch_at(step).labels, strict=True):
            assert (label == plan.focus).any()


def test_only_planned_failures_befall_and_labels_stay(train_cache: FrameCache) -> None:
    device, _ = both(train_cache, degrade_probability=1, colour_probability=0)
    clean, _ = both(train_cache, degrade_probability=0, colour_probability=0)
    for step in range(10):
        plans, _ = device.plans.at(step)
        batch = device.batch_at(step)
        for sample, plan in enumerate(plans):
            whole = clean.batch_at(step)
            if plan.failures != [] and sample == 0:
                spoilt = [position for position, _ in plan.failures]
                kept = [m for m in range(4) if m not in spoilt]
                assert torch.equal(batch.images[0, kept], whole.images[0, kept])
                assert not torch.equal(batch.images[0, spoilt], whole.images[0, spoilt])
                assert torch.equal(batch.labels[0], whole.labels[0])


def test_the_same_failures_exist() -> None:
    assert set(FAILURES) == set(on_files.FAILURES)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_spoils_as_much_as_on_the_cpu(name: str) -> None:
    """Each draws its own severity: means over many images must agree."""
    rng = np.random.default_rng(2)
    image = rng.integers(40, 200, (24, 32, 3)).astype(np.uint8)
    count = 400
    spoilt = FAILURES[name](torch.from_numpy(image).repeat(count, 1, 1, 1), rng, torch.Generator())
    assert spoilt.dtype == torch.uint8
    expected = np.stack([on_files.FAILURES[name](image, rng) for _ in range(count)]).astype(float)
    received = spoilt.double().numpy()
    assert abs(received.mean() - expected.mean()) < 6
    assert abs(received.std() - expected.std()) < 6


def test_jitter_equals_that_on_the_cpu() -> None:
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (2, 24, 32, 3)).astype(np.uint8)
    jitters = [Jitter(np.array([0.8, 1.1, 0.3]), 1.2, 0.0), Jitter(np.ones(3), 1.0, 0.0)]
    values = torch.tensor([[*j.gain, j.contrast, j.sigma] for j in jitters], dtype=torch.float32)
    received = jitter_images(torch.from_numpy(images), values, torch.Generator()).numpy()
    for image, jitter, got in zip(images, jitters, received, strict=True):
        assert np.abs(got.astype(int) - camera_jitter(image, jitter, rng)).max() <= 1
    assert np.array_equal(received[1], images[1])


def test_noise_has_the_deviation_drawn() -> None:
    grey = torch.full((1, 64, 64, 3), 128, dtype=torch.uint8)
    noisy = jitter_images(grey, torch.tensor([[1.0, 1.0, 1.0, 1.0, 8.0]]), torch.Generator())
    assert noisy.double().std().item() == pytest.approx(8, abs=0.4)


def test_pixels_of_a_class_are_drawn_all_alike() -> None:
    label = torch.zeros(1, 4, 6, dtype=torch.uint8)
    label[0, 1, 2] = label[0, 3, 5] = 7
    generator = torch.Generator().manual_seed(1)
    drawn = [tuple(t.item() for t in pixel_of_class(label, torch.tensor([7]), generator)) for _ in range(200)]
    assert set(drawn) == {(1.0, 2.0), (3.0, 5.0)}
    assert 60 < drawn.count((1.0, 2.0)) < 140
