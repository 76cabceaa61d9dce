"""scikit-learn is the oracle of `mle-sam evaluate`: a tree of each data set, both conventions of mIoU."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

pytest.importorskip("h5py")
pytest.importorskip("sklearn")
from published_trees import save, write_deliver, write_mcubes, write_muses
from sklearn import metrics

from mle_sam_train.data import list_frames, read_dataset_info
from mle_sam_train.data.layouts import read_images, read_label

ROOT = Path(__file__).parents[2]
MLE_SAM = ROOT / "dist" / "src" / "cli" / "main.js"
BUNDLE = ROOT / "test" / "fixtures" / "tiny-bundle"
WRITERS = {"deliver": write_deliver, "muses": write_muses, "mcubes": write_mcubes}
SCORED = {"deliver": (1024, 1024), "muses": (1920, 1080), "mcubes": (64, 32)}
"""DELIVER at CMNeXt's size, MUSES at its own; MCubeS, cut to the shape of the model, at that of the model."""


def patchwork(rng: np.random.Generator, height: int, width: int, values: np.ndarray) -> np.ndarray:
    """Even patches, so that masks of a model that looks at means have many classes."""
    few = rng.choice(values, (9, 11, *values.shape[1:]))
    return few[np.arange(height)[:, None] * 9 // height, np.arange(width)[None] * 11 // width]


def fill(name: str, root: Path, classes: int) -> None:
    """Patches of all brightnesses in the pictures, and of all classes but the last two in the labels."""
    rng = np.random.default_rng(5)
    labels = {"deliver": "semantic/*/val/*/*", "muses": "gt_semantic/val/*/*/*", "mcubes": "GT/*1"}[name]
    pictures = {
        "deliver": ["img/*/val/*/*", "hha/*/val/*/*"],
        "muses": ["frame_camera/val/*/*/*"],
        "mcubes": ["polL_color/*1", "NIR_warped/*1"],
    }[name]
    for path in sorted(root.glob(f"{labels}.png")):
        with Image.open(path) as image:
            width, height = image.size
        known = np.uint8([*range(classes - 2), 255])
        label = patchwork(rng, height, width, known)
        if name == "deliver":
            stored = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
            stored[..., 0] = np.where(label == 255, rng.choice([0, 255], label.shape), label + 1)
            label = stored
        save(path, label)
    for pattern in pictures:
        for path in sorted(root.glob(f"{pattern}.png")):
            with Image.open(path) as image:
                shape = np.asarray(image).shape
            save(
                path,
                patchwork(rng, *shape[:2], np.arange(256, dtype=np.uint8))
                if len(shape) == 2
                else np.stack(
                    [patchwork(rng, *shape[:2], np.arange(256, dtype=np.uint8)) for _ in range(3)], -1
                ),
            )


def write_bundle(folder: Path, info) -> None:
    """The tiny bundle with the modalities and classes of a data set; the model itself knows neither."""
    shutil.copytree(BUNDLE, folder)
    manifest: dict[str, Any] = json.loads((folder / "model.json").read_text())
    golden = list(manifest["golden"]["images"].values())
    names = info.rig.names
    manifest["modalities"] = [
        {"name": m["name"], "representation": m["representation"]} for m in info.rig.modalities
    ]
    manifest["golden"]["images"] = dict(zip(names, golden, strict=False))
    shown = [np.asarray(Image.open(folder / file["path"])) for file in manifest["golden"]["images"].values()]
    labels = folder / manifest["golden"]["labels"]["path"]
    Image.fromarray(predict(np.stack(shown))).save(labels)
    manifest["golden"]["labels"]["sha256"] = hashlib.sha256(labels.read_bytes()).hexdigest()
    manifest["classes"] = list(info.rig.classes)
    manifest["inputStatistics"] = {}
    (folder / "model.json").write_text(json.dumps(manifest))


def predict(images: np.ndarray) -> np.ndarray:
    """Labels of the tiny model, by its graphs."""
    encoder, head = (onnxruntime.InferenceSession(BUNDLE / f"{name}.onnx") for name in ("encoder", "head"))
    features = encoder.run(None, {"images": images, "modality": np.arange(len(images))})
    inputs = dict(zip((i.name for i in head.get_inputs()), features, strict=True))
    return head.run(["labels"], inputs)[0]


def expected_scores(truth: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, dict[str, Any]]:
    """By convention. scikit-learn leaves a class without any pixel to `zero_division`."""
    scored = truth != 255
    truth, predicted = truth[scored], predicted[scored]
    every = list(range(classes))
    result = {}
    for convention, absent in (("cityscapes", np.nan), ("cmnext", 0.0)):
        options = {"labels": every, "average": None, "zero_division": absent}
        iou = metrics.jaccard_score(truth, predicted, labels=every, average=None, zero_division=0)
        union = np.isin(every, truth) | np.isin(every, predicted)
        iou = np.where(union, iou, absent)
        recall = metrics.recall_score(truth, predicted, **options)
        f1 = metrics.f1_score(truth, predicted, **options)
        result[convention] = {
            "miou": 100 * np.nanmean(iou),
            "meanAccuracy": 100 * np.nanmean(recall),
            "meanF1": 100 * np.nanmean(f1),
            "pixelAccuracy": 100 * metrics.accuracy_score(truth, predicted),
            "iou": 100 * iou,
            "f1": 100 * f1,
            "accuracy": 100 * recall,
        }
    return result


@pytest.mark.parametrize("name", list(WRITERS))
def test_scores_are_those_of_scikit_learn_in_both_conventions(tmp_path: Path, name: str) -> None:
    node = shutil.which("node")
    if node is None or not MLE_SAM.exists():
        pytest.skip("mle-sam is not built: run `npm run build`")
    root = WRITERS[name](tmp_path / "train_rain" / name)
    info = read_dataset_info(root, (64, 32))
    classes = len(info.rig.classes)
    fill(name, root, classes)
    write_bundle(tmp_path / "bundle", info)
    out = tmp_path / "out"
    command = [node, str(MLE_SAM), "evaluate", str(root), "--model", str(tmp_path / "bundle"), "--json"]
    run = subprocess.run([*command, "--provider", "cpu", "--out", str(out)], check=True, capture_output=True)
    report = json.loads(run.stdout)
    assert report == json.loads((out / "evaluation.json").read_text())
    scored = SCORED[name]
    assert report["scoredAt"] == {"width": scored[0], "height": scored[1]}

    sized = read_dataset_info(root, scored)
    frames = list_frames(info, "val")
    truths = [read_label(frame, sized) for frame in list_frames(sized, "val")]
    masks = [
        np.asarray(
            Image.fromarray(predict(read_images(frame, info))).resize(scored, Image.Resampling.NEAREST)
        )
        for frame in frames
    ]
    assert report["frames"]["used"] == len(frames)
    parts = {("all", "all"): list(range(len(frames)))}
    for index, frame in enumerate(frames):
        parts.setdefault(("conditions", frame.condition), []).append(index)
        parts.setdefault(("cases", frame.case), []).append(index)
    for (kind, group), indices in parts.items():
        expected = expected_scores(
            np.concatenate([truths[i].ravel() for i in indices]),
            np.concatenate([masks[i].ravel() for i in indices]),
            classes,
        )
        received = report["scores"]
        rows = (
            received["all"]
            if kind == "all"
            else next(row for row in received[kind] if row["name"] == group)["scores"]
        )
        for convention, scores in expected.items():
            for figure, value in rows[convention].items():
                assert value == pytest.approx(scores[figure], abs=1e-9), (group, convention, figure)
            if kind != "all":
                continue
            for index, row in enumerate(received["classes"]):
                for figure, value in row["scores"][convention].items():
                    wanted = scores[figure][index]
                    assert (np.nan if value is None else value) == pytest.approx(
                        wanted, abs=1e-9, nan_ok=True
                    )
    whole = report["scores"]["all"]
    assert whole["cityscapes"]["miou"] > whole["cmnext"]["miou"] > 0  # two classes are nowhere

    unit = json.loads((out / "frames.json").read_text())
    for frame, truth, mask in zip(unit["frames"], truths, masks, strict=True):
        matrix = metrics.confusion_matrix(truth[truth != 255], mask[truth != 255], labels=range(classes))
        counts = np.zeros((classes, classes + 1), np.int64)
        for t, p, pixels in np.reshape(frame["counts"], (-1, 3)):
            counts[t, p] = pixels
        assert np.array_equal(counts[:, :classes], matrix)
        assert counts[:, classes].sum() == 0
