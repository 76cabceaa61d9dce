"""Masks saved as the data sets publish their labels: grey PNGs of class ids at native size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ..data import DatasetInfo, Frame
from ..errors import InputError
from .frames import at_size

RECORD = "predictions.json"


class PredictionFolder:
    """Of MUSES `labelTrainIds/<id>.png`, as its benchmark takes them; of other sets by the frames' names.

    Raises:
        InputError: for a folder with other files than those of an earlier run, which its `predictions.json`
            lists and which go.
    """

    def __init__(self, path: Path, info: DatasetInfo) -> None:
        self.path, self.info, self.files = path, info, []
        record = path / RECORD
        if record.exists():
            for name in json.loads(record.read_text())["files"]:
                if ".." not in Path(name).parts and not Path(name).is_absolute():
                    (path / name).unlink(missing_ok=True)
        elif path.exists() and any(path.iterdir()):
            raise InputError(
                f"Expected an empty folder, or one with predictions, at {path} but it holds other files. "
                "Write to another place."
            )
        path.mkdir(parents=True, exist_ok=True)

    def add(self, frame: Frame, labels: np.ndarray) -> None:
        """Save the mask of a frame, class ids uint8 `[H, W]` at the model's size."""
        name = (
            f"labelTrainIds/{frame.name.rsplit('/', 1)[-1]}.png"
            if self.info.layout == "muses"
            else f"{frame.name}.png"
        )
        self.files.append(name)
        (self.path / RECORD).write_text(
            json.dumps({"formatVersion": 1, "files": self.files}, indent=2) + "\n"
        )
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        native = self.info.native or (self.info.width, self.info.height)
        Image.fromarray(at_size(labels, native)).save(path)
