"""PyTorch's label images, straight from the data set's files: the oracle for other runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from .data import DatasetInfo, Frame
from .data.layouts import read_images
from .export import torch_labels
from .model import MleSam


def write_predictions(model: MleSam, info: DatasetInfo, frames: list[Frame], folder: Path) -> None:
    """Write `folder/<condition>/<split>/<sequence>/<frame>.png`, 8-bit grey class ids, for all modalities."""
    for frame in frames:
        images = read_images(frame, info)
        labels = torch_labels(model, images, np.arange(len(images)))[1]
        path = folder / f"{frame.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(labels).save(path)
