"""Small trees in the exact layouts of the published data sets, with contents that can be checked by hand."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

FORWARD = [[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
"""LiDAR (x front, y left, z up) to camera (x right, y down, z front), both in one place."""
POINTS = [
    # x, y, z, intensity, ring, seconds
    (10.0, 0.0, 0.0, 50.0, 0, 0.0),  # the principal point
    (20.0, 0.0, 0.0, 90.0, 0, 0.0),  # hidden behind the first
    (10.0, 5.0, 2.5, 200.0, 1, 0.0),  # left by 500 and up by 250 pixels
    (-10.0, -3.0, -1.0, 255.0, 2, 0.0),  # behind the camera
    (0.5, 0.1, 0.1, 255.0, 3, 0.0),  # the vehicle's own
]
EVENTS = {
    "x": [100, 100, 300, 639, 5],
    "y": [50, 50, 200, 10, 5],
    "p": [1, 1, 0, 1, 1],
    "t": [0, 0, -15000, 0, -31000],
}
LAST_EVENT = 2_000_000


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, compress_level=1)


def write_deliver(root: Path) -> Path:
    """One frame of `sun`, one of `night` with the case eventlowres, in every split."""
    rng = np.random.default_rng(3)
    for split in ("train", "val", "test"):
        for condition, sequence, events in (
            ("sun", "MAP_1_point2", 1042),
            ("night", "MAP_7_point3_eventlowres", 512),
        ):
            label = np.zeros((1042, 1042, 4), np.uint8)
            label[..., 0] = 1 + np.arange(1042)[:, None] // 42
            label[:5, :5, 0] = 0
            label[5:9, :5, 0] = 255
            label[..., 1:] = rng.integers(0, 255, 3)
            label[..., 3] = 255
            flat = np.zeros((1042, 1042, 3), np.uint8)
            images = {
                ("img", "rgb"): flat + np.uint8([10, 20, 30]),
                ("hha", "depth"): flat + np.uint8([40, 50, 60]),
                ("depth", "depth"): flat,
                ("event", "event"): np.zeros((events, events, 3), np.uint8) + np.uint8([255, 0, 7]),
                ("lidar", "lidar"): flat[..., 0] + np.uint8(90),
                ("semantic", "semantic"): label,
            }
            for (folder, kind), pixels in images.items():
                save(root / folder / condition / split / sequence / f"001200_{kind}_front.png", pixels)
    return root


def write_muses(root: Path) -> Path:
    """One frame of train and one of val (fog-night), with the SDK's file names and calibration keys."""
    intrinsics = [[1000.0, 0, 960.0], [0, 1000.0, 540.0], [0, 0, 1]]
    events = [[500.0, 0, 320.0], [0, 500.0, 240.0], [0, 0, 1]]
    identity = np.eye(4).tolist()
    calibration = {
        "intrinsics": {"rgb": {"K": intrinsics}, "event": {"K": events}},
        "extrinsics": {"lidar2rgb": FORWARD, "event2rgb": identity, "radar2rgb": identity},
    }
    root.mkdir(parents=True, exist_ok=True)
    (root / "calib.json").write_text(json.dumps(calibration))
    meta = {}
    for split, key in (("train", "REC0001_frame_000010"), ("val", "REC0066_frame_497570")):
        where = f"{split}/fog/night/{key}"
        paths = {
            "path_to_frame_camera": f"frame_camera/{where}_frame_camera.png",
            "path_to_event_camera": f"event_camera/{where}_event_camera.h5",
            "path_to_lidar": f"lidar/{where}_lidar.bin",
        }
        meta[key] = {"split": split, "weather": "fog", "time_of_day": "night", **paths}
        save(root / paths["path_to_frame_camera"], np.full((1080, 1920, 3), (5, 6, 7), np.uint8))
        label = np.full((1080, 1920), 255, np.uint8)
        label[540:] = 18
        save(root / f"gt_semantic/{where}_gt_labelTrainIds.png", label)
        for name in ("path_to_lidar", "path_to_event_camera"):
            (root / paths[name]).parent.mkdir(parents=True, exist_ok=True)
        (root / paths["path_to_lidar"]).write_bytes(np.array(POINTS, np.float64).tobytes())
        with h5py.File(root / paths["path_to_event_camera"], "w") as file:
            for name in "xyp":
                file[f"events/{name}"] = np.array(EVENTS[name], np.uint16)
            file["events/t"] = np.array(EVENTS["t"], np.int64) + LAST_EVENT
    (root / "meta.json").write_text(json.dumps(meta))
    return root


def write_mcubes(root: Path) -> Path:
    """One frame a split, colour with 16 bit in train and 8 bit in val and test."""
    (root / "list_folder").mkdir(parents=True)
    for index, split in enumerate(("train", "val", "test")):
        name = f"outscene1208_2_000000015{index}"
        (root / f"list_folder/{split}.txt").write_text(f"{name}\n")
        columns = np.arange(1224)
        colour = np.zeros((1024, 1224, 3), np.uint8)
        colour[..., 0], colour[..., 1], colour[..., 2] = 200, columns // 5, 30
        infrared = np.tile((columns // 5).astype(np.uint8), (1024, 1))
        if split == "train":
            save_colour_16(root / f"polL_color/{name}.png", colour.astype(np.uint16) * 257)
            save(root / f"NIR_warped/{name}.png", infrared.astype(np.uint16) * 257)
        else:
            save(root / f"polL_color/{name}.png", colour)
            save(root / f"NIR_warped/{name}.png", infrared)
        for folder, value in (("polL_aolp_sin", -1.0), ("polL_aolp_cos", 0.5), ("polL_dolp", 0.2)):
            (root / folder).mkdir(exist_ok=True)
            np.save(root / folder / f"{name}.npy", np.full((1024, 1224), value))
        label = np.tile(np.minimum(columns // 60, 19).astype(np.uint8), (1024, 1))
        label[:10] = 255
        save(root / f"GT/{name}.png", label)
    return root


def save_colour_16(path: Path, pixels: np.ndarray) -> None:
    """A PNG of three channels of 16 bit, which Pillow does not write."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    raw = np.concatenate((np.zeros((height, 1), np.uint8), rows), axis=1).tobytes()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
