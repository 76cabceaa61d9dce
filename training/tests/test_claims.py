"""The comparison with fair counterparts: scores, judgement, variants, and all of it on a tiny data set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mle_sam_train.checkpoint import save_weights
from mle_sam_train.claims.lab import Source, info_at_size
from mle_sam_train.claims.report import read_runs, with_section
from mle_sam_train.claims.runs import Plan, fitted_steps, in_order
from mle_sam_train.claims.scores import DeviceConfusion, router_worth, subset_scores
from mle_sam_train.claims.separate import FixedRouter
from mle_sam_train.claims.trainer import absence
from mle_sam_train.claims.variants import (
    MLE_SAM,
    VARIANTS,
    build_variant,
    forward_operations,
    trained_count,
    variant_config,
)
from mle_sam_train.claims.verdict import compare
from mle_sam_train.cli import main
from mle_sam_train.config import load_config
from mle_sam_train.data import open_cache
from mle_sam_train.data.degrade import CAMERA_FAILURES, SPARSE_FAILURES
from mle_sam_train.data.plan import SamplePlanner
from mle_sam_train.data.sampling import StepPlans
from mle_sam_train.errors import InputError
from mle_sam_train.evaluation import PROTOCOLS, all_subsets, evaluation_report, expected_miou
from mle_sam_train.metrics import ConfusionMatrix
from mle_sam_train.model import MleSam, Rig

CONFIG = Path(__file__).parent.parent / "configs" / "tiny-test.yaml"


@pytest.fixture(scope="module")
def base(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    command = ["--threads", "1", "base", "--config", str(CONFIG), "--data", str(data_root)]
    assert main([*command, "--run", str(folder)]) == 0
    return folder / "base" / "model.safetensors"


def built(config, info, name: str, base: Path | None = None):
    model = build_variant(variant_config(config, name, 5), name, info.rig, base, info.rig.modalities)
    return model.eval()


def shaken(model):
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def on_device(cache) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(np.array(cache.images)), torch.from_numpy(np.array(cache.labels))


def test_emm_average_and_expectation_by_hand() -> None:
    """Three sensors, p = 0.1: 0.729 for all, 0.081 for each pair, 0.009 for each alone, 0.999 in all."""
    scores = dict(zip(all_subsets(3), (70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0), strict=True))
    by_hand = (0.729 * 70 + 0.081 * (60 + 50 + 40) + 0.009 * (30 + 20 + 10)) / 0.999
    assert expected_miou(scores, 3, 0.1) == pytest.approx(by_hand)
    assert expected_miou(scores, 3, 0.5) == pytest.approx(280 / 7)  # all subsets alike: the plain mean


def test_confusion_on_the_device_is_that_of_the_evaluator() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 5, (4, 9, 7)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.3] = 255
    prediction = rng.integers(0, 5, truth.shape).astype(np.uint8)
    ours, expected = DeviceConfusion(5, torch.device("cpu")), ConfusionMatrix(5)
    for part in (slice(0, 1), slice(1, 4)):
        ours.add(torch.from_numpy(truth[part]), torch.from_numpy(prediction[part]))
    expected.add(truth, prediction)
    assert (ours.confusion().counts == expected.counts).all()


def test_mle_sam_is_scored_as_by_the_evaluator(config, info, val_cache) -> None:
    model = shaken(built(config, info, MLE_SAM))
    ours = subset_scores(model, *on_device(val_cache))
    expected = evaluation_report(model, val_cache, PROTOCOLS)
    for name, score in expected["subsets"].items():
        assert ours["absent"]["subsets"][name] == pytest.approx(score, abs=0.05)
        assert ours["zero-filled"]["subsets"][name] == pytest.approx(
            expected["zeroFilled"]["subsets"][name], abs=0.05
        )
    mean = np.mean(list(ours["absent"]["subsets"].values()))
    assert ours["absent"]["subsetMean"] == pytest.approx(mean, abs=0.01)


@pytest.mark.parametrize("name", VARIANTS)
@torch.inference_mode()
def test_training_and_scoring_mean_the_same_by_zeros(config, info, val_cache, name) -> None:
    """`forward` with blank sensors gives the logits that the zero-filled protocol is scored by."""
    model = shaken(built(config, info, name))
    images, _ = on_device(val_cache)
    subset = (0, 2)
    present = torch.ones(images.shape[:2], dtype=torch.bool)
    blank = torch.ones_like(present)
    blank[:, list(subset)] = False
    scored = {protocol: joined for _, protocol, joined in model.subset_outputs(images, [subset])}
    trained = model(images, present, blank).joined
    assert torch.allclose(trained, scored["zero-filled"], atol=1e-4)
    changed = images.clone()
    changed[:, [1, 3]] = 255 - changed[:, [1, 3]]
    for protocol, joined in scored.items():  # what a missing sensor shows never matters
        again = dict((p, j) for _, p, j in model.subset_outputs(changed, [subset]))[protocol]
        assert torch.equal(joined, again)
    if "absent" in scored:
        left_out = model(images, ~blank, torch.zeros_like(blank)).joined
        assert torch.allclose(left_out, scored["absent"], atol=1e-4)
        assert not torch.allclose(scored["absent"], scored["zero-filled"], atol=1e-3)


@pytest.mark.parametrize("name", VARIANTS)
@torch.inference_mode()
def test_every_variant_begins_as_its_base(config, info, val_cache, base, name) -> None:
    """On the camera alone, or on all sensors with equal weights: as the base says and the table states."""
    model = built(config, info, name, base)
    plain = built(config, info, MLE_SAM, base)
    images, _ = on_device(val_cache)
    everything = torch.ones(images.shape[:2], dtype=torch.bool)
    nothing = torch.zeros_like(everything)
    ours = model(images, everything, nothing).joined
    if model.has_router or name == "concatenation":
        expected = plain(images, everything, nothing).joined
    else:
        features = plain.encode(images[:, 0], torch.zeros(len(images), dtype=torch.int64), experts=False)
        expected = plain._classify(features, features, nothing).joined
    assert torch.allclose(ours, expected, atol=1e-4)


def test_counterparts_have_about_as_many_parameters(info) -> None:
    config = load_config(CONFIG.parent / "claims.yaml")
    counts = {name: trained_count(built(config, info, name)) for name in VARIANTS}
    assert max(counts.values()) < 1.2 * min(counts.values())
    assert counts["early-fusion"] == counts["early-fusion-absence"]


def test_every_batch_has_as_many_images(config, train_cache) -> None:
    """As a CUDA graph needs: with `subset_shares`, and for the variant that always sees all."""
    shares = replace(config.augment, subset_shares=(0.25, 0.25, 0.2, 0.3), first_alone=0.25)
    changed = replace(config, augment=shares, experts=replace(config.experts, batch=13))
    kinds = ["rgb", "hha", "counts-recency", "range-intensity-height"]
    for name in (MLE_SAM, "early-fusion"):
        augment = variant_config(changed, name, 1).augment
        plans = StepPlans(SamplePlanner(train_cache, augment, "experts", 1, kinds), 13, (0, 1))
        batches = [np.stack([plan.present for plan in plans.at(step)[0]]) for step in range(8)]
        counts = {int(absence(torch.from_numpy(present))[0].sum()) for present in batches}
        assert len(counts) == 1
        assert len({present.tobytes() for present in batches}) == (8 if name == MLE_SAM else 1)


@pytest.mark.parametrize("name", VARIANTS)
def test_samples_differ_by_absence_and_failures_alone(config, name) -> None:
    augment = variant_config(config, name, 3).augment
    assert (augment.full_set_probability == 1) == (name in ("early-fusion", "early-fusion-plain"))
    assert (augment.degrade_probability == 0) == (name == "early-fusion-plain")
    own = config.augment
    changed = {
        "full_set_probability": own.full_set_probability,
        "degrade_probability": own.degrade_probability,
    }
    assert replace(augment, **changed) == own


def test_operations_are_counted(config, info) -> None:
    """Four encoder passes cost more than one; a projection for each sensor by as much as its products."""
    counts = {name: forward_operations(built(config, info, name)) for name in VARIANTS}
    assert counts[MLE_SAM] > 2 * counts["early-fusion"]
    channels, sensors = config.model.base.fpn_channels, len(info.rig.modalities)
    places = sum((config.height // stride) * (config.width // stride) for stride in (4, 8, 16))
    added = counts["mle-sam-projected"] - counts[MLE_SAM]
    assert added == 2 * sensors * channels**2 * places


def test_frames_are_resampled_to_the_size_configured(config, info, data_root, val_cache, tmp_path) -> None:
    half = replace(config, width=info.width // 2, height=info.height // 2)
    cache = open_cache(info_at_size(Source(half, data_root, tmp_path, None, "val", 2)), "val", tmp_path)
    assert cache.images.shape[2:4] == cache.labels.shape[1:] == (half.height, half.width)
    places = (2 * np.arange(half.height) + 1, 2 * np.arange(half.width) + 1)
    nearest = [val_cache.labels[:, places[0] - a][:, :, places[1] - b] for a in (0, 1) for b in (0, 1)]
    assert any((cache.labels == each).all() for each in nearest)  # of two equally near, either
    other = replace(config, width=info.width // 2)
    with pytest.raises(InputError, match="Expected images of 32x64 pixels as configured, or of that shape"):
        info_at_size(Source(other, data_root, tmp_path, None, "val", 2))


def test_what_goes_beyond_the_comparison_comes_last() -> None:
    plan = Plan(5, ["mle-sam-pixel", MLE_SAM, "early-fusion-plain", "early-fusion"], [1, 2], {}, {})
    assert [(name, seed) for name, seed, _ in in_order(plan)] == [
        *((name, seed) for seed in (1, 2) for name in (MLE_SAM, "early-fusion")),
        *((name, seed) for seed in (1, 2) for name in ("mle-sam-pixel", "early-fusion-plain")),
    ]


def test_page_and_card_are_those_of_the_kept_results(tmp_path) -> None:
    """`mle-sam-train claims --report` writes both from `training/results`."""
    root = CONFIG.parents[2]
    card = root / "models" / "reference" / "MODEL_CARD.md"
    again = tmp_path / "card.md"
    again.write_text(card.read_text())
    report = ["claims", "--report", str(root / "training" / "results" / "claims-cpu.json")]
    assert main([*report, "--docs", str(tmp_path / "claims.md"), "--card", str(again)]) == 0
    assert (tmp_path / "claims.md").read_text() == (root / "docs" / "claims.md").read_text()
    assert again.read_text() == card.read_text()


def test_half_of_the_absent_are_zeros_the_others_left_out() -> None:
    wanted = torch.rand(400, 4, generator=torch.Generator().manual_seed(1)) < 0.5
    present, blank = absence(wanted)
    assert ((present & ~blank) == wanted).all()  # what was there is there, and nothing else shows
    zeros = blank.any(dim=1)
    assert (present[zeros].all(dim=1)).all()
    assert (present[~zeros] == wanted[~zeros]).all()
    assert 0.4 < zeros[~wanted.all(dim=1)].float().mean() < 0.6


@torch.inference_mode()
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == MLE_SAM else pytest.mark.slow)
        for name, variant in VARIANTS.items()
        if variant.model.has_router
    ],
)
def test_the_router_is_compared_with_constant_and_equal_weights(config, info, val_cache, name) -> None:
    model = shaken(built(config, info, name))
    images, labels = on_device(val_cache)
    report = router_worth(model, images, labels)
    trials = [(t["modality"], t["failure"]) for t in report["trials"]]
    assert trials[0] == (None, "clean")
    assert len(trials) == len(set(trials)) == 1 + len(set(CAMERA_FAILURES)) + 3 * len(set(SPARSE_FAILURES))
    assert np.allclose(np.sum(report["meanWeights"], axis=1), 1, atol=1e-3)
    with model.routed_by(torch.tensor([[0.1, 0.2, 0.3, 0.4]] * 3)):
        assert isinstance(model.router, FixedRouter)
        present = torch.tensor([[True, True, False, False]] * len(images))
        weights = model.decode(model.encode_all(images), present).routing
        expected = torch.tensor([1 / 3, 2 / 3, 0, 0]).expand_as(weights)
        assert torch.allclose(weights, expected)
    assert not isinstance(model.router, FixedRouter)
    equal = built(config, info, name)  # an untrained router weighs alike: all three choices are one
    trials = router_worth(equal, images, labels)["trials"]
    assert all(t["own"] == t["constant"] == t["uniform"] for t in trials)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ([44.0, 45.0], {"a": [40.0, 41.0], "b": [20.0, 21.0]}, "holds in kind"),  # +4.0, 9.9 %, needs 1.4
        ([61.4, 61.6], {"a": [60.0, 60.2]}, "ahead, but less"),  # +1.4, 2.3 %, needs 1.0
        ([60.5, 60.7], {"a": [60.0, 60.2]}, "no difference"),  # within the least spread
        ([50.0, 54.0], {"a": [48.0, 48.2]}, "no difference"),  # +3.9 but deviation 2.8
        ([40.0, 41.0], {"a": [44.0, 45.0], "b": [10.0, 11.0]}, "does not hold"),
        ([45.0], {"a": [40.0]}, "holds in kind"),
    ],
)
def test_the_judgement(ours, theirs, verdict) -> None:
    judged = compare(ours, theirs)
    assert judged.verdict == verdict
    assert judged.best == "a"
    assert judged.difference == pytest.approx(judged.ours - judged.theirs)


def test_steps_are_fitted_to_the_time() -> None:
    pace = {
        "a": {"start": 1.0, "step": 0.1, "score": 2.0},
        "b": {"start": 5.0, "step": 0.3, "score": 4.0},
    }
    # Two seeds of two variants, two at a time: 2 rounds in 90 % of 100 s, 45 s each, 6 not for steps.
    assert fitted_steps(pace, 2, 100, 2) == 195
    with pytest.raises(InputError, match=r"Expected time for 20 steps or more a run but received 10 s"):
        fitted_steps(pace, 2, 10, 1)


def test_all_of_it_on_a_tiny_data_set(data_root, base, tmp_path, capsys) -> None:
    folder, docs, card = tmp_path / "claims", tmp_path / "docs" / "claims.md", tmp_path / "card.md"
    card.write_text("# Card\n\n## Scores\n\n## Limits\n- none\n")
    names = ["mle-sam", "early-fusion", "early-fusion-absence", "concatenation", "mle-sam-pixel"]
    command = [
        "--threads",
        "1",
        "claims",
        "--config",
        str(CONFIG),
        "--data",
        str(data_root),
        "--run",
        str(folder),
    ]
    command += [
        "--base",
        str(base),
        "--frames",
        "2",
        "--steps",
        "2",
        "--seeds",
        "1",
        "2",
    ]
    assert main([*command, "--variants", *names]) == 0
    files = sorted(path.relative_to(folder).as_posix() for path in folder.glob("seed-*/*.json"))
    assert files == sorted(f"seed-{seed}/{name}.json" for seed in (1, 2) for name in names)
    result = json.loads((folder / "seed-1" / "mle-sam.json").read_text())
    assert (result["steps"], result["batch"], result["scoredFrames"]) == (2, 2, 2)
    assert len(result["absent"]["subsets"]) == len(result["zeroFilled"]["subsets"]) == 15
    report = ["claims", "--report", str(folder), "--docs", str(docs), "--card", str(card)]
    assert main(report) == 0
    text = docs.read_text()
    alone = ["claims", "--report", str(folder / "claims.json"), "--docs", str(tmp_path / "again.md")]
    assert main(alone) == 0
    assert (tmp_path / "again.md").read_text() == text
    assert all(VARIANTS[name].text in text for name in names)
    assert "All runs were made" in text
    once = card.read_text()
    assert once.index("## Against other ways to fuse") < once.index("## Limits")
    # A run that is missing is made again, the others stay; the page tells of it meanwhile.
    gone = folder / "seed-2" / "concatenation.json"
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("seed-*/*.json") if path != gone}
    first = json.loads(gone.read_text())
    gone.unlink()
    assert main(report) == 0
    assert "**Not made**: concatenation with seed 2" in docs.read_text()
    assert main([*command, "--variants", *names]) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    again = json.loads(gone.read_text())
    for key in ("zeroFilled", "absent", "loss"):  # functions of the seed
        assert again[key] == first[key]
    assert main(report) == 0
    assert "All runs were made" in docs.read_text()
    assert card.read_text().count("## Against other ways to fuse") == 1
    capsys.readouterr()
    assert main([*command, "--variants", "mle-sam"]) == 2
    assert "Expected variants ['mle-sam', 'early-fusion'" in capsys.readouterr().err


def test_processes_side_by_side_give_the_same(data_root, tmp_path) -> None:
    results = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        command = ["--threads", "1", "claims", "--config", str(CONFIG), "--data", str(data_root)]
        command += ["--run", str(folder), "--frames", "2", "--steps", "2", "--seeds", "4", "--jobs", jobs]
        assert main([*command, "--variants", "mle-sam", "early-fusion"]) == 0
        results.append([runs[0]["zeroFilled"] for runs in read_runs(folder)[1].values()])
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--report", "NOWHERE"], "Expected runs at NOWHERE but could not read them"),
        (["--config", str(CONFIG)], "Expected --data for the runs but received none"),
    ],
)
def test_bad_input_is_told(options, words, capsys) -> None:
    assert main(["claims", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_base_that_does_not_fit_ends_it_at_once(config, info, data_root, tmp_path, capsys, jobs) -> None:
    other = MleSam(config, Rig(info.rig.modalities, info.rig.classes[:3]))
    save_weights(other, tmp_path / "other.safetensors", {"stages": []})
    command = ["claims", "--config", str(CONFIG), "--data", str(data_root), "--run", str(tmp_path / "run")]
    command += ["--base", str(tmp_path / "other.safetensors"), "--steps", "1", "--jobs", jobs]
    assert main(command) == 2
    assert "Expected weights for the classes" in capsys.readouterr().err
    assert not list((tmp_path / "run").glob("seed-*"))


def test_a_card_gets_the_section_once() -> None:
    section = "## Against other ways to fuse\nnew\n"
    card = "# C\n\n## Against other ways to fuse\nold\n\n## Limits\n- x\n"
    assert with_section(card, section) == "# C\n\n## Against other ways to fuse\nnew\n\n## Limits\n- x\n"
    assert with_section("# C\n\n## Limits\n", section) == f"# C\n\n{section}\n## Limits\n"
