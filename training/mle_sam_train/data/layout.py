"""DELIVER's layout: `ROOT/<kind>/<condition>/<split>/MAP_<n>_point<k>[_<case>]/<frame>_<suffix>_front.png`.

Splits and conditions are read from path *parts* below the root. A substring test on the whole path, as the
public loader does, finds `rain` in `train` and any condition that is part of the root's own name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import InputError
from ..model.mle_sam import Rig

CONDITIONS = ("cloud", "fog", "night", "rain", "sun")
SPLITS = ("train", "val", "test")
CASES = ("motionblur", "overexposure", "underexposure", "lidarjitter", "eventlowres")
LABEL_FOLDER, LABEL_SUFFIX = "semantic", "semantic"
IGNORE = 255


@dataclass(frozen=True)
class DatasetInfo:
    """What `dataset.json` says: image size, classes, modalities and where the images come from."""

    root: Path
    width: int
    height: int
    rig: Rig
    source: str = "unknown"


@dataclass(frozen=True)
class Frame:
    """One frame: its condition, its failure case (`none` for most) and its files in modality order."""

    name: str
    condition: str
    case: str
    images: tuple[Path, ...]
    label: Path


def read_dataset_info(root: Path) -> DatasetInfo:
    """Read and check `ROOT/dataset.json`."""
    path = root / "dataset.json"
    try:
        raw = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"Expected a data set description at {path} but could not read it ({error}); "
            "write one with `mle-sam simulate --layout deliver`."
        ) from error
    for key in ("width", "height", "classes", "modalities"):
        if key not in raw:
            raise InputError(f"Expected key {key!r} in {path} but it is missing.")
    ids = [entry["id"] for entry in raw["classes"]]
    if ids != list(range(len(ids))) or not ids:
        raise InputError(f"Expected class ids 0..n-1 in order in {path} but received {ids}.")
    for modality in raw["modalities"]:
        folder = root / modality["folder"]
        if not folder.is_dir():
            raise InputError(
                f"Expected the images of modality {modality['name']!r} in {folder} but the folder is missing."
            )
    rig = Rig(tuple(raw["modalities"]), tuple(raw["classes"]))
    return DatasetInfo(root, int(raw["width"]), int(raw["height"]), rig, str(raw.get("source", "unknown")))


def list_frames(info: DatasetInfo, split: str) -> list[Frame]:
    """All frames of a split that have a label, sorted by path. Each must have every modality.

    A set may be read while it grows: the simulator writes a frame's label last.
    """
    if split not in SPLITS:
        raise InputError(f"Expected a split among {list(SPLITS)} but received {split!r}.")
    top = info.root / LABEL_FOLDER
    frames = []
    for path in sorted(top.glob(f"*/{split}/*/*.png")):
        condition, _, sequence, _ = path.relative_to(top).parts
        if condition not in CONDITIONS:
            raise InputError(
                f"Expected a condition among {list(CONDITIONS)} but received {condition!r}: {path}."
            )
        ending = f"_{LABEL_SUFFIX}_front.png"
        if not path.name.endswith(ending):
            raise InputError(f"Expected a file name that ends in {ending!r} but received {path}.")
        stem = path.name.removesuffix(ending)
        images = tuple(
            _sibling(info.root, m["folder"], m["suffix"], condition, split, sequence, stem)
            for m in info.rig.modalities
        )
        name = f"{condition}/{split}/{sequence}/{stem}"
        frames.append(Frame(name, condition, _case_of(sequence), images, path))
    if not frames:
        raise InputError(
            f"Expected frames like {top}/<condition>/{split}/MAP_<n>_point<k>/*.png but found none."
        )
    return frames


def _sibling(
    root: Path, folder: str, suffix: str, condition: str, split: str, sequence: str, stem: str
) -> Path:
    return root / folder / condition / split / sequence / f"{stem}_{suffix}_front.png"


def _case_of(sequence: str) -> str:
    last = sequence.rsplit("_", 1)[-1]
    return last if last in CASES else "none"


def read_image(path: Path, info: DatasetInfo) -> np.ndarray:
    """uint8 RGB `[H, W, 3]`; a single channel is repeated."""
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except OSError as error:
        raise InputError(f"Expected an image at {path} but could not read it: {error}.") from error
    _check_size(pixels, path, info)
    return pixels


def read_label(path: Path, info: DatasetInfo) -> np.ndarray:
    """uint8 class ids `[H, W]`, 255 = ignored. On disk: id + 1 in the first channel, 0 and 255 ignored."""
    try:
        with Image.open(path) as image:
            stored = np.asarray(image)
    except OSError as error:
        raise InputError(f"Expected a label image at {path} but could not read it: {error}.") from error
    stored = stored[..., 0] if stored.ndim == 3 else stored
    _check_size(stored, path, info)
    label = np.where(stored == IGNORE, 0, stored).astype(np.uint8) - np.uint8(1)
    bad = label[(label != IGNORE) & (label >= len(info.rig.classes))]
    if bad.size:
        raise InputError(
            f"Expected label values 0..{len(info.rig.classes)} or 255 but received {int(bad[0]) + 1}: {path}."
        )
    return label


def _check_size(pixels: np.ndarray, path: Path, info: DatasetInfo) -> None:
    height, width = pixels.shape[:2]
    if (width, height) != (info.width, info.height):
        raise InputError(
            f"Expected an image of {info.width}x{info.height} pixels but received {width}x{height}: {path}."
        )
