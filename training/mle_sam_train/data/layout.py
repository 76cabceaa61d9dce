"""DELIVER's layout: `ROOT/<kind>/<condition>/<split>/MAP_<n>_point<k>[_<case>]/<frame>_<suffix>_front.png`.

Splits and conditions are read from path *parts* below the root. A substring test on the whole path, as the
public loader does, finds `rain` in `train` and any condition that is part of the root's own name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..model.mle_sam import Rig
from .dataset import DatasetInfo, Frame, open_image, resample
from .published import DELIVER_CLASSES, DELIVER_MODALITIES

CONDITIONS = ("cloud", "fog", "night", "rain", "sun")
SPLITS = ("train", "val", "test")
CASES = ("motionblur", "overexposure", "underexposure", "lidarjitter", "eventlowres")
LABEL_FOLDER, LABEL_SUFFIX = "semantic", "semantic"
IGNORE = 255


NATIVE_SIZE = (1042, 1042)
LOW_RESOLUTION_EVENTS = (512, 512)
"""Of the event images of the case `eventlowres`."""


def published_info(root: Path, size: tuple[int, int] | None) -> DatasetInfo:
    """DELIVER as published, without a `dataset.json`; images are resampled from 1042 x 1042 to `size`."""
    for modality in DELIVER_MODALITIES:
        check_folder(root, modality["name"], modality["folder"])
    width, height = size or NATIVE_SIZE
    rig = Rig(DELIVER_MODALITIES, DELIVER_CLASSES)
    return DatasetInfo(root, width, height, rig, "deliver", NATIVE_SIZE, "DELIVER")


def check_folder(root: Path, name: str, folder: str) -> None:
    """A modality's folder must be there."""
    if not (root / folder).is_dir():
        raise InputError(
            f"Expected the images of modality {name!r} in {root / folder} but the folder is missing."
        )


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


def read_images(frame: Frame, info: DatasetInfo) -> np.ndarray:
    """uint8 RGB `[M, H, W, 3]`."""
    pairs = zip(frame.images, info.rig.modalities, strict=True)
    return np.stack([_read_image(path, info, modality, frame.case) for path, modality in pairs])


def _read_image(path: Path, info: DatasetInfo, modality: dict, case: str) -> np.ndarray:
    with open_image(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    is_event = modality["folder"] == "event"
    coarse = is_event and case == "eventlowres" and pixels.shape[1::-1] == LOW_RESOLUTION_EVENTS
    if not coarse:
        check_size(pixels, path, info)
    return resample(pixels, (info.width, info.height), modality["representation"]["kind"])


def read_label(path: Path, info: DatasetInfo) -> np.ndarray:
    """uint8 class ids `[H, W]`, 255 = ignored. On disk: id + 1 in the first channel, 0 and 255 ignored."""
    with open_image(path) as image:
        stored = np.asarray(image)
    stored = stored[..., 0] if stored.ndim == 3 else stored
    check_size(stored, path, info)
    label = np.where(stored == IGNORE, 0, stored).astype(np.uint8) - np.uint8(1)
    bad = label[(label != IGNORE) & (label >= len(info.rig.classes))]
    if bad.size:
        raise InputError(
            f"Expected label values 0..{len(info.rig.classes)} or 255 but received {int(bad[0]) + 1}: {path}."
        )
    return resample(label, (info.width, info.height), "label")


def check_size(pixels: np.ndarray, path: Path, info: DatasetInfo) -> None:
    """Images must have the size the data set is known for."""
    height, width = pixels.shape[:2]
    expected = info.native or (info.width, info.height)
    if (width, height) != expected:
        raise InputError(
            f"Expected an image of {expected[0]}x{expected[1]} pixels but received {width}x{height}: {path}."
        )
