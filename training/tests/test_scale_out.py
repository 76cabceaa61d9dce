"""Accumulation, several processes, TensorBoard and the ablation command."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gradients_of_shares import gradients
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import distributed

from mle_sam_train.ablation import VARIANTS, run_ablation, variant_config
from mle_sam_train.checkpoint import load_base, load_model, save_weights, write_config
from mle_sam_train.cli import main
from mle_sam_train.config import Config, config_to_dict
from mle_sam_train.data import TrainingSampler
from mle_sam_train.errors import InputError
from mle_sam_train.model import MleSam
from mle_sam_train.optimizer import build_optimizer, count_trainable
from mle_sam_train.processes import Processes, join_processes
from mle_sam_train.schedule import Budget
from mle_sam_train.training import Trainer

CONFIG = Path(__file__).parent.parent / "configs" / "tiny-test.yaml"


def with_stage(config: Config, **changes: object) -> Config:
    return replace(config, experts=replace(config.experts, **changes))


def fresh(config: Config, info) -> MleSam:
    torch.manual_seed(3)
    return MleSam(config, info.rig)


def test_accumulated_gradients_are_the_mean_of_the_parts(
    config, info, train_cache, val_cache, tmp_path
) -> None:
    chosen = with_stage(config, batch=4, accumulate=2, clip=1e9, weight_decay=0.0)
    running = Trainer(fresh(chosen, info), train_cache, val_cache, tmp_path, "experts", Budget(4, None))
    batch = running.sampler.batch_at(0)
    halves = batch.parts(2)
    assert [len(half.labels) for half in halves] == [2, 2]
    assert torch.equal(halves[1].images, batch.images[2:])
    seen = []
    running.optimizer.step = lambda: seen.extend(g.clone() for g in grads(running.model))
    running.train_step(batch)
    twin = fresh(chosen, info)
    build_optimizer(twin, "experts", chosen.experts)
    reference = Trainer(twin, train_cache, val_cache, tmp_path, "experts", Budget(4, None))
    drawn = drawn_offset(chosen.seed, 0)
    for half in halves:
        (reference._loss(half, drawn) / 2).backward()
    for a, b in zip(seen, grads(twin), strict=True):
        torch.testing.assert_close(a, b)


def grads(model: MleSam) -> list[torch.Tensor]:
    return [p.grad for p in model.parameters() if p.grad is not None]


def drawn_offset(seed: int, step: int) -> tuple[int, int]:
    offset = np.random.default_rng([seed, 3, step]).integers(0, 64, 2)
    return int(offset[0]), int(offset[1])


def test_a_batch_that_cannot_be_shared_is_refused(config, info, train_cache, val_cache, tmp_path) -> None:
    chosen = with_stage(config, batch=3, accumulate=2)
    with pytest.raises(InputError, match=r"Expected a batch divisible by .* \(1 x 2\) but received 3"):
        Trainer(fresh(chosen, info), train_cache, val_cache, tmp_path, "experts", Budget(1, None))


def test_processes_draw_different_shares_of_every_batch(config, train_cache) -> None:
    kinds = ["rgb", "hha", "counts-recency", "range-intensity-height"]
    plain = replace(config.augment, rare_probability=0, flip=0, zoom_probability=0, colour_probability=0)
    shares = [TrainingSampler(train_cache, plain, "base", 4, 1, kinds, (rank, 2)) for rank in (0, 1)]
    seen = {image.numpy().tobytes() for step in range(3) for s in shares for image in s.batch_at(step).images}
    assert len(seen) == len(train_cache)


def torchrun(*command: object) -> str:
    """Two processes on this machine's CPU, with gloo; returns what they print."""
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        *command,
    ]
    done = subprocess.run([str(part) for part in launcher], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_shared_model_is_not_the_last_to_let_go_of_its_group(tmp_path, monkeypatch) -> None:
    """Once in hundreds of times it waited for ever: for a thread that waited for Python's lock."""
    begin = distributed.init_process_group
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    alone = {"store": store, "rank": 0, "world_size": 1}
    monkeypatch.setattr(distributed, "init_process_group", lambda *_, **__: begin("gloo", **alone))
    monkeypatch.setenv("WORLD_SIZE", "2")
    with join_processes() as processes:
        shared = processes.share(torch.nn.Linear(4, 4))
        shared(torch.ones(1, 4)).sum().backward()
        group = weakref.ref(distributed.group.WORLD)
    del shared
    gc.collect()
    assert group() is not None


@pytest.mark.parametrize("accumulate", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_two_processes_have_the_gradients_of_one(config, data_root, tmp_path, accumulate) -> None:
    """Every pixel counts as hard here: of two that are nearly alike, rounding would choose. Which pixels are
    hard in a shared batch is tested with the losses, in double precision."""
    loss = replace(config.loss, dice_weight=0.5, ohem_threshold=1.0)
    chosen = replace(with_stage(config, batch=4, accumulate=accumulate, clip=0.5), loss=loss)
    raw = config_to_dict(chosen)
    script = Path(__file__).parent / "gradients_of_shares.py"
    torchrun(script, json.dumps(raw), data_root, tmp_path, 5)
    first, second = (torch.load(tmp_path / f"rank{rank}.pt") for rank in (0, 1))
    whole = gradients(raw, data_root, tmp_path, Processes(), 5)
    assert first["loss"] == second["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    assert whole["gradients"].keys() == first["gradients"].keys()
    for name, gradient in whole["gradients"].items():
        assert torch.equal(first["gradients"][name], second["gradients"][name]), name
        torch.testing.assert_close(first["gradients"][name], gradient, atol=2e-6, rtol=1e-3, msg=name)


@pytest.mark.slow
def test_two_processes_go_on_with_what_one_began(
    config, info, data_root, train_cache, val_cache, tmp_path
) -> None:
    torch.manual_seed(5)
    base = MleSam(config, info.rig)
    save_weights(base, tmp_path / "base.safetensors", {"stages": []})

    def alone(name: str) -> Trainer:
        torch.manual_seed(config.seed)
        model = MleSam(config, info.rig)
        load_base(model, tmp_path / "base.safetensors")
        return Trainer(model, train_cache, val_cache, tmp_path / name, "experts", Budget(4, None))

    whole, begun = alone("whole"), alone("run")
    whole.run()
    for step in range(2):
        begun.train_step(begun.sampler.batch_at(step))
    begun.checkpoint()
    write_config(config, tmp_path / "run/experts/config.json")
    arguments = [
        "--config",
        CONFIG,
        "--data",
        data_root,
        "--run",
        tmp_path / "run",
        "--steps",
        "4",
        "--resume",
    ]
    arguments += ["--base", tmp_path / "base.safetensors", "--workers", "1", "--cache", "memory"]
    # Without the dashes torchrun takes our --run for a beginning of its own --run-path.
    torchrun("-m", "--", "mle_sam_train.cli", "--threads", "1", "experts", *arguments)
    assert load_model(tmp_path / "run")[1]["stages"][-1]["steps"] == 4
    last = [
        [json.loads(line) for line in (tmp_path / name / "experts/log.jsonl").read_text().splitlines()]
        for name in ("whole", "run")
    ]
    losses = [[r["loss"] for r in records if r["step"] == 4 and "loss" in r] for records in last]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)  # one entry: written once, not once a process


def test_figures_go_to_tensorboard(config, info, train_cache, val_cache, tmp_path) -> None:
    Trainer(fresh(config, info), train_cache, val_cache, tmp_path, "experts", Budget(4, None)).run()
    events = EventAccumulator(str(tmp_path / "experts" / "tensorboard"))
    events.Reload()
    scalars = events.Tags()["scalars"]
    assert {"experts/loss", "experts/lr", "experts/val/full"} <= set(scalars)
    records = [json.loads(line) for line in (tmp_path / "experts/log.jsonl").read_text().splitlines()]
    logged = [r["loss"] for r in records if "loss" in r]
    assert [s.value for s in events.Scalars("experts/loss")] == pytest.approx(logged)
    assert [s.step for s in events.Scalars("experts/loss")] == [2, 4]


def test_full_fine_tuning_trains_the_base_too(config, info, train_cache, val_cache, tmp_path) -> None:
    chosen = with_stage(config, trainable="all")
    model = fresh(chosen, info)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    assert count_trainable(model, "experts") > count_trainable(fresh(config, info), "experts")
    Trainer(model, train_cache, val_cache, tmp_path, "experts", Budget(2, None)).run()
    weights = [name for name in before if name.endswith("qkv.weight")]
    assert all(not torch.equal(before[name], model.state_dict()[name]) for name in weights)


@pytest.mark.parametrize("name", list(VARIANTS))
def test_a_variant_changes_what_it_names_and_the_seed(config, name: str) -> None:
    changed = variant_config(config, name, 11)
    assert changed.seed == 11
    parts = ("lora", "head", "router")
    differs = [part for part in parts if getattr(changed.model, part) != getattr(config.model, part)]
    differs += [
        part
        for part in ("augment", "experts", "base", "loss")
        if getattr(changed, part) != getattr(config, part)
    ]
    assert differs == list(VARIANTS[name])
    assert changed.model.base == config.model.base


def test_the_ablation_is_one_command_that_resumes(data_root, tmp_path, capsys) -> None:
    command = [
        "--threads",
        "1",
        "ablation",
        "--config",
        str(CONFIG),
        "--data",
        str(data_root),
        "--run",
        str(tmp_path),
    ]
    chosen = [
        "--steps",
        "1",
        "--seeds",
        "1",
        "2",
        "--variants",
        "full",
        "no-auxiliary-head",
        "one-shared-lora",
    ]
    assert main([*command, *chosen]) == 0
    table = (tmp_path / "ablation.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert [row[0] for row in rows[2:]] == ["full", "no-auxiliary-head", "one-shared-lora"]
    assert all("±" in cell for row in rows[2:] for cell in row[1:5])
    trainable = [int(row[5].replace(",", "")) for row in rows[2:]]
    assert trainable[0] > trainable[1]
    assert trainable[0] > trainable[2]
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    capsys.readouterr()
    assert main([*command, *chosen]) == 0
    assert {path: path.stat().st_mtime_ns for path in stamps} | stamps == stamps
    assert capsys.readouterr().out.strip().splitlines()[-len(rows) :] == table.strip().splitlines()


def test_an_unknown_variant_is_refused(config, data_root, tmp_path) -> None:
    with pytest.raises(InputError, match=r"Expected variants among .* but received 'none'"):
        run_ablation(config, data_root, tmp_path, seeds=[1], variants=["none"])


@pytest.mark.slow
def test_a_compiled_model_has_the_gradients_of_a_plain_one(config, data_root, tmp_path, monkeypatch) -> None:
    """Traced and taken through autograd by PyTorch's compiler; kernels are those of the plain model."""
    compile_model = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module: compile_model(module, backend="aot_eager"))
    plain, compiled = (
        gradients(config_to_dict(with_stage(config, compiled=how)), data_root, tmp_path / how, Processes(), 5)
        for how in ("off", "on")
    )
    assert compiled["loss"] == pytest.approx(plain["loss"], rel=1e-5)
    for name, gradient in plain["gradients"].items():
        torch.testing.assert_close(compiled["gradients"][name], gradient, atol=2e-6, rtol=1e-3, msg=name)
