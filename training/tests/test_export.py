"""The whole way by the command line, and the bundle against PyTorch."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mle_sam_train.bundle import TrainingData
from mle_sam_train.checkpoint import load_model, save_weights
from mle_sam_train.claims.report import with_section
from mle_sam_train.claims.text import CARD_HEADING
from mle_sam_train.cli import main
from mle_sam_train.data import Frame, FrameCache, measure_input_statistics
from mle_sam_train.evaluation import all_subsets, evaluate
from mle_sam_train.export import HeadGraph, OnnxModel, check_parity, export_graphs
from mle_sam_train.model import MleSam
from mle_sam_train.model_card import LIMITS, model_card

CONFIG = str(Path(__file__).parent.parent / "configs" / "tiny-test.yaml")


def test_the_bundle_is_complete_and_its_hashes_hold(run: Path) -> None:
    bundle = run / "bundle"
    manifest = json.loads((bundle / "model.json").read_text())
    assert manifest["formatVersion"] == 1
    assert manifest["input"] == {"width": 64, "height": 64}
    assert [m["name"] for m in manifest["modalities"]] == ["camera", "depth", "events", "lidar"]
    assert manifest["unlabeledId"] == 255
    entries = [
        *manifest["files"].values(),
        *manifest["golden"]["images"].values(),
        manifest["golden"]["labels"],
    ]
    for entry in entries:
        assert hashlib.sha256((bundle / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert list(manifest["inputStatistics"]) == [m["name"] for m in manifest["modalities"]]
    assert [s["stage"] for s in manifest["training"]["stages"]] == ["base", "experts"]
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "none other" in card
    assert "4 frames of the split `test` without a failure of their own" in card
    assert "| lidar  | thinned " in card
    assert "test data. A short run." in card
    assert f"| all modalities | {manifest['training']['scores']['miou']:.1f}" in " ".join(card.split())


def test_a_card_is_written_anew_beside_graphs_that_stay(run: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(run / "bundle", bundle)
    section = f"{CARD_HEADING}\nWhat was compared.\n"
    (bundle / "MODEL_CARD.md").write_text(with_section((bundle / "MODEL_CARD.md").read_text(), section))
    before = json.loads((bundle / "model.json").read_text())
    scores = json.loads((run / "scores.json").read_text())
    scores["full"]["miou"], scores["frames"] = 12.34, 99
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    arguments = ["card", str(bundle), str(run), "--scores", str(tmp_path / "scores.json")]
    general = LIMITS[-1]
    limits = ["--limit", general, "--limit", "Snow was never seen.", "--limit", "Nor sand."]
    limits += ["--max-scatter", "depth=0.03"]
    assert main([*arguments, *limits]) == 0
    after = json.loads((bundle / "model.json").read_text())
    assert after["training"]["scores"]["miou"] == 12.34
    assert after["inputStatistics"]["depth"].pop("maxScatter") == 0.03
    assert {key: value for key, value in after.items() if key != "training"} == {
        key: value for key, value in before.items() if key != "training"
    }
    card = (bundle / "MODEL_CARD.md").read_text()
    assert card.endswith(f"- {general}\n- Snow was never seen.\n- Nor sand.\n")
    assert card.count(general) == 1
    assert f"{section}\n## Limits\n" in card
    assert "99 frames of the split" in card and "A short run." in card
    blinded = card.index("## One sensor blinded")
    assert "4 frames of the split `test` without a failure of their own" in card[blinded:]
    assert blinded < card.index(CARD_HEADING)
    assert main(arguments) == 0
    assert (bundle / "MODEL_CARD.md").read_text() == card


def test_a_card_of_other_weights_is_refused(run: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(run / "bundle", bundle)
    card = (bundle / "MODEL_CARD.md").read_text()
    model, summary = load_model(run)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    save_weights(model, tmp_path / "other.safetensors", summary)
    arguments = [
        "card",
        str(bundle),
        str(tmp_path / "other.safetensors"),
        "--scores",
        str(run / "scores.json"),
    ]
    assert main(arguments) == 2
    assert (bundle / "MODEL_CARD.md").read_text() == card


def test_a_bundle_without_input_statistics_is_given_those_that_export_writes(
    run: Path, data_root: Path, tmp_path: Path
) -> None:
    exported = json.loads((run / "bundle" / "model.json").read_text())
    older = {key: value for key, value in exported.items() if key != "inputStatistics"}
    # What was measured otherwise stays.
    older["inputStatistics"] = {"depth": {"maxScatter": 0.03}}
    exported["inputStatistics"]["depth"]["maxScatter"] = 0.03
    (tmp_path / "model.json").write_text(json.dumps(older))
    data = ["--data", str(data_root), "--split", "val", "--cache", str(tmp_path / "cache")]
    arguments = ["statistics", str(tmp_path), *data]
    assert main(arguments) == 0
    assert json.loads((tmp_path / "model.json").read_text()) == exported
    (tmp_path / "model.json").write_text("{}")
    assert main(arguments) == 2


def test_input_statistics_tell_how_the_means_of_single_images_are_spread() -> None:
    picture = np.zeros((4, 2, 2, 3), np.uint8)
    picture[0::2] = 100
    points = np.zeros((4, 2, 2, 3), np.uint8)
    points[:3, 0, 0] = [[10, 0, 30], [20, 0, 30], [30, 0, 30]]
    points[2, 1, 1] = [50, 0, 30]
    images = np.stack((picture, points), axis=1)
    frames = [Frame(str(i), "sun", "none", (), Path()) for i in range(4)]
    cache = FrameCache(frames, images, np.zeros((4, 2, 2), np.uint8), np.zeros((4, 1), np.int64))
    statistics = measure_input_statistics(cache, ["camera", "lidar"], ["rgb", "range-intensity-height"])
    assert statistics["camera"]["channels"][0] == {"mean": 50.0, "std": 50.0}
    assert statistics["camera"]["knownShare"] == {"mean": 1.0, "std": 0.0}
    # Means over known pixels: 10, 20 and (30 + 50) / 2; the last image knows nothing.
    assert statistics["lidar"]["channels"] == [
        {"mean": 23.3333, "std": 12.4722},
        {"mean": 0.0, "std": 0.0},
        {"mean": 30.0, "std": 0.0},
    ]
    assert statistics["lidar"]["images"] == 4


def test_a_card_of_simulated_scores_says_what_they_are_worth(run: Path) -> None:
    model, _ = load_model(run)
    manifest = json.loads((run / "bundle" / "model.json").read_text())
    manifest["training"] |= {"data": TrainingData("simulation").words, "note": ""}
    report = json.loads((run / "scores.json").read_text())
    card = model_card(model, manifest, report, {"featureDifference": 0.0, "labelDifference": 0.0})
    assert "simulated scenes" in card and "no claim about the real world" in card


def test_onnx_gives_the_golden_labels(run: Path) -> None:
    bundle = run / "bundle"
    names = list(json.loads((bundle / "model.json").read_text())["golden"]["images"])
    images = np.stack([np.array(Image.open(bundle / "golden" / f"{name}.png")) for name in names])
    onnx = OnnxModel(bundle)
    labels, confidence, routing = onnx.decode(onnx.encode(images, np.arange(len(names))))
    golden = np.array(Image.open(bundle / "golden" / "labels.png"))
    assert golden.dtype == labels.dtype == confidence.dtype == np.uint8
    assert (labels == golden).mean() > 0.999
    np.testing.assert_allclose(routing.sum(axis=1), 1, atol=1e-5)


def test_exported_graphs_agree_for_any_subset(model: MleSam, val_cache: FrameCache, tmp_path: Path) -> None:
    """`model` is shaken, so position embeddings and experts are far from zero. It is saved first and loaded
    again after the export: tracing must not have changed what it is compared with."""
    save_weights(model, tmp_path / "model.safetensors", {})
    export_graphs(model, tmp_path)
    again = load_model(tmp_path / "model.safetensors")[0]
    parity = check_parity(again, tmp_path, np.array(val_cache.images[0]))
    assert parity["featureDifference"] < 1e-4
    assert parity["labelDifference"] < 1e-3
    onnx = OnnxModel(tmp_path)
    for subset in ([1, 3], [2], [3, 0, 1]):
        images, modality = np.array(val_cache.images[1][subset]), np.array(subset)
        received = onnx.encode(images, modality)
        with torch.inference_mode():
            expected = again.encode(torch.from_numpy(images), torch.tensor(subset))
            labels, confidence, routing = HeadGraph(again)(*expected)
        for a, b in zip(received, expected, strict=True):
            np.testing.assert_allclose(a, b.numpy(), atol=1e-4)
        decoded = onnx.decode(received)
        assert (decoded[0] == labels.numpy()).mean() > 0.999
        assert np.abs(decoded[1].astype(int) - confidence.numpy()).max() <= 1
        np.testing.assert_allclose(decoded[2], routing.numpy(), atol=1e-5)


@torch.inference_mode()
def test_confidence_is_the_softmax_of_the_winner(model: MleSam, val_cache: FrameCache) -> None:
    images = torch.from_numpy(np.array(val_cache.images[2]))
    features = model.encode(images, torch.arange(4))
    labels, confidence, _ = HeadGraph(model)(*features)
    output = model.decode([f[None] for f in features], torch.ones(1, 4, dtype=torch.bool))
    best, index = model.full_size(output.joined).softmax(dim=1)[0].max(dim=0)
    assert torch.equal(labels, index.to(torch.uint8))
    assert ((255 * best).round() - confidence).abs().max() <= 1


def test_predict_writes_the_labels_the_evaluation_scored(run: Path, data_root: Path, tmp_path: Path) -> None:
    command = ["predict", str(run / "small.safetensors"), "--data", str(data_root), "--limit", "2"]
    assert main(["--threads", "1", *command, "--out", str(tmp_path)]) == 0
    written = sorted(tmp_path.rglob("*.png"))
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        f"{condition}/test/MAP_1_point0/00000{i}.png" for condition, i in (("night", 1), ("sun", 0))
    ]
    assert np.array(Image.open(written[0])).shape == (64, 64)


def test_subsets_are_scored_like_single_runs(model: MleSam, val_cache: FrameCache) -> None:
    assert len(all_subsets(4)) == 15
    scores = evaluate(model, val_cache)
    alone = evaluate(model, val_cache, [(1, 3)], batch=1)
    both = scores.matrix((1, 3)).counts, alone.matrix((1, 3)).counts
    assert np.abs(both[0] - both[1]).sum() <= 8  # sums in another order may turn a tie
    assert both[0].sum() == (val_cache.labels != 255).sum()
    assert set(scores.routing) == {"night", "sun"}
    report = scores.report()
    assert report["subsetMean"] == pytest.approx(np.mean(list(report["subsets"].values())), abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "nowhere", "--data", "DATA"], "Expected a checkpoint at nowhere"),
        (
            ["base", "--config", CONFIG, "--data", "nowhere", "--run", "RUN"],
            "Expected a data set description at",
        ),
        (
            ["base", "--config", "nowhere", "--data", "DATA", "--run", "RUN"],
            "Expected a YAML configuration at",
        ),
        (["experts", "--config", CONFIG, "--data", "DATA", "--run", "EMPTY"], "Expected a trained base at"),
        (["base", "--config", CONFIG, "--data", "DATA", "--run", "RUN"], "Expected a fresh run but found"),
        (
            ["base", "--config", CONFIG, "--data", "DATA", "--run", "X", "--steps", "0"],
            "Expected a positive budget",
        ),
        (["predict", "RUN", "--data", "DATA", "--split", "x", "--out", "X"], "Expected a split among"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    run: Path, data_root: Path, tmp_path: Path, capsys, arguments, sentence
) -> None:
    known = {"DATA": data_root, "RUN": run, "EMPTY": tmp_path, "X": tmp_path / "x"}
    assert main(["--threads", "1", *(str(known.get(a, a)) for a in arguments)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert sentence in error
