"""MUSES's events and LiDAR points as images, in the representations of the robot."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError

POINT_BYTES = 6 * 8
NEAREST_METRES = 1.0
"""Points nearer than this are the vehicle's own (SDK)."""


class Events(NamedTuple):
    """The events of a window that ends with the last one; `age` in microseconds before its end."""

    x: np.ndarray
    y: np.ndarray
    positive: np.ndarray
    age: np.ndarray


def read_points(path: Path) -> np.ndarray:
    """float64 `[N, 6]`: x (front), y, z (up) in metres, intensity, ring, seconds."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Expected LiDAR points at {path} but could not read them: {error}.") from error
    if len(content) % POINT_BYTES:
        raise InputError(f"Expected a multiple of {POINT_BYTES} bytes but received {len(content)}: {path}.")
    return np.frombuffer(content, np.float64).reshape(-1, 6)


def draw_points(
    points: np.ndarray,
    intrinsics: np.ndarray,
    lidar_to_camera: np.ndarray,
    size: tuple[int, int],
    representation: dict[str, Any],
) -> np.ndarray:
    """uint8 `[H, W, 3]`: log range, intensity, height in the LiDAR's frame (>= 1 where a point is)."""
    width, height = size
    distance = np.linalg.norm(points[:, :3], axis=1)
    points, distance = points[distance >= NEAREST_METRES], distance[distance >= NEAREST_METRES]
    inside = points[:, :3] @ lidar_to_camera[:3, :3].T + lidar_to_camera[:3, 3]
    ahead = inside[:, 2] > 0
    points, distance, inside = points[ahead], distance[ahead], inside[ahead]
    pixels = inside @ intrinsics.T
    column, row = (np.floor(pixels[:, axis] / pixels[:, 2]).astype(np.int64) for axis in (0, 1))
    near, far = representation["rangeMetres"]
    low, high = representation["heightMetres"]
    levels = np.stack(
        (
            255 * (1 - np.log(distance / near) / np.log(far / near)),
            points[:, 3],
            np.maximum(1, 1 + 254 * (points[:, 2] - low) / (high - low)),
        ),
        axis=1,
    )
    levels = np.clip(_rounded(levels), 0, 255).astype(np.uint8)
    image = np.zeros((height, width, 3), np.uint8)
    nearest = np.full((height, width), np.inf)
    reach = range(-representation["dilation"], representation["dilation"] + 1)
    visible = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    order = np.flatnonzero(visible)[np.argsort(-inside[visible, 2], kind="stable")]  # nearest is written last
    for down in reach:
        for right in reach:
            v, u = row[order] + down, column[order] + right
            kept = (v >= 0) & (v < height) & (u >= 0) & (u < width)
            v, u, source = v[kept], u[kept], order[kept]
            fresh = np.full((height, width), -1, np.int64)
            fresh[v, u] = source
            taken = fresh >= 0
            closer = np.zeros_like(taken)
            closer[taken] = inside[fresh[taken], 2] < nearest[taken]
            nearest[closer] = inside[fresh[closer], 2]
            image[closer] = levels[fresh[closer]]
    return image


def read_events(path: Path, window_ms: float) -> Events:
    """The last `window_ms` of a file: `events/{x,y,t,p}`, t in microseconds."""
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            "Expected h5py for MUSES's events but it is not installed; run `pip install h5py`."
        ) from error
    with contextlib.suppress(ImportError):  # files without its compression can be read all the same
        import hdf5plugin  # noqa: F401 (registers what the published files are compressed with)
    try:
        with h5py.File(path, "r") as file:
            x, y, t, p = (np.asarray(file["events"][name]) for name in "xytp")
    except (OSError, KeyError) as error:
        raise InputError(
            f"Expected events/x, y, t, p at {path} but could not read them ({error}); "
            "files as published need `pip install hdf5plugin`."
        ) from error
    if len(t) == 0:
        return Events(*(np.empty(0, np.int64) for _ in range(4)))
    age = t.max() - t.astype(np.int64)
    kept = age <= window_ms * 1000
    return Events(x[kept].astype(np.int64), y[kept].astype(np.int64), p[kept] == 1, age[kept])


def draw_events(
    events: Events, homography: np.ndarray, size: tuple[int, int], representation: dict[str, Any]
) -> np.ndarray:
    """uint8 `[H, W, 3]`: counts of positive and negative events in red and blue, freshness in green."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    moved = np.stack((events.x, events.y, np.ones_like(events.x)), axis=1) @ homography.T
    column, row = (np.rint(moved[:, axis] / moved[:, 2]).astype(np.int64) for axis in (0, 1))
    kept = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    cell = row[kept] * width + column[kept]
    positive = events.positive[kept].astype(bool)
    for channel, chosen in ((0, positive), (2, ~positive)):
        count = np.bincount(cell[chosen], minlength=width * height).reshape(height, width)
        image[..., channel] = np.minimum(255, count * representation["countScale"])
    # In the robot's own units and steps, so that no level differs where a value lies between two.
    window = 1e6 * representation["windowMs"]
    since_start = np.zeros(width * height, np.float32)
    np.maximum.at(since_start, cell, (window - 1000 * events.age[kept]).astype(np.float32))
    image[..., 1] = _rounded(since_start.astype(np.float64) * (255 / window)).reshape(height, width)
    return image


def _rounded(values: np.ndarray) -> np.ndarray:
    """Halves go up, as on the robot; NumPy's own rounding takes them to the even neighbour."""
    return np.floor(values + 0.5)
