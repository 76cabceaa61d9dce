"""DELIVER, MUSES and MCubeS on generated trees of their exact layout."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("h5py")
from published_trees import write_deliver, write_mcubes, write_muses

from mle_sam_train.data import list_frames, measure_statistics, open_cache, read_dataset_info
from mle_sam_train.data.layouts import read_images, read_label
from mle_sam_train.errors import InputError

TREES: dict[str, Callable[[Path], Path]] = {
    "deliver": write_deliver,
    "muses": write_muses,
    "mcubes": write_mcubes,
}


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    # A root whose own name holds conditions, splits and `/img`, which substring loaders trip over.
    top = tmp_path_factory.mktemp("night_train") / "img_rain"
    return {name: write(top / name) for name, write in TREES.items()}


@pytest.mark.parametrize(
    ("name", "size", "classes", "modalities"),
    [
        ("deliver", (1042, 1042), 25, ["camera", "depth", "events", "lidar"]),
        ("muses", (1920, 1080), 19, ["camera", "events", "lidar"]),
        ("mcubes", (1024, 1024), 20, ["camera", "aolp", "dolp", "nir"]),
    ],
)
def test_a_published_data_set_is_recognised(roots, name, size, classes, modalities) -> None:
    info = read_dataset_info(roots[name])
    assert (info.layout, (info.width, info.height)) == (name, size)
    assert len(info.rig.classes) == classes
    assert info.rig.names == modalities
    assert (
        info.rig.classes[-1]["color"]
        == {"deliver": [0, 0, 70], "muses": [119, 11, 32], "mcubes": [99, 121, 57]}[name]
    )
    cache = open_cache(
        read_dataset_info(roots[name], (64, 32)), "train", roots[name].parent / f"cache-{name}"
    )
    assert cache.images.shape == (2 if name == "deliver" else 1, len(modalities), 32, 64, 3)
    assert cache.histogram.sum() > 0


def test_deliver_conditions_cases_and_files(roots) -> None:
    frames = list_frames(read_dataset_info(roots["deliver"]), "val")
    assert [(f.condition, f.case) for f in frames] == [("night", "eventlowres"), ("sun", "none")]
    assert [f"{p.relative_to(roots['deliver']).parts[0]}/{p.name}" for p in frames[1].images] == [
        "img/001200_rgb_front.png",
        "hha/001200_depth_front.png",
        "event/001200_event_front.png",
        "lidar/001200_lidar_front.png",
    ]


def test_deliver_pixels_and_labels(roots) -> None:
    info = read_dataset_info(roots["deliver"])
    low, plain = list_frames(info, "test")
    images = read_images(plain, info)
    assert images.shape == (4, 1042, 1042, 3)
    assert images[:, 500, 500].tolist() == [[10, 20, 30], [40, 50, 60], [255, 0, 7], [90, 90, 90]]
    assert np.array_equal(read_images(low, info)[2], images[2])
    label = read_label(plain, info)
    assert label[0, 0] == label[7, 0] == 255
    assert label[0, 6] == 0
    assert label[1041, 6] == 24
    half = read_dataset_info(roots["deliver"], (521, 521))
    assert set(np.unique(read_label(plain, half))) <= set(range(25)) | {255}
    assert read_images(plain, half).shape == (4, 521, 521, 3)


def test_muses_points_land_where_geometry_says(roots) -> None:
    info = read_dataset_info(roots["muses"])
    (frame,) = list_frames(info, "val")
    assert frame.condition == "fog-night"
    camera, _, lidar = read_images(frame, info)
    assert camera[3, 3].tolist() == [5, 6, 7]

    def expected(x: float, y: float, z: float, intensity: int) -> list[int]:
        distance = math.sqrt(x * x + y * y + z * z)
        return [round(255 * (1 - math.log(distance) / math.log(80))), intensity, round(1 + 254 * (z + 3) / 9)]

    # u = 960 - 1000 y / x, v = 540 - 1000 z / x, and one pixel of dilation around it
    assert lidar[540, 960].tolist() == expected(10, 0, 0, 50)
    assert lidar[290, 460].tolist() == lidar[291, 461].tolist() == expected(10, 5, 2.5, 200)
    assert int((lidar[..., 2] > 0).sum()) == 2 * 9  # nothing from behind, nothing of the vehicle


def test_muses_events_follow_the_homography(roots) -> None:
    info = read_dataset_info(roots["muses"])
    events = read_images(list_frames(info, "train")[0], info)[1]
    # K_rgb K_event^-1: u = 960 + 2 (x - 320), v = 540 + 2 (y - 240)
    assert events[160, 520].tolist() == [128, 255, 0]
    assert events[460, 920].tolist() == [0, 128, 64]  # half the window old
    assert int((events > 0).any(axis=2).sum()) == 3  # the one of 31 ms ago is gone
    small = read_dataset_info(roots["muses"], (960, 540))
    assert read_images(list_frames(small, "train")[0], small)[1][80, 260].tolist() == [128, 255, 0]


def test_muses_labels_are_training_ids(roots) -> None:
    info = read_dataset_info(roots["muses"], (96, 54))
    label = read_label(list_frames(info, "val")[0], info)
    assert label.shape == (54, 96)
    assert label[0, 0] == 255
    assert label[-1, 0] == 18


@pytest.mark.parametrize("split", ["train", "val"])
def test_mcubes_channels_and_crop(roots, split) -> None:
    """With 16 bit (train) and with 8 (val) the same."""
    info = read_dataset_info(roots["mcubes"])
    (frame,) = list_frames(info, split)
    camera, angle, degree, infrared = read_images(frame, info)
    # 192 columns off the left, then 4 off both sides of 1032
    assert camera[500, 0].tolist() == [200, 196 // 5, 30]
    assert infrared[500, 1023].tolist() == [1219 // 5] * 3
    assert angle[9, 9].tolist() == [0, 191, 0]
    assert degree[9, 9].tolist() == [51] * 3
    label = read_label(frame, info)
    assert label[0, 0] == 255
    assert (label[20, 0], label[20, 1023]) == (196 // 60, 19)


def test_statistics_are_those_of_the_pixels(roots) -> None:
    info = read_dataset_info(roots["mcubes"], (64, 64))
    cache = open_cache(info, "val", roots["mcubes"].parent / "statistics")
    for measured, images in zip(measure_statistics(cache), np.moveaxis(cache.images, 1, 0), strict=True):
        np.testing.assert_allclose(measured["mean"], images.mean(axis=(0, 1, 2)))
        np.testing.assert_allclose(measured["std"], images.std(axis=(0, 1, 2)), atol=1e-6)


def relabel(path: Path, value: int) -> None:
    pixels = np.array(Image.open(path))
    pixels[50, 50] = value
    Image.fromarray(pixels).save(path)


def shrink(path: Path) -> None:
    Image.open(path).resize((100, 100)).save(path)


def without_key(root: Path) -> None:
    path = root / "meta.json"
    meta = json.loads(path.read_text())
    del meta["REC0001_frame_000010"]["path_to_lidar"]
    path.write_text(json.dumps(meta))


BREAKS = [
    (
        "deliver",
        lambda r: shutil.rmtree(r / "hha"),
        r"Expected the images of modality 'depth' in .*hha but the folder",
    ),
    (
        "deliver",
        lambda r: relabel(next(r.glob("semantic/sun/train/*/*")), 99),
        r"label values 0\.\.25 or 255 but received 99",
    ),
    (
        "deliver",
        lambda r: shrink(next(r.glob("img/sun/train/*/*"))),
        r"1042x1042 pixels but received 100x100: .*rgb",
    ),
    (
        "deliver",
        lambda r: shutil.rmtree(r / "semantic"),
        r"Expected a data set description at .* but found none of them",
    ),
    (
        "muses",
        lambda r: shutil.rmtree(r / "event_camera"),
        r"Expected MUSES's event_camera in .* but the folder",
    ),
    (
        "muses",
        lambda r: (r / "calib.json").write_text("{}"),
        r"Expected intrinsics and extrinsics of MUSES in .*calib.json",
    ),
    (
        "muses",
        lambda r: (r / "meta.json").write_text("{"),
        r"Expected MUSES's meta.json at .* but could not read it",
    ),
    (
        "muses",
        without_key,
        r"Expected 'path_to_lidar' of REC0001_frame_000010 in .*meta.json but it is missing",
    ),
    (
        "muses",
        lambda r: next(r.glob("lidar/train/*/*/*")).write_bytes(b"1234567"),
        r"multiple of 48 bytes but received 7",
    ),
    (
        "muses",
        lambda r: next(r.glob("event_camera/train/*/*/*")).write_bytes(b"no"),
        r"Expected events/x, y, t, p at .*h5",
    ),
    (
        "muses",
        lambda r: shutil.rmtree(r / "gt_semantic/train"),
        r"Expected labels at .*gt_labelTrainIds.png but found none",
    ),
    (
        "muses",
        lambda r: relabel(next(r.glob("gt_semantic/train/*/*/*")), 19),
        r"label values 0\.\.18 or 255 but received 19",
    ),
    (
        "mcubes",
        lambda r: shutil.rmtree(r / "polL_dolp"),
        r"Expected MCubeS's polL_dolp in .* but the folder is missing",
    ),
    ("mcubes", lambda r: (r / "list_folder/train.txt").unlink(), r"Expected a list of frames at .*train.txt"),
    (
        "mcubes",
        lambda r: relabel(next(r.glob("GT/*0.png")), 20),
        r"label values 0\.\.19 or 255 but received 20",
    ),
    (
        "mcubes",
        lambda r: np.save(next(r.glob("polL_dolp/*0.npy")), np.zeros((3, 4))),
        r"1224x1024 pixels but received 4x3",
    ),
    (
        "mcubes",
        lambda r: next(r.glob("polL_dolp/*0.npy")).write_bytes(b"x"),
        r"Expected an array at .*npy but could not",
    ),
]


@pytest.mark.parametrize(("name", "damage", "sentence"), BREAKS)
def test_a_broken_tree_is_refused_with_one_sentence(roots, tmp_path, name, damage, sentence) -> None:
    root = Path(shutil.copytree(roots[name], tmp_path / name))
    damage(root)
    with pytest.raises(InputError, match=sentence) as caught:
        open_cache(read_dataset_info(root, (64, 64)), "train", tmp_path / "cache")
    assert "\n" not in str(caught.value)
