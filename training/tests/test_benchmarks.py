"""Scores by the published protocols on generated trees, against scikit-learn and plain loops."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("h5py")
pytest.importorskip("sklearn")
from test_typescript import TOLERANCE, mle_sam
from test_typescript_scores import SCORED, WRITERS, expected_scores, fill

from mle_sam_train.benchmarks.protocols import NOISE_LEVELS, Setting, Shown, settings
from mle_sam_train.checkpoint import load_model, save_weights
from mle_sam_train.cli import main
from mle_sam_train.config import load_config
from mle_sam_train.data import list_frames, read_dataset_info
from mle_sam_train.data.layouts import read_images, read_label
from mle_sam_train.errors import InputError
from mle_sam_train.model import MleSam

CONFIG = Path(__file__).parents[1] / "configs" / "tiny-test.yaml"


def shaken(root: Path, path: Path, modalities: tuple[str, ...] = ()) -> Path:
    """A model for a data set with random weights, that draws many classes."""
    config = replace(load_config(CONFIG), modalities=modalities)
    info = read_dataset_info(root, (config.width, config.height), modalities)
    torch.manual_seed(2)
    model = MleSam(config, info.rig)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    save_weights(model, path, {})
    return path


def evaluate(root: Path, checkpoint: Path, out: Path, *options: str) -> dict[str, Any]:
    common = ["--threads", "1", "evaluate", str(checkpoint), "--data", str(root), "--out", str(out)]
    assert main([*common, *options]) == 0
    return json.loads(out.read_text())


@pytest.mark.parametrize("name", list(WRITERS))
def test_scores_at_the_published_size_are_those_of_scikit_learn(tmp_path: Path, name: str) -> None:
    root = WRITERS[name](tmp_path / "train_rain" / name)
    info = read_dataset_info(root, (64, 32))
    classes = len(info.rig.classes)
    fill(name, root, classes)
    checkpoint = shaken(root, tmp_path / "model.safetensors")
    model = load_model(checkpoint)[0]
    info = read_dataset_info(root, (model.config.width, model.config.height))
    scored = SCORED[name] if name != "mcubes" else (info.width, info.height)
    report = evaluate(root, checkpoint, tmp_path / "report.json", "--protocol", "absent")
    assert report["size"] == f"{scored[0]}x{scored[1]}"

    sized = read_dataset_info(root, scored)
    truth, masks, cases = [], [], []
    for frame in list_frames(info, "val"):
        truth.append(read_label(frame, sized).ravel())
        image = torch.from_numpy(read_images(frame, info))[None]
        with torch.inference_mode():
            output = model(image, torch.ones(image.shape[:2], dtype=torch.bool))
        labels = model.full_size(output.joined).argmax(dim=1)[0].numpy().astype(np.uint8)
        masks.append(np.asarray(Image.fromarray(labels).resize(scored, Image.Resampling.NEAREST)).ravel())
        cases.append(frame.case)
    assert len(np.unique(masks)) > 3
    expected = expected_scores(np.concatenate(truth), np.concatenate(masks), classes)
    full = report["published"]["full"]
    for convention, scores in expected.items():
        assert full[f"miou.{convention}"] == pytest.approx(scores["miou"], abs=0.01)
    own = expected[report["published"]["convention"]]
    for figure in ("meanAccuracy", "meanF1", "pixelAccuracy"):
        assert full[figure] == pytest.approx(own[figure], abs=0.01)
    assert report["published"]["convention"] == ("cmnext" if name == "deliver" else "cityscapes")
    assert sum(map(sum, full["confusion"])) == sum(int((one != 255).sum()) for one in truth)
    for case in set(cases):
        chosen = [i for i, one in enumerate(cases) if one == case]
        wanted = expected_scores(
            np.concatenate([truth[i] for i in chosen]), np.concatenate([masks[i] for i in chosen]), classes
        )[report["published"]["convention"]]
        assert full["perCase"][case] == pytest.approx(wanted["miou"], abs=0.01)


def test_every_protocol_is_scored_in_one_run_and_the_whole_frame_once(tmp_path: Path) -> None:
    root = WRITERS["deliver"](tmp_path / "deliver")
    fill("deliver", root, 25)
    checkpoint = shaken(root, tmp_path / "model.safetensors")
    every = ["--protocol", "absent", "emm", "rmm", "nm", "--size", "64x32", "--seed", "3"]
    report = evaluate(root, checkpoint, tmp_path / "report.json", *every)
    tables = report["published"]["tables"]
    assert [(table["protocol"], table.get("rate")) for table in tables] == [
        ("absent", None),
        ("emm", None),
        ("rmm", 0.75),
        ("rmm", 0.5),
        ("rmm", 0.25),
    ]
    whole = "camera+depth+events+lidar"
    assert {table["subsets"][whole] for table in tables} == {report["published"]["full"]["miou.cmnext"]}
    assert all(len(table["subsets"]) == 15 for table in tables)
    assert list(report["published"]["noise"]) == list(NOISE_LEVELS)
    assert report == evaluate(root, checkpoint, tmp_path / "again.json", *every)
    # What `export` makes a model card of.
    assert len(report["subsets"]) == len(report["zeroFilled"]["subsets"]) == 15
    assert report["routing"].keys() == {"sun", "night"}


def test_modalities_are_taken_away_as_the_benchmark_does() -> None:
    generator = torch.Generator().manual_seed(4)
    pixels = torch.randn(2, 3, 40, 50, generator=generator)
    shown = Shown("frame", ["rgb", "polarity"], pixels, seed=5)
    assert shown.image(Setting("absent", (0,)), 1) is None
    assert shown.image(Setting("emm", (0,)), 1)[1].count_nonzero() == 0
    assert shown.image(Setting("rmm", (1,), 0.75), 1)[1] is pixels[1] or torch.equal(
        shown.image(Setting("rmm", (1,), 0.75), 1)[1], pixels[1]
    )
    zeroed = shown.image(Setting("rmm", (1,), 0.75), 0)[1]
    zero = zeroed == 0
    assert zero.float().mean().item() == pytest.approx(0.75, abs=0.02)
    assert torch.equal(zeroed[~zero], pixels[0][~zero])
    # Element by element, not whole pixels.
    assert 0.3 < zero.all(dim=0).float().mean().item() < 0.55

    density, sigma = NOISE_LEVELS["high"]
    events = shown.image(Setting("nm", (0, 1), level="high"), 1)[1]
    changed = events != pixels[1]
    assert set(events[changed].unique().tolist()) <= {pixels[1].max().item(), pixels[1].min().item()}
    assert changed.float().mean().item() == pytest.approx(density, abs=0.02)
    camera = shown.image(Setting("nm", (0, 1), level="high"), 0)[1]
    assert (camera - pixels[0]).median().abs() < 0.05
    assert (camera - pixels[0]).abs().quantile(0.6).item() == pytest.approx(0.84 * sigma, abs=0.25)


def test_the_frame_as_it_is_comes_first_and_no_setting_comes_twice() -> None:
    found = settings(("absent", "emm"), 2)
    assert found[0] == Setting("absent", (0, 1))
    assert len(found) == len(set(found)) == 6


def test_masks_of_muses_are_what_its_benchmark_takes(tmp_path: Path) -> None:
    root = WRITERS["muses"](tmp_path / "muses")
    meta = json.loads((root / "meta.json").read_text())
    meta["REC0066_frame_497570"]["split"] = "test"
    (root / "meta.json").write_text(json.dumps(meta))
    checkpoint = shaken(root, tmp_path / "model.safetensors")
    out = tmp_path / "submission"
    options = ["--split", "test", "--predictions", str(out)]
    for _ in range(2):  # the second run takes away what the first one wrote, and nothing else
        report = evaluate(root, checkpoint, tmp_path / "report.json", *options)
    assert report["predictions"] == 1
    with Image.open(out / "labelTrainIds" / "REC0066_frame_497570.png") as mask:
        assert (mask.size, mask.mode) == ((1920, 1080), "L")
        assert np.asarray(mask).max() < 19
    (out / "mine.txt").write_text("mine")
    (out / "predictions.json").unlink()
    assert main(["evaluate", str(checkpoint), "--data", str(root), *options]) == 2
    assert (out / "mine.txt").exists()


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("deliver", ("camera", "depth")), ("muses", ("camera", "lidar")), ("mcubes", ("nir", "camera"))],
)
def test_a_row_of_some_modalities_needs_no_other_data(tmp_path: Path, name: str, chosen) -> None:
    root = WRITERS[name](tmp_path / name)
    whole, some = (read_dataset_info(root, (64, 32), names) for names in ((), chosen))
    frames = [list_frames(info, "val")[0] for info in (whole, some)]
    everything, taken = (read_images(frame, info) for frame, info in zip(frames, (whole, some), strict=True))
    assert np.array_equal(taken, everything[[whole.rig.names.index(name) for name in chosen]])
    report = evaluate(root, shaken(root, tmp_path / "m.safetensors", chosen), tmp_path / "report.json")
    assert report["modalities"] == list(chosen)
    with pytest.raises(InputError, match="Expected modalities among"):
        read_dataset_info(root, (64, 32), ("radar",))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deliver", "muses"])
def test_the_program_on_the_robot_scores_the_same_bundle_alike(tmp_path: Path, name: str) -> None:
    root = WRITERS[name](tmp_path / name)
    fill(name, root, {"deliver": 25, "muses": 19}[name])
    checkpoint = shaken(root, tmp_path / "model.safetensors")
    protocols = ["--protocol", "absent", "emm"]
    report = evaluate(root, checkpoint, tmp_path / "report.json", *protocols)
    bundle = tmp_path / "bundle"
    files = [
        "--scores",
        str(tmp_path / "report.json"),
        "--out",
        str(bundle),
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert main(["export", str(checkpoint), "--data", str(root), "--split", "val", *files]) == 0
    provider = ["--provider", "cpu", "--threads", "1"]
    received = json.loads(
        mle_sam("evaluate", str(root), "--model", str(bundle), *provider, *protocols, "--json")
    )
    own = report["published"]
    for convention in ("cityscapes", "cmnext"):
        assert received["scores"]["all"][convention]["miou"] == pytest.approx(
            own["full"][f"miou.{convention}"], abs=TOLERANCE
        )
    for table, wanted in zip(received["tables"], own["tables"], strict=True):
        scores = {"+".join(row["present"]): row["miou"] for row in table["subsets"]}
        assert scores == pytest.approx(wanted["subsets"], abs=TOLERANCE)
        assert table["expected"] == pytest.approx(wanted["expected"], abs=TOLERANCE)
