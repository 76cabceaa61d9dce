"""What all data sets have in common: what they are, what a frame is, and how its files are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..errors import InputError
from ..model.mle_sam import Rig

LayoutName = Literal["deliver", "muses", "mcubes"]
SMOOTH = ("rgb", "hha", "hha-published", "aolp", "dolp", "nir")
"""Kinds that are dense and may be interpolated. Others know nothing between their points."""


@dataclass(frozen=True)
class DatasetInfo:
    """A data set as it is handed on: size of all images and labels, modalities and classes.

    `native` is the size on disk where that differs, `source` says where the images come from.
    """

    root: Path
    width: int
    height: int
    rig: Rig
    layout: LayoutName = "deliver"
    native: tuple[int, int] | None = None
    source: str = "unknown"
    whole: DatasetInfo | None = None
    """The set with all its modalities, where only some are taken and its files are not read one by one."""


def select_modalities(info: DatasetInfo, names: tuple[str, ...]) -> DatasetInfo:
    """The set as if it had these modalities alone, in their order: rows such as R-D of a published table."""
    known = {modality["name"]: modality for modality in info.rig.modalities}
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) != len(names):
        raise InputError(
            f"Expected modalities among {list(known)}, each once, but received {list(names)}: {info.root}."
        )
    if names == tuple(known):
        return info
    rig = Rig(tuple(known[name] for name in names), info.rig.classes)
    # DELIVER's files are found by the rig.
    return replace(info, rig=rig, whole=None if info.layout == "deliver" else info)


@dataclass(frozen=True)
class Frame:
    """One frame: its condition, its failure case (`none` for most) and its files in modality order."""

    name: str
    condition: str
    case: str
    images: tuple[Path, ...]
    label: Path


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Pillow's image, fully decoded."""
    try:
        with Image.open(path) as image:
            image.load()
            yield image
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"Expected an image at {path} but could not read it: {error}.") from error


def resample(pixels: np.ndarray, size: tuple[int, int], kind: str) -> np.ndarray:
    """uint8 `[H, W]` or `[H, W, 3]` at `size` (width, height); labels and sparse images by nearest pixel."""
    if pixels.shape[1::-1] == size:
        return pixels
    method = Image.Resampling.BILINEAR if kind in SMOOTH else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, method))


def plain_label(stored: np.ndarray, path: Path, classes: int) -> np.ndarray:
    """uint8 class ids as stored, 255 = ignored; anything else beyond the classes is refused."""
    label = stored[..., 0] if stored.ndim == 3 else stored
    bad = label[(label != 255) & (label >= classes)]
    if bad.size:
        raise InputError(f"Expected label values 0..{classes - 1} or 255 but received {int(bad[0])}: {path}.")
    return label.astype(np.uint8)
