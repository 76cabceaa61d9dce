"""The bundle a robot loads: the two graphs, a golden sample, `model.json` and `MODEL_CARD.md`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .claims.text import CARD_HEADING
from .data import FrameCache, measure_input_statistics
from .errors import InputError
from .export import check_parity, export_graphs, torch_labels
from .half import Precision
from .model import MleSam
from .model_card import BLINDED_HEADING, model_card

FORMAT_VERSION = 1
UNLABELED_ID = 255


SOURCES = {"simulation": "simulated scenes"}
"""What a data set's `source` is called in words."""


@dataclass(frozen=True)
class TrainingData:
    """Where the training images come from, and what else a reader of the model card must know."""

    source: str
    note: str = ""

    @property
    def words(self) -> str:
        """The source as it stands in a sentence."""
        return SOURCES.get(self.source, f"{self.source} data")


def write_bundle(
    model: MleSam,
    cache: FrameCache,
    folder: Path,
    summary: dict[str, Any],
    report: dict[str, Any],
    data: TrainingData,
    precision: Precision = "float32",
    **outputs: Any,
) -> dict[str, float]:
    """Export `model` to `folder`, with a golden sample out of `cache` and the scores of `report`.

    `outputs` are the choices `logits`, `experts` and `layout` of `export_graphs`.

    Returns:
        The differences between ONNX Runtime and PyTorch; a model that differs too much is refused.
    """
    graphs = export_graphs(model, folder, precision, **outputs)
    index = golden_frame(cache)
    images = np.array(cache.images[index])
    parity = check_parity(model, folder, images, precision)
    labels = torch_labels(model, images, np.arange(len(images)))[1]
    golden = folder / "golden"
    golden.mkdir(exist_ok=True)
    for name, image in zip(model.rig.names, images, strict=True):
        Image.fromarray(image).save(golden / f"{name}.png", optimize=True)
    Image.fromarray(labels).save(golden / "labels.png", optimize=True)
    base = model.config.model.base.pretrained or "a small SAM 2 Hiera"
    training = {
        "data": data.words,
        "note": data.note,
        **summary,
        "scores": headline_scores(report),
        "normalisation": normalisation(model),
    }
    if precision != "float32":
        training["precision"] = precision
    manifest = {
        "formatVersion": FORMAT_VERSION,
        "name": model.config.name,
        "description": f"MLE-SAM on {base}, trained on {data.words}.",
        "input": {"width": model.config.width, "height": model.config.height},
        "modalities": [
            {"name": m["name"], "representation": m["representation"]} for m in model.rig.modalities
        ],
        "inputStatistics": measure_input_statistics(
            cache, list(model.rig.names), [m["representation"]["kind"] for m in model.rig.modalities]
        ),
        "classes": list(model.rig.classes),
        "unlabeledId": UNLABELED_ID,
        "files": {name: _entry(folder, f"{name}.onnx") for name in graphs},
        "golden": {
            "images": {name: _entry(folder, f"golden/{name}.png") for name in model.rig.names},
            "labels": _entry(folder, "golden/labels.png"),
        },
        "training": training,
    }
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder / "MODEL_CARD.md").write_text(model_card(model, manifest, report, parity))
    return parity


