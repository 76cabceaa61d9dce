"""What is wrong is told in one sentence with exit code 2, before any step is taken."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from mle_sam_train.checkpoint import load_model
from mle_sam_train.cli import main
from mle_sam_train.data import Batch
from mle_sam_train.training import Trainer

CONFIG = Path(__file__).parent.parent / "configs" / "tiny-test.yaml"


def one_sentence(capsys, *arguments: object) -> str:
    """The complaint of a command that must fail."""
    assert main(["--threads", "1", *(str(a) for a in arguments)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("mle-sam-train: Expected ")
    return error


def changed_config(folder: Path, change: Callable[[dict], None]) -> Path:
    raw = yaml.safe_load(CONFIG.read_text())
    change(raw)
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def without_layout(root: Path) -> None:
    (root / "dataset.json").unlink()
    (root / "img").rename(root / "images")


def without_modality(root: Path) -> None:
    shutil.rmtree(root / "lidar")


def with_strange_label(root: Path) -> None:
    path = next((root / "semantic/night/train").rglob("*.png"))
    pixels = np.array(Image.open(path))
    pixels[0, 0] = 77
    Image.fromarray(pixels).save(path)


def without_validation(root: Path) -> None:
    for condition in ("sun", "night"):
        shutil.rmtree(root / "semantic" / condition / "val")


def of_another_size(root: Path) -> None:
    description = json.loads((root / "dataset.json").read_text())
    (root / "dataset.json").write_text(json.dumps({**description, "width": 128}))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_layout, "Expected a data set description at"),
        (without_modality, "Expected the images of modality 'lidar' in"),
        (with_strange_label, "Expected label values 0..15 or 255 but received 77"),
        (without_validation, "Expected frames like"),
        (of_another_size, "Expected images of 64x64 pixels as configured but the data set has 128x64"),
    ],
)
def test_a_data_set_that_cannot_be_trained_on(data_root, tmp_path, capsys, damage, sentence) -> None:
    root = Path(shutil.copytree(data_root, tmp_path / "data"))
    damage(root)
    error = one_sentence(capsys, "base", "--config", CONFIG, "--data", root, "--run", tmp_path / "run")
    assert sentence in error
    assert not (tmp_path / "run" / "base").exists()


def another_rank(raw: dict) -> None:
    raw["model"]["lora"]["rank"] = 2


def another_width(raw: dict) -> None:
    raw["model"]["base"]["width"] = 32


def half_precision(raw: dict) -> None:
    raw["precision"] = "float16"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (another_width, "the checkpoint belongs to another model size or rig"),
        (half_precision, "Expected precision bfloat16 or float32 on cpu but received float16"),
    ],
)
def test_a_configuration_that_cannot_start_from_the_base(
    run, data_root, tmp_path, capsys, change, sentence
) -> None:
    """The cache folder stays empty: the complaint comes before anything is decoded."""
    base = ["--base", run / "base" / "model.safetensors", "--cache", tmp_path / "cache"]
    config = ["--config", changed_config(tmp_path, change), "--data", data_root]
    assert sentence in one_sentence(capsys, "experts", *config, *base, "--run", tmp_path / "new")
    assert not (tmp_path / "cache").exists()


def test_a_run_does_not_go_on_as_another_model(run, data_root, tmp_path, capsys) -> None:
    config = changed_config(tmp_path, another_rank)
    again = ["--config", config, "--data", data_root, "--run", run, "--resume"]
    error = one_sentence(capsys, "experts", *again)
    assert "Expected model.lora.rank 4, as" in error
    assert "but received 2; choose another folder" in error


def another_loss(raw: dict) -> None:
    raw["loss"] = {"dice_weight": 0.25}


def another_batch(raw: dict) -> None:
    raw["experts"]["batch"] = 4


def other_samples(raw: dict) -> None:
    raw["augment"] = {"zoom_min": 0.5}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (another_loss, r"Expected loss.dice_weight 0.5, as .*config.json was begun with, but received 0.25"),
        (another_batch, r"Expected experts.batch 2, as .*config.json was begun with, but received 4"),
        (other_samples, r"Expected augment.zoom_min 0.6, as .*config.json was begun with, but received 0.5"),
    ],
)
def test_a_run_does_not_go_on_with_another_loss_or_batch(
    run, data_root, tmp_path, capsys, change, sentence
) -> None:
    again = ["--config", changed_config(tmp_path, change), "--data", data_root, "--run", run, "--resume"]
    assert re.search(sentence, one_sentence(capsys, "experts", *again))


def test_a_run_goes_on_with_its_data_alone_wherever_they_lie(run, data_root, tmp_path, capsys) -> None:
    moved = Path(shutil.copytree(data_root, tmp_path / "moved"))
    again = [
        "experts",
        "--config",
        CONFIG,
        "--data",
        moved,
        "--run",
        Path(shutil.copytree(run, tmp_path / "run")),
    ]
    again += ["--resume", "--cache", "none", "--steps", "5"]
    assert main(["--threads", "1", *(str(a) for a in again)]) == 0
    assert "12 training frames" in capsys.readouterr().out
    next((moved / "semantic/sun/train").rglob("*.png")).unlink()
    error = one_sentence(capsys, *again)
    both = (
        rf"Expected the 12 training frames of {re.escape(str(data_root))} \(digest \w+\), which .*experts "
        rf"was begun with, but received the 11 training frames of {re.escape(str(moved))} \(digest \w+\)"
    )
    assert re.search(both, error)


def test_a_training_state_that_was_cut_off(run, data_root, tmp_path, capsys) -> None:
    copied = Path(shutil.copytree(run, tmp_path / "run"))
    state = copied / "experts" / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    again = ["--config", CONFIG, "--data", data_root, "--run", copied, "--resume"]
    assert "Expected a training state at" in one_sentence(capsys, "experts", *again)


def test_a_stage_stopped_by_a_signal_says_so_and_goes_on(data_root, tmp_path, capsys, monkeypatch) -> None:
    """Else a script would take half a training for a whole one."""
    original = Trainer.train_step

    def terminated(trainer: Trainer, batch: Batch) -> float:
        signal.raise_signal(signal.SIGTERM)
        return original(trainer, batch)

    stage = ["base", "--config", CONFIG, "--data", data_root, "--run", tmp_path / "run", "--resume"]
    monkeypatch.setattr(Trainer, "train_step", terminated)
    error = one_sentence(capsys, *stage)
    assert "Expected base to use up its budget but it was stopped at step 1" in error
    monkeypatch.setattr(Trainer, "train_step", original)
    assert main(["--threads", "1", *(str(a) for a in stage)]) == 0
    assert load_model(tmp_path / "run")[1]["stages"][-1]["steps"] == 4


def test_reports_that_are_not_there(run, data_root, tmp_path, capsys) -> None:
    export = ["export", run, "--data", data_root, "--out", tmp_path / "bundle"]
    assert "Expected a report at nowhere" in one_sentence(capsys, *export, "--scores", "nowhere")
    routing = ["--scores", run / "scores.json", "--routing", "nowhere"]
    assert "`mle-sam-train routing" in one_sentence(capsys, *export, *routing)


def test_scores_of_no_frame(run, data_root, capsys) -> None:
    options = ["--data", data_root, "--split", "test", "--every", "0"]
    assert "Expected 1 or more for --every but received 0" in one_sentence(capsys, "evaluate", run, *options)
