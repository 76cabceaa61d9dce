"""MCubeS: colour, angle and degree of linear polarisation, near infrared.

`polL_color` and `NIR_warped` are PNGs of 8 or 16 bit, the polarisation `.npy`; lists name frames without
extension. The first 192 of 1224 columns hold no near infrared and are cut off, as the original code does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..model.mle_sam import Rig
from .dataset import DatasetInfo, Frame, open_image, plain_label, resample
from .published import MCUBES_CLASSES, MCUBES_MODALITIES

NATIVE_SIZE = (1224, 1024)
LEFT_OFFSET = 192
FOLDERS = ("polL_color", "polL_aolp_sin", "polL_aolp_cos", "polL_dolp", "NIR_warped", "GT")


def published_info(root: Path, size: tuple[int, int] | None) -> DatasetInfo:
    """MCubeS at `size`, by default 1024 x 1024 out of the middle."""
    for folder in FOLDERS:
        if not (root / folder).is_dir():
            raise InputError(f"Expected MCubeS's {folder} in {root} but the folder is missing.")
    width, height = size or (1024, 1024)
    return DatasetInfo(
        root, width, height, Rig(MCUBES_MODALITIES, MCUBES_CLASSES), "mcubes", NATIVE_SIZE, "MCubeS"
    )


def list_frames(info: DatasetInfo, split: str) -> list[Frame]:
    """The frames `list_folder/<split>.txt` names, in its order. There are no conditions."""
    path = info.root / "list_folder" / f"{split}.txt"
    try:
        names = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise InputError(f"Expected a list of frames at {path} but could not read it: {error}.") from error
    if not names:
        raise InputError(f"Expected names of frames in {path} but it is empty.")
    endings = dict(zip(FOLDERS, (".png", ".npy", ".npy", ".npy", ".png", ".png"), strict=True))
    frames = []
    for name in names:
        *images, label = (info.root / folder / f"{name}{ending}" for folder, ending in endings.items())
        frames.append(Frame(name, "all", "none", tuple(images), label))
    return frames


def read_images(frame: Frame, info: DatasetInfo) -> np.ndarray:
    """uint8 `[4, H, W, 3]`: colour; sin, cos, sin of the angle, -1..1 -> 0..255; the degree; infrared."""
    colour, sine, cosine, degree, infrared = frame.images
    angle = [(_read_array(path) + 1) / 2 for path in (sine, cosine)]
    parts = [
        _read_png(colour),
        _bytes(np.stack((angle[0], angle[1], angle[0]), axis=-1)),
        np.repeat(_bytes(_read_array(degree))[..., None], 3, axis=-1),
        np.repeat(_read_png(infrared)[..., :1], 3, axis=-1),
    ]
    return np.stack([_fit(part, info, "rgb") for part in parts])


def read_label(path: Path, info: DatasetInfo) -> np.ndarray:
    """uint8 class ids `[H, W]`, 255 = ignored."""
    with open_image(path) as image:
        stored = np.asarray(image)
    _check_size(stored, path)
    return _fit(plain_label(stored, path, len(info.rig.classes)), info, "label")


def _read_png(path: Path) -> np.ndarray:
    """uint8 `[H, W, 3]` of an image of 8 or 16 bit."""
    with open_image(path) as image:
        pixels = np.asarray(image)  # Pillow hands out 16-bit colour as its upper 8 bits
    _check_size(pixels, path)
    if pixels.dtype != np.uint8:
        pixels = _bytes(pixels / 65535)
    return pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)


def _read_array(path: Path) -> np.ndarray:
    try:
        values = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"Expected an array at {path} but could not read it: {error}.") from error
    _check_size(values, path)
    return values.astype(np.float32)


def _bytes(values: np.ndarray) -> np.ndarray:
    """0..1 to 0..255."""
    return np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)


def _fit(pixels: np.ndarray, info: DatasetInfo, kind: str) -> np.ndarray:
    """Cut off the left, scale until the wanted size is covered, cut out its middle."""
    pixels = pixels[:, LEFT_OFFSET:]
    height, width = pixels.shape[:2]
    scale = max(info.width / width, info.height / height)
    pixels = resample(
        pixels, (max(info.width, round(width * scale)), max(info.height, round(height * scale))), kind
    )
    top, left = (pixels.shape[0] - info.height) // 2, (pixels.shape[1] - info.width) // 2
    return pixels[top : top + info.height, left : left + info.width]


def _check_size(pixels: np.ndarray, path: Path) -> None:
    if pixels.shape[1::-1] != NATIVE_SIZE:
        height, width = pixels.shape[:2]
        raise InputError(f"Expected 1224x1024 pixels but received {width}x{height}: {path}.")