def rewrite_card(
    model: MleSam,
    folder: Path,
    report: dict[str, Any],
    note: str | None = None,
    limits: list[str] | None = None,
    max_scatter: dict[str, float] | None = None,
) -> None:
    """Write the scores of `report` into a bundle's `model.json` and its card anew; its graphs stay.

    Args:
        model: the weights that the bundle was exported from; refused where its graphs differ from them.
        report: of `evaluate`; without `blinded` that section stays as it is, and so does that of `claims`.
        note: what else the card says of the training; None keeps what is there.
        limits: further lines of the card's limits; None keeps those that are there.
        max_scatter: by modality, the noise of distances, as a share of them, from which on the robot leaves
            the sensor out; None keeps what is there.
    """
    manifest = read_manifest(folder)
    images = np.stack(
        [np.array(Image.open(folder / entry["path"])) for entry in manifest["golden"]["images"].values()]
    )
    training = manifest["training"]
    parity = check_parity(model, folder, images, training.get("precision", "float32"))
    training["scores"] = headline_scores(report)
    if note is not None:
        training["note"] = note
    if limits is not None:
        training["limits"] = limits
    for name, share in (max_scatter or {}).items():
        if name not in manifest["inputStatistics"]:
            known = ", ".join(manifest["inputStatistics"]) or "none"
            raise InputError(f"Expected one of the bundle's modalities ({known}) but received {name}.")
        manifest["inputStatistics"][name]["maxScatter"] = share
    card = folder / "MODEL_CARD.md"
    earlier = card.read_text() if card.exists() else ""
    kept = [CARD_HEADING] if "blinded" in report else [BLINDED_HEADING, CARD_HEADING]
    text = keep_sections(model_card(model, manifest, report, parity), earlier, kept)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    card.write_text(text)


def keep_sections(card: str, earlier: str, headings: list[str]) -> str:
    """A new card with sections of the earlier one, which other commands had made, before its limits."""
    for heading in headings:
        start = earlier.find(heading)
        if start < 0:
            continue
        end = earlier.find("\n## ", start + 1)
        section = earlier[start:] if end < 0 else earlier[start:end]
        card = card.replace("## Limits\n", f"{section}\n## Limits\n", 1)
    return card


def read_manifest(folder: Path) -> dict[str, Any]:
    """A bundle's `model.json`."""
    try:
        return json.loads((folder / "model.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"Expected a bundle at {folder} but could not read it ({error}).") from error


def add_input_statistics(folder: Path, cache: FrameCache) -> None:
    """Write `inputStatistics` into the `model.json` of a bundle that was exported before there were any.

    Args:
        cache: frames the model was trained on, or of the same data set.
    """
    path = folder / "model.json"
    manifest = json.loads(path.read_text())
    modalities = manifest["modalities"]
    statistics = measure_input_statistics(
        cache, [m["name"] for m in modalities], [m["representation"]["kind"] for m in modalities]
    )
    for name, earlier in manifest.get("inputStatistics", {}).items():
        if "maxScatter" in earlier and name in statistics:
            statistics[name]["maxScatter"] = earlier["maxScatter"]
    ordered: dict[str, Any] = {}
    for key, value in manifest.items():
        if key != "inputStatistics":
            ordered[key] = value
        if key == "modalities":
            ordered["inputStatistics"] = statistics
    path.write_text(json.dumps(ordered, indent=2) + "\n")


def normalisation(model: MleSam) -> dict[str, dict[str, list[float]]]:
    """Mean and deviation of each modality in 0..255, as they stand inside the encoder."""
    std = 1 / model.pixel_gain
    mean = model.pixel_shift * std
    return {
        name: {"mean": [round(v, 4) for v in m], "std": [round(v, 4) for v in s]}
        for name, m, s in zip(model.rig.names, mean.tolist(), std.tolist(), strict=True)
    }


def golden_frame(cache: FrameCache) -> int:
    """The frame that shows most classes, ties going to the one whose smallest class is largest."""
    shown = (cache.histogram > 0).sum(axis=1)
    rarest = np.where(cache.histogram > 0, cache.histogram, np.iinfo(np.int64).max).min(axis=1)
    return int(np.lexsort((-rarest, -shown))[0])


def headline_scores(report: dict[str, Any]) -> dict[str, Any]:
    """The part of an evaluation report that belongs into `model.json`."""
    return {
        "split": report["split"],
        "frames": report["frames"],
        "convention": report["convention"],
        "miou": report["full"]["miou"],
        "night": report["full"]["night"],
        "subsetMean": report["subsetMean"],
        "perClass": report["full"]["perClass"],
        "subsets": report["subsets"],
    }


def _entry(folder: Path, path: str) -> dict[str, str]:
    return {"path": path, "sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest()}
