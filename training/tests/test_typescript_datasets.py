"""The Python loaders are the oracle of the TypeScript readers: same files, same arrays, pixel for pixel."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("h5py")
import h5py
from published_trees import save, save_colour_16, write_deliver, write_mcubes, write_muses

from mle_sam_train.data import list_frames, read_dataset_info
from mle_sam_train.data.layouts import read_images, read_label

ROOT = Path(__file__).parents[2]
READER = Path(__file__).parent / "read_dataset.mjs"
BUILT = ROOT / "dist" / "src" / "datasets" / "index.js"
RNG = np.random.default_rng(20)


def noise(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def fill_deliver(root: Path) -> None:
    """Noise in every picture; labels in channel 0 of 4, noise and transparent pixels in the others."""
    for path in sorted(root.glob("*/*/val/*/*.png")):
        with Image.open(path) as image:
            width, height = image.size
            grey = image.mode == "L"
        if path.parts[-5] == "semantic":
            pixels = noise(height, width, 4)
            pixels[..., 0] = RNG.choice([*range(26), 255], (height, width))
        else:
            pixels = noise(height, width) if grey else noise(height, width, 3)
        save(path, pixels)


def fill_muses(root: Path) -> None:
    """A camera beside the other sensors, points in all directions, and a second of events at random."""
    calibration = json.loads((root / "calib.json").read_text())
    turn, _ = np.linalg.qr(np.eye(3) + 0.02 * RNG.standard_normal((3, 3)))
    turn *= np.sign(np.diag(turn))
    event = np.eye(4)
    event[:3, :3] = turn
    event[:3, 3] = 0.1
    lidar = np.array(calibration["extrinsics"]["lidar2rgb"], float)
    lidar[:3, 3] = 0.05, -0.3, -0.2
    calibration["extrinsics"] |= {"event2rgb": event.tolist(), "lidar2rgb": lidar.tolist()}
    calibration["intrinsics"]["rgb"]["K"] = [[1461.3, 0, 951.7], [0, 1459.8, 546.2], [0, 0, 1]]
    calibration["intrinsics"]["event"]["K"] = [[1033.9, 0, 633.1], [0, 1032.2, 371.4], [0, 0, 1]]
    (root / "calib.json").write_text(json.dumps(calibration))
    for path in sorted(root.glob("frame_camera/val/*/*/*.png")):
        save(path, noise(1080, 1920, 3))
    for path in sorted(root.glob("gt_semantic/val/*/*/*.png")):
        save(path, RNG.choice(np.uint8([*range(19), 255]), (1080, 1920)))
    for path in sorted(root.glob("lidar/val/*/*/*.bin")):
        points = RNG.normal(0, (25, 15, 3, 0, 0, 0), (60_000, 6))
        points[:, 3] = RNG.uniform(0, 255, len(points)).round()
        points[-1000:] = points[:1000]  # the same places again, later in the file, a little farther
        points[-1000:, :3] *= 1.001
        points.astype(np.float64).tofile(path)
    for path in sorted(root.glob("event_camera/val/*/*/*.h5")):
        count = 400_000
        with h5py.File(path, "w") as file:
            file["events/x"] = RNG.integers(0, 1280, count).astype(np.uint16)
            file["events/y"] = RNG.integers(0, 720, count).astype(np.uint16)
            file["events/p"] = RNG.integers(0, 2, count).astype(np.uint8)
            times = 1_000_000 + RNG.integers(0, 60_000, count)
            times[:3000] = times.max() - 30_000  # the window's first instant belongs to it
            times[3000:6000] = times.max() - 30_001
            # Hundreds of events of one pixel: bytes that wrap would start again at 0.
            file["events/t"] = times.astype(np.int64)
            file["events/x"][-3000:] = 640
            file["events/y"][-3000:] = 360


def fill_mcubes(root: Path) -> None:
    """16 bit in val as well; arrays of single and double precision that reach beyond their range."""
    name = (root / "list_folder" / "val.txt").read_text().strip()
    save_colour_16(
        root / "polL_color" / f"{name}.png", RNG.integers(0, 65536, (1024, 1224, 3)).astype(np.uint16)
    )
    save(root / "NIR_warped" / f"{name}.png", RNG.integers(0, 65536, (1024, 1224)).astype(np.uint16))
    for folder, kind in (("polL_aolp_sin", "f4"), ("polL_aolp_cos", "f8"), ("polL_dolp", "f4")):
        values = RNG.uniform(-1.02, 1.02, (1024, 1224)).astype(kind)
        np.save(root / folder / f"{name}.npy", values if "aolp" in folder else np.abs(values))
    save(root / "GT" / f"{name}.png", RNG.choice(np.uint8([*range(20), 255]), (1024, 1224)))


WRITERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], None]]] = {
    "deliver": (write_deliver, fill_deliver),
    "muses": (write_muses, fill_muses),
    "mcubes": (write_mcubes, fill_mcubes),
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    # Conditions, splits and `/img` in the root's own name: substring loaders find them there.
    top = tmp_path_factory.mktemp("night_train_rain") / "img"
    made = {}
    for name, (write, fill) in WRITERS.items():
        made[name] = write(top / name)
        fill(made[name])
    return made


def read_with_typescript(root: Path, kind: str, info, tmp_path: Path) -> tuple[np.ndarray, np.ndarray, list]:
    node = shutil.which("node")
    if node is None or not BUILT.exists():
        pytest.skip("mle-sam is not built: run `npm run build`")
    bundle = {
        "name": "test",
        "input": {"width": info.width, "height": info.height},
        "modalities": [
            {"name": m["name"], "representation": m["representation"]} for m in info.rig.modalities
        ],
        "classes": list(info.rig.classes),
    }
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    out = tmp_path / "read"
    subprocess.run(
        [node, str(READER), str(root), kind, "val", str(tmp_path / "bundle.json"), str(out)], check=True
    )
    frames = json.loads(out.with_suffix(".json").read_text())
    images = np.fromfile(out.with_suffix(".images"), np.uint8)
    labels = np.fromfile(out.with_suffix(".labels"), np.uint8)
    shape = (len(frames), len(info.rig.modalities), info.height, info.width, 3)
    return images.reshape(shape), labels.reshape(len(frames), info.height, info.width), frames


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("deliver", None),
        ("deliver", (1024, 1024)),
        ("deliver", (320, 192)),
        ("muses", None),
        ("muses", (960, 540)),
        ("muses", (512, 512)),
        ("mcubes", None),
        ("mcubes", (512, 512)),
        ("mcubes", (640, 384)),
    ],
)
def test_both_readers_give_the_same_arrays(roots, tmp_path, name, size) -> None:
    info = read_dataset_info(roots[name], size)
    frames = list_frames(info, "val")
    images, labels, received = read_with_typescript(roots[name], name, info, tmp_path)
    assert [(f["name"], f["condition"], f["case"]) for f in received] == [
        (f.name, f.condition, f.case) for f in frames
    ]
    for index, frame in enumerate(frames):
        expected = read_images(frame, info)
        for position, modality in enumerate(info.rig.names):
            differs = np.argwhere(images[index, position] != expected[position])
            assert len(differs) == 0, f"{modality} of {frame.name}: {len(differs)} values, first {differs[0]}"
            assert len(np.unique(expected[position])) > 2
        assert np.array_equal(labels[index], read_label(frame, info))
