"""The training loop of both stages."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .checkpoint import load_state, save_state, save_weights
from .config import Config, StageConfig
from .data import Batch, FrameCache, TrainingSampler
from .data.sampling import StageName
from .errors import InputError
from .evaluation import quick_miou
from .losses import class_weights, total_loss
from .model import MleSam
from .schedule import Budget, learning_rate_factor


def trainable_parameters(model: MleSam, stage: StageName) -> dict[str, list[tuple[str, nn.Parameter]]]:
    """What a stage trains, by learning-rate group: `base` trains trunk, neck and heads without any expert;
    `experts` trains LoRA, router and heads and leaves every weight of the base alone."""
    heads = [
        item
        for item in model.named_parameters()
        if not item[0].startswith(("vision.", "router.")) and item[1].requires_grad
    ]
    if stage == "base":
        return {"main": [*model.base_parameters(), *heads]}
    routing = [(f"router.{name}", p) for name, p in model.router.named_parameters() if p.requires_grad]
    return {"main": [*routing, *heads], "lora": list(model.expert_parameters())}


def build_optimizer(model: MleSam, stage: StageName, config: StageConfig) -> torch.optim.AdamW:
    """AdamW over what the stage trains; all else is frozen. No decay on vectors, embeddings, factors."""
    groups = trainable_parameters(model, stage)
    chosen = {id(parameter) for group in groups.values() for _, parameter in group}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in chosen)
    rates = {"main": config.learning_rate, "lora": config.lora_learning_rate}
    settings = []
    for name, group in groups.items():
        decayed = [p for key, p in group if p.ndim >= 2 and "embed" not in key and "expert_" not in key]
        kept = [p for key, p in group if not (p.ndim >= 2 and "embed" not in key and "expert_" not in key)]
        settings.append({"params": decayed, "lr": rates[name], "rate": rates[name]})
        settings.append({"params": kept, "lr": rates[name], "rate": rates[name], "weight_decay": 0.0})
    settings = [group for group in settings if group["params"]]
    return torch.optim.AdamW(settings, weight_decay=config.weight_decay, betas=(0.9, 0.99))


class Trainer:
    """Runs one stage of `model` inside a run folder, from its start or from its last checkpoint."""

    def __init__(
        self,
        model: MleSam,
        train: FrameCache,
        val: FrameCache,
        run: Path,
        stage: StageName,
        budget: Budget,
        earlier_stages: list[dict[str, Any]] | None = None,
    ) -> None:
        self.model, self.val, self.stage, self.budget = model, val, stage, budget
        self.config: Config = model.config
        self.settings: StageConfig = getattr(model.config, stage)
        self.folder = run / stage
        kinds = [modality["representation"]["kind"] for modality in model.rig.modalities]
        self.sampler = TrainingSampler(
            train, self.config.augment, stage, self.settings.batch, self.config.seed, kinds
        )
        self.optimizer = build_optimizer(model, stage, self.settings)
        self.weights = class_weights(train.histogram, self.config.loss.class_weight_power)
        self.train_frames, self.earlier_stages = len(train), earlier_stages or []
        self.step, self.seconds = 0, 0.0
        self._stop_requested = False

    @property
    def state_path(self) -> Path:
        """Where the resumable state lies."""
        return self.folder / "state.pt"

    def resume(self) -> None:
        """Continue from the last checkpoint. All randomness is a function of seed and step, so the step is
        all there is to restore besides weights and optimizer."""
        state = load_state(self.state_path)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def checkpoint(self) -> None:
        """Save the resumable state and, for readers, the weights."""
        save_state(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
            },
            self.state_path,
        )
        save_weights(self.model, self.folder / "model.safetensors", self.summary())

    def summary(self) -> dict[str, Any]:
        """What the model card says about the training: one entry per stage so far."""
        minutes = round(self.seconds / 60, 1)
        this = {"stage": self.stage, "steps": self.step, "batch": self.settings.batch, "minutes": minutes}
        return {"trainFrames": self.train_frames, "stages": [*self.earlier_stages, this]}

    def run(self) -> None:
        """Train until the budget is used up or a termination signal comes; either way nothing is lost."""
        settings = self.settings
        self.model.train()
        last_log, last_save, last_check = self.step, self.seconds, self.seconds
        losses: list[float] = []
        clock = time.monotonic()
        log_clock = clock
        with ThreadPoolExecutor(1) as loader, self._termination():
            following = loader.submit(self.sampler.batch_at, self.step)
            while self.budget.progress(self.step, self.seconds) < 1 and not self._stop_requested:
                batch = following.result()
                following = loader.submit(self.sampler.batch_at, self.step + 1)
                losses.append(self.train_step(batch))
                now = time.monotonic()
                self.seconds += now - clock
                clock = now
                if self.step - last_log >= settings.log_every:
                    pace = (now - log_clock) / (self.step - last_log)
                    self._log(loss=float(np.mean(losses)), lr=self._rate(), secondsPerStep=pace)
                    losses, last_log, log_clock = [], self.step, now
                if self.seconds - last_check >= 60 * settings.validate_every_minutes:
                    self._validate()
                    last_check = self.seconds
                    clock = log_clock = time.monotonic()
                if self.seconds - last_save >= 60 * settings.checkpoint_every_minutes:
                    self.checkpoint()
                    last_save = self.seconds
            following.cancel()
        self.checkpoint()
        if not self._stop_requested:
            self._validate()

    def train_step(self, batch: Batch) -> float:
        """One update; returns the loss."""
        factor = learning_rate_factor(
            self.budget.progress(self.step, self.seconds), self.settings.warmup, self.settings.power
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        offset = np.random.default_rng([self.config.seed, 3, self.step]).integers(0, 64, 2)
        reduced = self.config.precision == "bfloat16"
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=reduced):
            output = self.model(batch.images, batch.present, experts=self.stage == "experts")
        drawn = (int(offset[0]), int(offset[1]))
        loss = total_loss(output, batch.labels, self.config.loss, self.weights, drawn)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise InputError(
                f"Expected a finite loss at step {self.step} but received {value}; "
                "lower the learning rate or set precision to float32, then resume from the last checkpoint."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        self.optimizer.step()
        self.step += 1
        return value

    def _rate(self) -> float:
        return self.optimizer.param_groups[0]["lr"]

    def _validate(self) -> None:
        scores = quick_miou(self.model, self.val, self.settings.validate_frames, self.stage)
        self.model.train()
        self._log(**{f"val {name}": score for name, score in scores.items()})

    def _log(self, **values: float) -> None:
        record = {"stage": self.stage, "step": self.step, "minutes": round(self.seconds / 60, 2)}
        print(
            f"{self.stage} step {self.step} {record['minutes']:.1f} min  "
            + "  ".join(f"{name} {value:.4g}" for name, value in values.items()),
            flush=True,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({**record, **values}) + "\n")

    @contextmanager
    def _termination(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into a stop after the current step."""

        def stop(signum: int, frame: object) -> None:
            del signum, frame
            self._stop_requested = True

        try:
            previous = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
        except ValueError:  # not in the main thread: the caller handles signals
            previous = {}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
