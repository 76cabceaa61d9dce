"""Which data set lies in a folder, and who reads it."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np

from ..errors import InputError
from ..model.mle_sam import Rig
from . import layout, mcubes, muses
from .dataset import DatasetInfo, Frame, select_modalities

READERS: dict[str, ModuleType] = {"deliver": layout, "muses": muses, "mcubes": mcubes}
MARKS = {
    "muses": ("calib.json", "meta.json"),
    "mcubes": ("list_folder", "polL_color"),
    "deliver": ("img", "semantic"),
}
"""What must lie in a root to take it for a published data set."""
SPLITS = ("train", "val", "test")


def read_dataset_info(
    root: Path, size: tuple[int, int] | None = None, modalities: tuple[str, ...] = ()
) -> DatasetInfo:
    """Recognise the data set in `root` and check its folders.

    Args:
        size: (width, height) wanted of a published data set. One with a `dataset.json` has the size it says.
        modalities: take these alone, in this order; all where none is named.
    """
    info = _recognise(root, size)
    return select_modalities(info, modalities) if modalities else info


def _recognise(root: Path, size: tuple[int, int] | None) -> DatasetInfo:
    if (root / "dataset.json").exists():
        return _described_info(root)
    for name, marks in MARKS.items():
        if all((root / mark).exists() for mark in marks):
            return READERS[name].published_info(root, size)
    raise InputError(
        f"Expected a data set description at {root / 'dataset.json'} (write one with "
        "`mle-sam simulate --layout deliver`), or DELIVER's img and semantic, MUSES's calib.json and "
        f"meta.json, or MCubeS's list_folder and polL_color, but found none of them in {root}."
    )


def list_frames(
    info: DatasetInfo, split: str, labels: Literal["required", "optional"] = "required"
) -> list[Frame]:
    """All frames of a split; with `required` labels none but those that have one.

    MUSES publishes the frames of `test` without labels: they are masked and sent in.
    """
    if split not in SPLITS:
        raise InputError(f"Expected a split among {list(SPLITS)} but received {split!r}.")
    if info.layout == "muses":
        return muses.list_frames(info, split, labels)
    return READERS[info.layout].list_frames(info, split)


def read_images(frame: Frame, info: DatasetInfo) -> np.ndarray:
    """uint8 `[M, H, W, 3]` at the size of `info`."""
    whole = info.whole or info
    images = READERS[info.layout].read_images(frame, whole)
    return images if whole is info else images[[whole.rig.names.index(name) for name in info.rig.names]]


def read_label(frame: Frame, info: DatasetInfo) -> np.ndarray:
    """uint8 class ids `[H, W]` at the size of `info`, 255 = ignored."""
    return READERS[info.layout].read_label(frame.label, info)


def _described_info(root: Path) -> DatasetInfo:
    """DELIVER's layout with a `dataset.json` of size, classes and modalities, as the simulator writes it."""
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
        layout.check_folder(root, modality["name"], modality["folder"])
    rig = Rig(tuple(raw["modalities"]), tuple(raw["classes"]))
    source = str(raw.get("source", "unknown"))
    return DatasetInfo(root, int(raw["width"]), int(raw["height"]), rig, source=source)
