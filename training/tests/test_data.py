"""Data sets: DELIVER's layout, one sentence for what is wrong with it, sampling and augmentation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mle_sam_train.config import AugmentConfig
from mle_sam_train.data import (
    DatasetInfo,
    FrameCache,
    TrainingSampler,
    list_frames,
    open_cache,
    read_dataset_info,
)
from mle_sam_train.data.augment import crop_corner, flip, zoom
from mle_sam_train.data.degrade import CAMERA_FAILURES, FAILURES, SPARSE_FAILURES, draw_failures
from mle_sam_train.data.layout import read_label
from mle_sam_train.errors import InputError

KINDS = ["rgb", "hha", "counts-recency", "range-intensity-height"]


@pytest.fixture
def copied(data_root: Path, tmp_path: Path) -> Path:
    """A copy of the data set that a test may break."""
    return Path(shutil.copytree(data_root, tmp_path / "sun_val"))


def test_split_and_condition_come_from_path_parts(info: DatasetInfo) -> None:
    frames = list_frames(info, "val")
    assert len(frames) == 4
    assert [frame.condition for frame in frames] == ["night", "night", "sun", "sun"]
    assert all(frame.case == "none" for frame in frames)
    assert frames[0].name == "night/val/MAP_1_point0/000001"
    assert [path.name for path in frames[0].images] == [
        f"000001_{kind}_front.png" for kind in ("rgb", "hha", "event", "lidar")
    ]


def test_case_is_read_from_the_sequence(copied: Path) -> None:
    for kind in ("img", "hha", "event", "lidar", "semantic"):
        (copied / kind / "sun/val/MAP_1_point0").rename(copied / kind / "sun/val/MAP_1_point0_lidarjitter")
    frames = list_frames(read_dataset_info(copied), "val")
    assert [frame.case for frame in frames] == ["none", "none", "lidarjitter", "lidarjitter"]


def test_labels_are_shifted_and_both_ignore_values_ignored(info: DatasetInfo, tmp_path: Path) -> None:
    stored = np.zeros((info.height, info.width, 4), np.uint8)
    stored[0, :5, 0] = [0, 1, 5, 255, 2]
    stored[..., 1:] = 77
    path = tmp_path / "label.png"
    Image.fromarray(stored).save(path)
    assert read_label(path, info)[0, :5].tolist() == [255, 0, 4, 255, 1]


def breaking_missing_folder(root: Path) -> None:
    shutil.rmtree(root / "lidar")


def breaking_missing_file(root: Path) -> None:
    next((root / "event/sun/train").rglob("*.png")).unlink()


def breaking_label_range(root: Path) -> None:
    path = next((root / "semantic/sun/train").rglob("*.png"))
    pixels = np.array(Image.open(path))
    pixels[3, 4] = 200
    Image.fromarray(pixels).save(path)


def breaking_condition(root: Path) -> None:
    (root / "semantic/sun").rename(root / "semantic/hail")


def breaking_layout(root: Path) -> None:
    shutil.rmtree(root / "semantic")


def breaking_size(root: Path) -> None:
    path = next((root / "hha/sun/train").rglob("*.png"))
    Image.new("RGB", (10, 12)).save(path)


def breaking_description(root: Path) -> None:
    (root / "dataset.json").write_text("{")


def breaking_classes(root: Path) -> None:
    description = json.loads((root / "dataset.json").read_text())
    description["classes"][1]["id"] = 9
    (root / "dataset.json").write_text(json.dumps(description))


def breaking_truncated_image(root: Path) -> None:
    path = next((root / "img/night/train").rglob("*.png"))
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("breaking", "sentence"),
    [
        (
            breaking_missing_folder,
            r"Expected the images of modality 'lidar' in .*lidar but the folder is missing",
        ),
        (breaking_missing_file, r"Expected an image at .*_event_front.png but could not read it"),
        (breaking_label_range, r"Expected label values 0..15 or 255 but received 200: .*semantic"),
        (breaking_condition, r"Expected a condition among .* but received 'hail'"),
        (breaking_layout, r"Expected frames like .* but found none"),
        (breaking_size, r"Expected an image of 64x64 pixels but received 10x12: .*hha"),
        (breaking_description, r"Expected a data set description at .*dataset.json but could not read it"),
        (breaking_classes, r"Expected class ids 0..n-1 in order"),
        (breaking_truncated_image, r"Expected an image at .*_rgb_front.png but could not read it"),
    ],
)
def test_a_bad_data_set_is_refused_with_one_sentence(
    copied: Path, tmp_path: Path, breaking, sentence
) -> None:
    breaking(copied)
    with pytest.raises(InputError, match=sentence):
        open_cache(read_dataset_info(copied), "train", tmp_path / "cache")


def test_the_cache_holds_the_files_and_follows_their_changes(copied: Path, tmp_path: Path) -> None:
    info = read_dataset_info(copied)
    first = open_cache(info, "test", tmp_path / "cache")
    path = first.frames[2].images[1]
    assert np.array_equal(first.images[2, 1], np.array(Image.open(path)))
    assert first.histogram.sum() == first.labels.size
    Image.new("RGB", (info.width, info.height), (1, 2, 3)).save(path)
    assert open_cache(info, "test", tmp_path / "cache").images[2, 1, 0, 0].tolist() == [1, 2, 3]


def sampler(cache: FrameCache, stage="experts", **changes) -> TrainingSampler:
    return TrainingSampler(cache, AugmentConfig(**changes), stage, 4, 11, KINDS)


def test_a_batch_is_a_function_of_seed_and_step(train_cache: FrameCache) -> None:
    first, second = sampler(train_cache), sampler(train_cache)
    second.batch_at(0)
    a, b, other = first.batch_at(9), second.batch_at(9), first.batch_at(10)
    assert np.array_equal(a.images, b.images)
    assert np.array_equal(a.present, b.present)
    assert np.array_equal(a.labels, b.labels)
    assert not np.array_equal(a.images, other.images)


def test_an_epoch_visits_every_frame_once(train_cache: FrameCache) -> None:
    plain = {"flip": 0, "zoom_probability": 0, "colour_probability": 0, "rare_probability": 0}
    drawn = sampler(train_cache, "base", **plain)
    seen = np.concatenate([drawn.batch_at(step).images for step in range(3)])[:, 0]
    assert {image.tobytes() for image in seen} == {image.tobytes() for image in train_cache.images[:, 0]}


def test_presence_covers_all_subsets_and_is_never_empty(train_cache: FrameCache) -> None:
    planner = sampler(train_cache).planner
    rng = np.random.default_rng(0)
    masks = [tuple(planner.draw_present(rng)) for _ in range(3000)]
    assert len(set(masks)) == 15
    full = sum(all(mask) for mask in masks) / len(masks)
    assert full == pytest.approx(0.4, abs=0.04)


def test_geometry_moves_images_and_label_alike() -> None:
    rng = np.random.default_rng(4)
    label = rng.integers(0, 5, (32, 48)).astype(np.uint8)
    images = np.repeat(np.repeat(label[None, ..., None], 3, axis=3), 4, axis=0)
    for moved, moved_label in (flip(images, label), zoom(images, label, KINDS, 0.6, (5.3, 9.1))):
        for nearest in moved[1:]:
            assert np.array_equal(nearest[..., 0], moved_label)
        assert set(np.unique(moved_label)) <= set(np.unique(label))
        assert not np.array_equal(moved_label, label)


def test_bilinear_and_nearest_zoom_cut_the_same_crop() -> None:
    ramp = np.tile(np.linspace(0, 250, 96).astype(np.uint8), (64, 1))
    images = np.repeat(np.repeat(ramp[None, ..., None], 3, axis=3), 4, axis=0)
    moved, _ = zoom(images, ramp, KINDS, 0.6, (11.5, 20.7))
    difference = moved[0].astype(int) - moved[1]
    assert np.abs(difference).max() <= 4
    assert abs(difference.mean()) < 1


def test_failures_spare_one_sensor_and_never_befall_absent_ones() -> None:
    rng = np.random.default_rng(5)
    for present in ([True] * 4, [True, False, True, False], [False, True, False, False]):
        for _ in range(50):
            spoilt = [position for position, _ in draw_failures(np.array(present), KINDS, rng)]
            assert len(spoilt) == len(set(spoilt))
            assert all(present[position] for position in spoilt)
            assert len(spoilt) < sum(present)


def test_rare_classes_are_drawn_more_often_and_frames_by_what_they_show(train_cache: FrameCache) -> None:
    shown = (train_cache.histogram.sum(axis=0) > 0).nonzero()[0]
    rarest = shown[train_cache.histogram.sum(axis=0)[shown].argmin()]
    counts = dict.fromkeys(shown.tolist(), 0)
    planner = sampler(train_cache, rare_probability=1, focus_probability=1).planner
    rng = np.random.default_rng(0)
    plans = [planner.draw(position, rng) for position in range(2000)]
    for plan in plans:
        assert train_cache.histogram[plan.frame, plan.focus] >= 20
        counts[plan.focus] += 1
    assert counts[rarest] == max(counts.values())


def test_a_focused_crop_shows_its_class(train_cache: FrameCache) -> None:
    drawn = sampler(train_cache, rare_probability=1, focus_probability=1, flip=1)
    for step in range(20):
        plans, _ = drawn.plans.at(step)
        for plan, label in zip(plans, drawn.batch_at(step).labels, strict=True):
            assert plan.focus is not None
            assert (label == plan.focus).any()


@pytest.mark.parametrize("centre", [0.0, 3.0, 50.0, 99.0])
def test_a_crop_around_a_place_lies_inside_and_shows_it(centre: float) -> None:
    for factor, at in ((0.35, 0.2), (0.5, 0.8), (0.9, 0.5)):
        corner = crop_corner(100, factor, at, centre)
        assert 0 <= corner <= 100 * (1 - factor) + 1e-9
        assert corner <= centre + 0.5 <= corner + 100 * factor


def test_every_failure_befalls_some_sensor() -> None:
    assert set(FAILURES) == {*CAMERA_FAILURES, *SPARSE_FAILURES}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_spoils_an_image(failure) -> None:
    image = np.random.default_rng(6).integers(1, 255, (32, 32, 3)).astype(np.uint8)
    spoilt = FAILURES[failure](image.copy(), np.random.default_rng(7))
    assert spoilt.dtype == np.uint8
    assert spoilt.shape == image.shape
    assert (spoilt != image).mean() > 0.05
