"""The training loop: what it may change, what it must not, and that a kill loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mle_sam_train.averaging import WeightAverage
from mle_sam_train.checkpoint import load_base, load_model, load_tensors, save_weights, write_config
from mle_sam_train.config import Config, config_from_dict, config_to_dict, load_config
from mle_sam_train.data import DatasetInfo, FrameCache
from mle_sam_train.errors import InputError
from mle_sam_train.model import MleSam, Rig
from mle_sam_train.schedule import Budget, learning_rate_factor
from mle_sam_train.training import Trainer

STAGES = ["base", "experts"]
CONFIGS = Path(__file__).parent.parent / "configs"


def fresh(config: Config, info: DatasetInfo) -> MleSam:
    torch.manual_seed(3)
    return MleSam(config, info.rig)


def trainer(
    model: MleSam, train: FrameCache, val: FrameCache, run: Path, stage: str, steps: int = 4
) -> Trainer:
    return Trainer(model, train, val, run, stage, Budget(steps, None))


def snapshot(model: MleSam) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_expert_training_changes_no_base_weight(config, info, train_cache, val_cache, tmp_path) -> None:
    model = fresh(config, info)
    before = snapshot(model)
    trainer(model, train_cache, val_cache, tmp_path, "experts").run()
    after = model.state_dict()
    base = {f"vision.{name}" for name, _ in model.base_parameters()}
    assert len(base) > 50
    assert all(torch.equal(before[name], after[name]) for name in base)
    experts = [f"vision.{name}" for name, _ in model.expert_parameters()]
    assert all(not torch.equal(before[name], after[name]) for name in experts if name.endswith("expert_up"))
    assert not torch.equal(before["decoder.class_tokens.weight"], after["decoder.class_tokens.weight"])
    assert not torch.equal(before["router.linear.0.weight"], after["router.linear.0.weight"])


def test_base_training_changes_no_expert(config, info, train_cache, val_cache, tmp_path) -> None:
    model = fresh(config, info)
    before = snapshot(model)
    trainer(model, train_cache, val_cache, tmp_path, "base").run()
    after = model.state_dict()
    untouched = [name for name in before if ".expert_" in name or name.startswith("router.")]
    assert all(torch.equal(before[name], after[name]) for name in untouched)
    trunk = [f"vision.{name}" for name, _ in model.base_parameters() if name.endswith("qkv.weight")]
    assert all(not torch.equal(before[name], after[name]) for name in trunk)


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_ends_where_an_uninterrupted_one_does(
    config, info, train_cache, val_cache, tmp_path, stage
) -> None:
    whole = fresh(config, info)
    trainer(whole, train_cache, val_cache, tmp_path / "whole", stage, 6).run()

    killed = trainer(fresh(config, info), train_cache, val_cache, tmp_path / "killed", stage, 6)
    for step in range(3):
        killed.train_step(killed.sampler.batch_at(step))
    killed.checkpoint()
    killed.train_step(killed.sampler.batch_at(3))  # lost with the kill

    model = fresh(config, info)
    resumed = trainer(model, train_cache, val_cache, tmp_path / "killed", stage, 6)
    resumed.resume()
    assert resumed.step == 3
    resumed.run()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name


def test_a_few_steps_lower_the_loss(config, info, train_cache, val_cache, tmp_path) -> None:
    running = trainer(fresh(config, info), train_cache, val_cache, tmp_path, "base", 40)
    losses = [running.train_step(running.sampler.batch_at(step)) for step in range(40)]
    assert sum(losses[-8:]) < 0.8 * sum(losses[:8])


def test_a_loss_that_is_not_finite_stops_before_weights_are_spoilt(
    config, info, train_cache, val_cache, tmp_path
) -> None:
    model = fresh(config, info)
    with torch.no_grad():
        model.join.fill_(float("nan"))
    running = trainer(model, train_cache, val_cache, tmp_path, "base")
    before = snapshot(model)
    with pytest.raises(InputError, match="Expected a finite loss at step 0 but received nan"):
        running.train_step(running.sampler.batch_at(0))
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name != "join")


def test_gradients_that_are_not_finite_stop_before_weights_are_spoilt(
    config, info, train_cache, val_cache, tmp_path
) -> None:
    model = fresh(config, info)
    running = trainer(model, train_cache, val_cache, tmp_path, "base")
    model.join.register_hook(lambda gradient: gradient * float("inf"))  # as an overflow would
    before = snapshot(model)
    with pytest.raises(InputError, match="Expected finite gradients at step 0"):
        running.train_step(running.sampler.batch_at(0))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_weights_carry_their_configuration(config, info, train_cache, val_cache, tmp_path) -> None:
    model = fresh(config, info)
    running = trainer(model, train_cache, val_cache, tmp_path, "experts", 2)
    running.run()
    loaded, summary = load_model(tmp_path)
    assert loaded.config == config
    assert loaded.rig.names == ["camera", "depth", "events", "lidar"]
    assert summary["stages"][-1]["steps"] == 2
    assert all(
        torch.equal(a, b) for a, b in zip(snapshot(model).values(), snapshot(loaded).values(), strict=True)
    )


def test_a_checkpoint_of_another_size_is_refused(config, info, tmp_path) -> None:
    raw = config_to_dict(config)
    raw["model"]["lora"]["rank"] = 2
    small = MleSam(config_from_dict(raw), info.rig)
    with pytest.raises(
        InputError, match=r"Expected shape \(4, 16, 8\) for .*expert_down but received \(4, 16, 4\)"
    ):
        load_tensors(fresh(config, info), small.state_dict(), tmp_path / "small.safetensors")


@pytest.mark.parametrize(
    ("progress", "factor"), [(0.0, 0.02), (0.05, 0.5), (0.1, 1.0), (0.55, 0.5**0.9), (1.0, 0.0), (1.2, 0.0)]
)
def test_schedule(progress: float, factor: float) -> None:
    assert learning_rate_factor(progress, 0.1, 0.9) == pytest.approx(factor)


def test_a_budget_of_minutes_counts_time() -> None:
    assert Budget(None, 2.0).progress(10**6, 30) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"model": {"lora": {"rnak": 4}}}, "Expected keys of config.model.lora among .* but received 'rnak'"),
        ({"precision": "half"}, "Expected one of .* for config.precision but received 'half'"),
        ({"seed": "7"}, "Expected a value of type int for config.seed but received '7'"),
        ({"model": {"base": {"blocks": 3}}}, "Expected a list for config.model.base.blocks but received 3"),
        ({"base": [1]}, r"Expected a mapping for config.base but received \[1\]"),
    ],
)
def test_a_wrong_configuration_is_refused_with_one_sentence(raw, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        config_from_dict(raw)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_run_reads_the_configuration_that_it_has_written(path, tmp_path) -> None:
    """Small rates as well: JSON writes 6e-05, which is no number in YAML 1.1."""
    written = load_config(path)
    write_config(written, tmp_path / "config.json")
    assert load_config(tmp_path / "config.json") == written


def test_a_kill_while_the_configuration_is_written_leaves_the_one_before(
    config, tmp_path, monkeypatch
) -> None:
    """A run that goes on writes it anew, and is gone on with by what it finds."""
    path, write_text = tmp_path / "config.json", Path.write_text

    def killed(self: Path, text: str) -> None:
        write_text(self, text[:50])
        raise KeyboardInterrupt

    write_config(config, path)
    monkeypatch.setattr(Path, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        write_config(config, path)
    assert load_config(path) == config


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"global_blocks": [1]}, "Expected global_blocks without the first block of a stage but received 1"),
        (
            {"windows": [24, 4, 4, 2]},
            "Expected an input size divisible by 32 and by four times the first window",
        ),
    ],
)
def test_a_geometry_that_cannot_run_is_refused(config, info, changes, sentence) -> None:
    raw = config_to_dict(config)
    raw["model"]["base"].update(changes)
    with pytest.raises(InputError, match=sentence):
        MleSam(config_from_dict(raw), info.rig)


def test_experts_start_from_the_base_of_a_camera_alone(config, info, tmp_path) -> None:
    camera = MleSam(config, Rig(info.rig.modalities[:1], info.rig.classes))
    save_weights(camera, tmp_path / "camera.safetensors", {"stages": ["told"]})
    model = fresh(config, info)
    before = snapshot(model)
    assert load_base(model, tmp_path / "camera.safetensors") == {"stages": ["told"]}
    after, source = model.state_dict(), camera.state_dict()
    for name in after:
        kept = ".expert_" in name or name.startswith("router.")
        assert torch.equal(after[name], before[name] if kept else source[name]), name


def test_a_base_for_other_classes_is_refused(config, info, tmp_path) -> None:
    other = MleSam(config, Rig(info.rig.modalities, info.rig.classes[:3]))
    save_weights(other, tmp_path / "other.safetensors", {"stages": []})
    with pytest.raises(InputError, match="Expected weights for the classes"):
        load_base(fresh(config, info), tmp_path / "other.safetensors")


def with_experts(config: Config, **changes) -> Config:
    raw = config_to_dict(config)
    raw["experts"].update(changes)
    return config_from_dict(raw)


def test_frames_on_the_device_and_averaged_weights_go_on_after_a_kill(
    config, info, train_cache, val_cache, tmp_path
) -> None:
    changed = with_experts(config, data="device", average=0.5, select="best")
    whole = trainer(fresh(changed, info), train_cache, val_cache, tmp_path / "whole", "experts", 4)
    whole.run()
    killed = trainer(fresh(changed, info), train_cache, val_cache, tmp_path / "killed", "experts", 4)
    for step in range(2):
        killed.train_step(killed.sampler.batch_at(step))
    killed.checkpoint()
    resumed = trainer(fresh(changed, info), train_cache, val_cache, tmp_path / "killed", "experts", 4)
    resumed.resume()
    resumed.run()
    for name, tensor in whole.judged.state_dict().items():
        assert torch.equal(tensor, resumed.judged.state_dict()[name]), name


def test_averaged_weights_are_what_is_kept(config, info, train_cache, val_cache, tmp_path) -> None:
    changed = with_experts(config, average=0.9)
    model = fresh(changed, info)
    running = trainer(model, train_cache, val_cache, tmp_path, "experts", 3)
    name = "decoder.class_tokens.weight"
    expected = model.state_dict()[name].clone()
    for step, decay in enumerate((0.1, 2 / 11, 0.25)):
        running.train_step(running.sampler.batch_at(step))
        expected = decay * expected + (1 - decay) * model.state_dict()[name]
    running.checkpoint()
    kept = load_model(tmp_path)[0].state_dict()[name]
    assert torch.allclose(kept, expected, atol=1e-6)
    assert not torch.allclose(kept, model.state_dict()[name], atol=1e-6)


def test_an_average_soon_forgets_what_it_began_with(config, info) -> None:
    average = WeightAverage(fresh(config, info), 0.998)
    remaining = 1.0
    for step in range(350):
        remaining *= average.decay_at(step)
    assert remaining < 1e-6
    assert average.decay_at(10**6) == 0.998


def test_the_best_weights_stay_when_later_ones_are_worse(
    config, info, train_cache, val_cache, tmp_path, monkeypatch
) -> None:
    running = trainer(
        fresh(with_experts(config, select="best"), info), train_cache, val_cache, tmp_path, "experts"
    )
    scores = iter([{"subsets": 30.0}, {"subsets": 20.0}])
    monkeypatch.setattr("mle_sam_train.training.quick_miou", lambda *_: next(scores))
    running._validate()
    best = load_model(tmp_path)[0].state_dict()
    running.train_step(running.sampler.batch_at(0))
    running._validate()
    running.checkpoint()
    after = load_model(tmp_path)[0].state_dict()
    assert all(torch.equal(best[name], after[name]) for name in best)
