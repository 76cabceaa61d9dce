"""Decoded frames in memory-mapped arrays: PNGs are decoded once, then shared through the page cache."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .dataset import DatasetInfo, Frame
from .layouts import list_frames, read_images, read_label

IGNORE = 255
STATISTICS_FRAMES = 200


@dataclass(frozen=True)
class FrameCache:
    """A split: `images` uint8 `[N, M, H, W, 3]`, `labels` uint8 `[N, H, W]`, `histogram` `[N, classes]`."""

    frames: list[Frame]
    images: np.ndarray
    labels: np.ndarray
    histogram: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)


def open_cache(info: DatasetInfo, split: str, folder: Path, workers: int = 2) -> FrameCache:
    """Open the cache of a split, building it first when the file list (names, sizes, times) has changed."""
    frames = list_frames(info, split)
    folder.mkdir(parents=True, exist_ok=True)
    stamp, paths = folder / f"{split}.json", _array_paths(split, folder)
    fingerprint = _fingerprint(frames, info)
    if not (stamp.exists() and json.loads(stamp.read_text()).get("fingerprint") == fingerprint):
        _build(info, frames, paths, workers)
        temporary = stamp.with_suffix(".tmp")
        temporary.write_text(json.dumps({"fingerprint": fingerprint, "frames": len(frames)}))
        temporary.replace(stamp)
    images, labels = (np.load(path, mmap_mode="r") for path in paths)
    return FrameCache(frames, images, labels, _histogram(labels, len(info.rig.classes)))


def is_decoded(split: str, folder: Path) -> bool:
    """Whether there are whole arrays of a split."""
    return all(path.exists() for path in _array_paths(split, folder))


def _array_paths(split: str, folder: Path) -> list[Path]:
    return [folder / f"{split}_{part}.npy" for part in ("images", "labels")]


def open_decoded(info: DatasetInfo, split: str, folder: Path) -> FrameCache:
    """A split as it was last decoded, though more frames may have come since; decoded now where it never was.

    Frames that were decoded while others were still being rendered have no known names: they are numbered.
    """
    if not is_decoded(split, folder):
        return open_cache(info, split, folder)
    paths = _array_paths(split, folder)
    images, labels = (np.load(path, mmap_mode="r") for path in paths)
    wanted = (len(info.rig.modalities), info.height, info.width, 3)
    if images.shape[1:] != wanted or len(images) != len(labels):
        raise InputError(
            f"Expected decoded frames of shape {wanted}, as many as labels, but received {images.shape} and "
            f"{len(labels)} labels: {paths[0]}. Decode the split again."
        )
    frames = [Frame(str(index), "unknown", "unknown", (), Path()) for index in range(len(labels))]
    return FrameCache(frames, images, labels, _histogram(labels, len(info.rig.classes)))


def _build(info: DatasetInfo, frames: list[Frame], paths: list[Path], workers: int) -> None:
    shape = (len(frames), len(info.rig.modalities), info.height, info.width, 3)
    # Written beside and renamed: another run may have the old arrays mapped.
    parts = [path.with_suffix(".part") for path in paths]
    images = np.lib.format.open_memmap(parts[0], mode="w+", dtype=np.uint8, shape=shape)
    labels = np.lib.format.open_memmap(parts[1], mode="w+", dtype=np.uint8, shape=(*shape[:1], *shape[2:4]))

    def decode(index: int) -> None:
        labels[index] = read_label(frames[index], info)
        images[index] = read_images(frames[index], info)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(decode, range(len(frames))))
    images.flush()
    labels.flush()
    for part, path in zip(parts, paths, strict=True):
        part.replace(path)


def _histogram(labels: np.ndarray, classes: int) -> np.ndarray:
    counts = [np.bincount(label.ravel(), minlength=IGNORE + 1)[:classes] for label in labels]
    return np.stack(counts).astype(np.int64)


def _fingerprint(frames: list[Frame], info: DatasetInfo) -> str:
    digest = hashlib.sha256(f"{info.width}x{info.height} {info.rig}".encode())
    for frame in frames:
        for path in (*frame.images, frame.label):
            try:
                status = path.stat()
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
            except FileNotFoundError:
                digest.update(f"{path} missing\n".encode())
    return digest.hexdigest()


def measure_statistics(cache: FrameCache) -> list[dict[str, list[float]]]:
    """Mean and deviation per modality and channel, 0..255, over evenly spread frames; an entry a modality."""
    chosen = np.unique(np.linspace(0, len(cache) - 1, min(len(cache), STATISTICS_FRAMES)).astype(int))
    levels = np.arange(256)
    counts = np.zeros((*cache.images.shape[1:2], 3, 256))
    for index in chosen:
        for modality, image in enumerate(cache.images[index]):
            for channel in range(3):
                counts[modality, channel] += np.bincount(image[..., channel].ravel(), minlength=256)
    share = counts / counts.sum(axis=-1, keepdims=True)
    mean = share @ levels
    std = np.sqrt(np.maximum(share @ levels**2 - mean**2, 0))
    return [{"mean": m.tolist(), "std": s.tolist()} for m, s in zip(mean, std, strict=True)]
