"""A tiny data set in DELIVER's layout: rectangles on a ground, seen by four made-up sensors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ["road", "sky", "building", "car", "pole", *(f"unused_{i}" for i in range(10))]
REPRESENTATIONS = {
    "camera": {"kind": "rgb"},
    "depth": {"kind": "hha", "nearMetres": 2, "heightMetres": [-1, 7]},
    "events": {"kind": "counts-recency", "windowMs": 40, "countScale": 64},
    "lidar": {
        "kind": "range-intensity-height",
        "rangeMetres": [1, 80],
        "heightMetres": [-1, 7],
        "dilation": 1,
    },
}
FOLDERS = {
    "camera": ("img", "rgb"),
    "depth": ("hha", "hha"),
    "events": ("event", "event"),
    "lidar": ("lidar", "lidar"),
}
MODALITIES = [
    {"name": name, "folder": folder, "suffix": suffix, "representation": REPRESENTATIONS[name]}
    for name, (folder, suffix) in FOLDERS.items()
]


def scene(
    rng: np.random.Generator, height: int, width: int, night: bool
) -> tuple[list[np.ndarray], np.ndarray]:
    """Four uint8 images `[H, W, 3]` and class ids `[H, W]`."""
    horizon = int(height * rng.uniform(0.35, 0.55))
    label = np.zeros((height, width), np.uint8)
    label[:horizon] = 1
    depth = np.full((height, width), 0.0, np.float32)
    depth[horizon:] = np.linspace(20, 255, height - horizon)[:, None]
    for kind, count, size in ((2, 3, (0.2, 0.3)), (3, 3, (0.12, 0.1)), (4, 3, (0.02, 0.4))):
        for _ in range(count):
            wide, tall = max(2, int(width * size[0])), int(height * size[1])
            left, bottom = int(rng.integers(0, width - wide)), int(horizon + rng.integers(2, height // 3))
            box = (slice(max(0, bottom - tall), bottom), slice(left, left + wide))
            label[box] = kind
            depth[box] = depth[min(bottom, height - 1), 0]
    colours = np.array(
        [[90, 90, 90], [120, 170, 220], [140, 100, 80], [200, 30, 40], [160, 160, 60]], np.float32
    )
    shade = colours[label] * (0.06 if night else 1.0) + rng.normal(0, 6, (height, width, 3))
    edges = (np.diff(label.astype(int), axis=1, prepend=0) != 0).astype(np.uint8) * 255
    hha = np.stack((depth, np.where(label == 1, 0, 40 + 30 * label), np.where(label == 0, 1, 128)), axis=-1)
    hits = (rng.random((height, width)) < 0.15)[..., None]
    lidar = np.stack((255 - depth, 40.0 * label, 40 + 30 * label), axis=-1) * hits * (label != 1)[..., None]
    images = [shade, hha, np.stack((edges, edges, edges * 0), axis=-1), lidar]
    return [np.clip(image, 0, 255).astype(np.uint8) for image in images], label


def write_dataset(root: Path, height: int, width: int, frames: dict[str, int], seed: int = 0) -> Path:
    """Write `frames` per split, alternating the conditions sun and night."""
    rng = np.random.default_rng(seed)
    for split, count in frames.items():
        for index in range(count):
            condition = ("sun", "night")[index % 2]
            images, label = scene(rng, height, width, condition == "night")
            sequence = f"MAP_1_point{index // 4}"
            stored = [*images, np.repeat(label[..., None] + 1, 3, axis=-1)]
            kinds = [*((m["folder"], m["suffix"]) for m in MODALITIES), ("semantic", "semantic")]
            for (folder, suffix), image in zip(kinds, stored, strict=True):
                path = root / folder / condition / split / sequence / f"{index:06d}_{suffix}_front.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(path, compress_level=1)
    classes = [{"id": i, "name": name, "color": [16 * i, 80, 90]} for i, name in enumerate(CLASSES)]
    description = {
        "format": 1,
        "source": "test",
        "width": width,
        "height": height,
        "classes": classes,
        "modalities": MODALITIES,
        "seed": seed,
        "frames": sum(frames.values()),
    }
    (root / "dataset.json").write_text(json.dumps(description))
    return root
