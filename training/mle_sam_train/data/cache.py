"""Decoded frames: in arrays on disk, shared through the page cache; in memory; or kept nowhere."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import InputError
from .dataset import DatasetInfo, Frame
from .layouts import list_frames, read_images, read_label
from .on_demand import OnDemand
from .room import check_disk, check_memory, free_disk, free_memory, gibibytes

IGNORE = 255
STATISTICS_FRAMES = 200


@dataclass(frozen=True)
class FrameCache:
    """A split: `images` uint8 `[N, M, H, W, 3]`, `labels` uint8 `[N, H, W]`, `histogram` `[N, classes]`."""

    frames: list[Frame]
    images: np.ndarray | OnDemand
    labels: np.ndarray | OnDemand
    histogram: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)


CacheKind = Literal["disk", "memory", "none"]


@dataclass(frozen=True)
class CacheChoice:
    """Where decoded frames are kept: in arrays in `folder`, in memory, or nowhere. Without frames the folder
    still holds how many pixels of each class they have."""

    kind: CacheKind
    folder: Path

    @staticmethod
    def of(text: str | None, default: Path) -> CacheChoice:
        """`none`, `memory`, `disk` (in the default folder), or the path of a folder."""
        if text in ("none", "memory"):
            return CacheChoice(text, default)
        return CacheChoice("disk", default if text in (None, "disk") else Path(text))


def decoded_size(info: DatasetInfo, frames: int) -> int:
    """Bytes of so many decoded frames with their labels."""
    return frames * info.width * info.height * (3 * len(info.rig.modalities) + 1)


def describe_cache(info: DatasetInfo, split: str, choice: CacheChoice) -> str:
    """What keeping a split will take, in one line."""
    frames = len(list_frames(info, split))
    size = gibibytes(decoded_size(info, frames))
    if choice.kind == "none":
        return f"{split}: {frames} frames, decoded anew each time ({size} if they were kept)"
    if choice.kind == "memory":
        free = free_memory()
        return f"{split}: {frames} frames, {size} in memory" + (f" of {gibibytes(free)}" if free else "")
    return f"{split}: {frames} frames, {size} in {choice.folder} ({gibibytes(free_disk(choice.folder))} free)"


def open_frames(info: DatasetInfo, split: str, choice: CacheChoice, workers: int = 2) -> FrameCache:
    """A split, kept as chosen. Whatever there is no room for is refused before anything is decoded."""
    if choice.kind == "disk":
        return open_cache(info, split, choice.folder, workers)
    frames = list_frames(info, split)
    shape = (len(frames), len(info.rig.modalities), info.height, info.width, 3)
    if choice.kind == "memory":
        check_memory(decoded_size(info, len(frames)), f"the decoded frames of {split}")
        images, labels = np.empty(shape, np.uint8), np.empty((shape[0], *shape[2:4]), np.uint8)
        _decode_all(info, frames, images, labels, workers)
        return FrameCache(frames, images, labels, _histogram(labels, len(info.rig.classes)))
    unkept = OnDemand((shape[0], *shape[2:4]), lambda index: read_label(frames[index], info))
    histogram = _kept_histogram(info, split, frames, unkept, choice.folder)
    return FrameCache(frames, OnDemand(shape, lambda i: read_images(frames[i], info)), unkept, histogram)


def open_cache(info: DatasetInfo, split: str, folder: Path, workers: int = 2) -> FrameCache:
    """Open the cache of a split, building it first when the file list (names, sizes, times) has changed."""
    frames = list_frames(info, split)
    folder.mkdir(parents=True, exist_ok=True)
    stamp, paths = folder / f"{split}.json", _array_paths(split, folder)
    fingerprint = _fingerprint(frames, info)
    if not _is_stamped(stamp, fingerprint):
        check_disk(folder, decoded_size(info, len(frames)), f"the decoded frames of {split}")
        _build(info, frames, paths, workers)
        _stamp(stamp, fingerprint, len(frames))
    images, labels = (np.load(path, mmap_mode="r") for path in paths)
    return FrameCache(frames, images, labels, _histogram(labels, len(info.rig.classes)))


def _is_stamped(stamp: Path, fingerprint: str) -> bool:
    return stamp.exists() and json.loads(stamp.read_text()).get("fingerprint") == fingerprint


def _stamp(stamp: Path, fingerprint: str, frames: int) -> None:
    temporary = stamp.with_suffix(f".tmp{os.getpid()}")
    temporary.write_text(json.dumps({"fingerprint": fingerprint, "frames": frames}))
    temporary.replace(stamp)


def _kept_histogram(
    info: DatasetInfo, split: str, frames: list[Frame], labels: OnDemand, folder: Path
) -> np.ndarray:
    """Pixels of each class in each frame, counted once: all labels must be read for it."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp, path = folder / f"{split}_histogram.json", folder / f"{split}_histogram.npy"
    fingerprint = _fingerprint(frames, info)
    if not _is_stamped(stamp, fingerprint):
        temporary = path.with_suffix(f".tmp{os.getpid()}.npy")
        np.save(temporary, _histogram(labels, len(info.rig.classes)))
        temporary.replace(path)
        _stamp(stamp, fingerprint, len(frames))
    return np.load(path)


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
    for part in parts:
        _reserve(part)
    _decode_all(info, frames, images, labels, workers)
    images.flush()
    labels.flush()
    for part, path in zip(parts, paths, strict=True):
        part.replace(path)


def _reserve(path: Path) -> None:
    """Take a file's blocks now: a disk that fills up while pages are written ends the process by a signal."""
    try:
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            size = gibibytes(path.stat().st_size)
            path.unlink()
            raise InputError(f"Expected room for {size} in {path.parent} but received: {error}.") from error
        # not every file system can; the check of the free space has passed


def _decode_all(
    info: DatasetInfo, frames: list[Frame], images: np.ndarray, labels: np.ndarray, workers: int
) -> None:
    def decode(index: int) -> None:
        labels[index] = read_label(frames[index], info)
        images[index] = read_images(frames[index], info)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(decode, range(len(frames))))


def _histogram(labels: np.ndarray | OnDemand, classes: int) -> np.ndarray:
    counts = [np.bincount(label.ravel(), minlength=IGNORE + 1)[:classes] for label in labels]
    return np.stack(counts).astype(np.int64)


def content_digest(info: DatasetInfo, frames: list[Frame]) -> str:
    """Of the names and sizes of a split's files, wherever its root lies: the same for a copy of the set."""
    digest = hashlib.sha256(" ".join(info.rig.names).encode())
    for frame in frames:
        sizes = [path.stat().st_size if path.exists() else -1 for path in (*frame.images, frame.label)]
        digest.update(f"{frame.name} {sizes}\n".encode())
    return digest.hexdigest()[:16]


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
