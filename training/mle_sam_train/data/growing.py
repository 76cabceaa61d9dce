"""A training split that is decoded while it is still being rendered, and trained on while it is decoded.

Arrays are made for as many frames as may come; `train.growing` counts those that are whole. One process
follows the renderers (`follow`), others map the same arrays and look again now and then
(`GrowingCache.refresh`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from .cache import FrameCache
from .dataset import DatasetInfo, Frame
from .layouts import list_frames, read_images, read_label

COUNT_FILE = "train.growing"
PARTS = ("images", "labels", "histogram")
AT_ONCE = 96
"""Frames decoded before they are counted."""


class GrowingCache(FrameCache):
    """A `FrameCache` whose arrays have room for more frames than `len` counts; `refresh` counts anew.

    `frames` holds no files: what is known of a frame is its pixels and its labels.
    """

    @staticmethod
    def open(folder: Path) -> GrowingCache:
        """Map the arrays that `follow` fills in `folder`."""
        images, labels, histogram = (np.load(folder / f"growing_{part}.npy", mmap_mode="r") for part in PARTS)
        cache = GrowingCache([], images, labels, histogram)
        object.__setattr__(cache, "_folder", folder)
        cache.refresh()
        return cache

    def refresh(self) -> bool:
        """Take in what has come since; whether anything has."""
        known, count = len(self.frames), _count(self._folder)
        self.frames.extend(Frame(str(i), "unknown", "none", (), Path()) for i in range(known, count))
        return count > known

    @property
    def shown(self) -> FrameCache:
        """The frames counted so far, as a cache that does not grow."""
        count = len(self.frames)
        images, labels, histogram = (array[:count] for array in (self.images, self.labels, self.histogram))
        return FrameCache(self.frames[:count], images, labels, histogram)


def is_growing(folder: Path) -> bool:
    """Whether `follow` fills arrays in this folder."""
    return (folder / COUNT_FILE).exists()


def follow(
    infos: list[DatasetInfo],
    folder: Path,
    capacity: int,
    workers: int,
    goes_on: Callable[[], bool],
    pause: float = 1.0,
) -> int:
    """Decode the training frames of data sets of one rig as they come, until `goes_on` says no.

    Args:
        infos: a data set that has no frame yet is looked at again.
        capacity: frames at most; further ones are left out.

    Returns:
        How many frames were decoded.
    """
    arrays = _make(infos[0], folder, capacity)
    known: set[Path] = set()
    with ThreadPoolExecutor(workers) as pool:
        while goes_on() and len(known) < capacity:
            # In turns from each data set, so that what has come so far is always a mixture.
            first = len(known)
            due = _in_turns([_new_frames(info, known) for info in infos])
            due = due[: min(AT_ONCE, capacity - first)]
            list(pool.map(lambda item: _decode(arrays, *item), enumerate(due, start=first)))
            known.update(frame.label for _, frame in due)
            if due:
                _write_count(folder, len(known), capacity)
            else:
                time.sleep(pause)
    return len(known)


def snapshot(folder: Path, target: Path, frames: int, patience: float = 0.0) -> int:
    """Copy the first frames into plain arrays that change no more: `train_images.npy`, `train_labels.npy`.

    Args:
        frames: at most.
        patience: seconds that the first of them is waited for: `follow` may just have been started.

    Returns:
        How many frames were copied.
    """
    end = time.monotonic() + patience
    while not (is_growing(folder) and _count(folder) > 0):
        if time.monotonic() >= end:
            raise InputError(f"Expected frames decoded by `mle-sam-train follow` in {folder} but found none.")
        time.sleep(0.2)
    cache = GrowingCache.open(folder)
    count = min(frames, len(cache))
    target.mkdir(parents=True, exist_ok=True)
    for part, array in (("images", cache.images), ("labels", cache.labels)):
        temporary = target / f"train_{part}.part.npy"
        np.save(temporary, array[:count])
        temporary.replace(target / f"train_{part}.npy")
    return count


def same_rig(infos: list[DatasetInfo]) -> None:
    """Frames of several data sets are mixed only if sensors, classes and size are the same."""
    for info in infos[1:]:
        if replace(info, root=infos[0].root, source=infos[0].source) != infos[0]:
            raise InputError(f"Expected data sets of one rig but {info.root} differs from {infos[0].root}.")


def _make(info: DatasetInfo, folder: Path, capacity: int) -> dict[str, np.ndarray]:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = (info.height, info.width)
    shapes = {
        "images": ((capacity, len(info.rig.modalities), *pixels, 3), np.uint8),
        "labels": ((capacity, *pixels), np.uint8),
        "histogram": ((capacity, len(info.rig.classes)), np.int64),
    }
    arrays = {
        part: np.lib.format.open_memmap(folder / f"growing_{part}.npy", mode="w+", dtype=dtype, shape=shape)
        for part, (shape, dtype) in shapes.items()
    }
    _write_count(folder, 0, capacity)
    return arrays


def _new_frames(info: DatasetInfo, known: set[Path]) -> list[tuple[DatasetInfo, Frame]]:
    try:
        return [(info, frame) for frame in list_frames(info, "train") if frame.label not in known]
    except InputError:  # none yet
        return []


def _in_turns(lists: list[list[tuple[DatasetInfo, Frame]]]) -> list[tuple[DatasetInfo, Frame]]:
    longest = max(map(len, lists))
    return [items[i] for i in range(longest) for items in lists if i < len(items)]


def _decode(arrays: dict[str, np.ndarray], index: int, item: tuple[DatasetInfo, Frame]) -> None:
    info, frame = item
    label = read_label(frame, info)
    arrays["labels"][index] = label
    arrays["images"][index] = read_images(frame, info)
    counts = np.bincount(label.ravel(), minlength=256)
    arrays["histogram"][index] = counts[: arrays["histogram"].shape[1]]


def _write_count(folder: Path, count: int, capacity: int) -> None:
    temporary = folder / f"{COUNT_FILE}.tmp"
    temporary.write_text(json.dumps({"frames": count, "capacity": capacity}))
    temporary.replace(folder / COUNT_FILE)


def _count(folder: Path) -> int:
    return json.loads((folder / COUNT_FILE).read_text())["frames"]
