"""Frames of a split as they are scored: images at the model's size, the ground truth at the published one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..data import DatasetInfo, Frame
from ..data.dataset import resample
from ..data.layouts import list_frames, read_images, read_label
from ..errors import InputError

SIZES = {"DELIVER": (1024, 1024), "MUSES": (1920, 1080)}
"""Size (width, height) at which a data set's published tables are scored. MCubeS is scored at the model's
own, since what a model sees of a frame depends on it."""
CONVENTIONS = {"DELIVER": "cmnext"}
"""Of sets that count a class without pixels otherwise than Cityscapes; see `metrics.Convention`."""


@dataclass(frozen=True)
class ScoredFrame:
    """Images uint8 `[M, H, W, 3]`; class ids uint8 `[h, w]`, 255 ignored, None where none are published."""

    frame: Frame
    images: np.ndarray
    truth: np.ndarray | None


def scored_size(info: DatasetInfo, wanted: tuple[int, int] | None) -> tuple[int, int]:
    """Size (width, height) of truth and masks when they are compared."""
    if wanted is not None and info.layout == "mcubes" and wanted != (info.width, info.height):
        raise InputError(
            f"Expected the model's own size {info.width}x{info.height} for MCubeS, of whose pictures it sees "
            f"a part, but received {wanted[0]}x{wanted[1]}."
        )
    return wanted or SIZES.get(info.source, (info.width, info.height))


def scored_frames(
    info: DatasetInfo, split: str, size: tuple[int, int], every: int = 1
) -> Iterator[ScoredFrame]:
    """All frames of a split, or every n-th; labels and images are read one frame at a time."""
    full = replace(info, width=size[0], height=size[1])
    for frame in list_frames(info, split, labels="optional")[::every]:
        truth = read_label(frame, full) if frame.label.exists() else None
        yield ScoredFrame(frame, read_images(frame, info), truth)


def at_size(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Class ids by nearest pixel, as the program on the robot brings a mask to the size that is scored."""
    return resample(labels, size, "label")
