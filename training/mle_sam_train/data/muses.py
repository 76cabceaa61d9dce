"""MUSES: frame camera, event camera and LiDAR by the files and the calibration of its SDK.

Events and points are drawn onto the camera's pixels in the robot's representations. Unlike the SDK, points
behind the camera are dropped (it has no such test, and their mirror images land in the picture), the nearest
of several points in a pixel wins (there: the last), and events that fall outside are left out.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import InputError
from ..model.mle_sam import Rig
from .dataset import DatasetInfo, Frame, open_image, plain_label, resample
from .muses_render import draw_events, draw_points, read_events, read_points
from .published import MUSES_CLASSES, MUSES_MODALITIES

NATIVE_SIZE = (1920, 1080)
PATHS = ("path_to_frame_camera", "path_to_event_camera", "path_to_lidar")


def published_info(root: Path, size: tuple[int, int] | None) -> DatasetInfo:
    """MUSES at `size`, by default at its own 1920 x 1080."""
    for folder in ("frame_camera", "event_camera", "lidar", "gt_semantic"):
        if not (root / folder).is_dir():
            raise InputError(f"Expected MUSES's {folder} in {root} but the folder is missing.")
    width, height = size or NATIVE_SIZE
    return DatasetInfo(
        root, width, height, Rig(MUSES_MODALITIES, MUSES_CLASSES), "muses", NATIVE_SIZE, "MUSES"
    )


def list_frames(
    info: DatasetInfo, split: str, labels: Literal["required", "optional"] = "required"
) -> list[Frame]:
    """Frames of a split by `meta.json`, sorted by key; the condition is weather and time, `fog-night`."""
    meta = _read_json(info.root / "meta.json")
    frames = []
    for key, entry in sorted(meta.items()):
        missing = [field for field in ("split", "weather", "time_of_day", *PATHS) if field not in entry]
        if missing:
            raise InputError(
                f"Expected {missing[0]!r} of {key} in {info.root / 'meta.json'} but it is missing."
            )
        if entry["split"] != split:
            continue
        condition = f"{entry['weather']}-{entry['time_of_day']}"
        label = Path(
            "gt_semantic", split, entry["weather"], entry["time_of_day"], f"{key}_gt_labelTrainIds.png"
        )
        images = tuple(info.root / entry[path] for path in PATHS)
        frames.append(Frame(f"{condition}/{split}/{key}", condition, "none", images, info.root / label))
    if not frames:
        raise InputError(f"Expected frames of split {split!r} in {info.root / 'meta.json'} but found none.")
    if labels == "required" and not frames[0].label.exists():
        raise InputError(
            f"Expected labels at {frames[0].label} but found none; MUSES publishes those of train and val."
        )
    return frames


def read_images(frame: Frame, info: DatasetInfo) -> np.ndarray:
    """uint8 `[3, H, W, 3]`: camera, events, LiDAR."""
    camera, events, points = frame.images
    calibration = _calibration(info.root)
    size = (info.width, info.height)
    matrix = scaled_intrinsics(calibration["rgb"], size)
    event_kind, lidar_kind = (modality["representation"] for modality in info.rig.modalities[1:])
    with open_image(camera) as image:
        pixels = np.asarray(image.convert("RGB"))
    _check_size(pixels, camera)
    homography = matrix @ calibration["event2rgb"][:3, :3] @ np.linalg.inv(calibration["event"])
    return np.stack(
        [
            resample(pixels, size, "rgb"),
            draw_events(read_events(events, event_kind["windowMs"]), homography, size, event_kind),
            draw_points(read_points(points), matrix, calibration["lidar2rgb"], size, lidar_kind),
        ]
    )


def read_label(path: Path, info: DatasetInfo) -> np.ndarray:
    """uint8 Cityscapes training ids `[H, W]`, 255 = ignored."""
    with open_image(path) as image:
        stored = np.asarray(image)
    _check_size(stored, path)
    return resample(plain_label(stored, path, len(info.rig.classes)), (info.width, info.height), "label")


def scaled_intrinsics(matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The camera matrix of 1920 x 1080 for another size: rows scaled, as the SDK's `rescale_K`."""
    return matrix * np.array([[size[0] / NATIVE_SIZE[0]], [size[1] / NATIVE_SIZE[1]], [1.0]])


@lru_cache(maxsize=4)
def _calibration(root: Path) -> dict[str, np.ndarray]:
    """`rgb` and `event` 3 x 3 intrinsics, `lidar2rgb` and `event2rgb` 4 x 4."""
    path = root / "calib.json"
    raw = _read_json(path)
    matrices = {}
    try:
        for name in ("rgb", "event"):
            matrices[name] = np.array(raw["intrinsics"][name]["K"], np.float64).reshape(3, 3)
        for name in ("lidar2rgb", "event2rgb"):
            matrices[name] = np.array(raw["extrinsics"][name], np.float64).reshape(4, 4)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"Expected intrinsics and extrinsics of MUSES in {path} but {error!r} failed."
        ) from error
    return matrices


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"Expected MUSES's {path.name} at {path} but could not read it: {error}.") from error


def _check_size(pixels: np.ndarray, path: Path) -> None:
    if pixels.shape[1::-1] != NATIVE_SIZE:
        height, width = pixels.shape[:2]
        raise InputError(f"Expected 1920x1080 pixels but received {width}x{height}: {path}.")
