"""The training loop of both stages."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.parallel import DistributedDataParallel

from .averaging import WeightAverage
from .checkpoint import load_state, load_tensors, save_state, save_weights
from .config import Config, StageConfig
from .data import Batch, DeviceAugmentation, DeviceSampler, FrameCache, FrameLoader, Sampler, TrainingSampler
from .data.plan import StageName
from .errors import InputError, first_line
from .evaluation import quick_miou
from .graph_step import GraphFailed, GraphStep
from .logbook import Logbook
from .losses import class_weights, total_loss
from .model import MleSam
from .model.mle_sam import Places, places_of
from .optimizer import build_optimizer
from .precision import MixedPrecision
from .processes import Processes
from .schedule import Budget, learning_rate_factor

STATE_FILE = "state.pt"
SELECTED: dict[StageName, str] = {"base": "camera", "experts": "subsets"}
"""The validation score by which weights are selected."""
REMEDY = "lower the learning rate or set precision to float32, then resume from the checkpoint."


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
        processes: Processes | None = None,
    ) -> None:
        self.processes = processes or Processes()
        self.model, self.val, self.stage, self.budget = model.to(self.processes.device), val, stage, budget
        self.config: Config = model.config
        self.settings: StageConfig = getattr(model.config, stage)
        self.folder = run / stage
        self.processes.check_batch(self.settings.batch, self.settings.accumulate)
        kinds = [modality["representation"]["kind"] for modality in model.rig.modalities]
        self.sampler = self._make_sampler(train, kinds)
        self.optimizer = build_optimizer(model, stage, self.settings)
        self.shared = self.processes.share(model)
        self.called = torch.compile(self.shared) if self.settings.compiled == "on" else self.shared
        weights = class_weights(train.histogram, self.config.loss.class_weight_power)
        self.weights = weights.to(self.processes.device)
        self.mixed = MixedPrecision(self.config.precision, self.processes.device)
        self.average = WeightAverage(self.model, self.settings.average) if self.settings.average > 0 else None
        self.best = -math.inf
        self.logbook = Logbook(self.folder, stage, self.processes.is_first)
        self.train, self.earlier_stages = train, earlier_stages or []
        self.graph: GraphStep | None = None
        self.step, self.seconds = 0, 0.0
        self._signalled = self._stop_requested = False

    def _make_sampler(self, train: FrameCache, kinds: list[str]) -> Sampler:
        config, settings, device = self.config, self.settings, self.processes.device
        part = (self.processes.rank, self.processes.count)
        drawn = (train, config.augment, self.stage, settings.batch, config.seed, kinds, part)
        classes = [entry["name"] for entry in self.model.rig.classes]
        if settings.data == "device":
            return DeviceSampler(*drawn, device, classes)
        files, where = TrainingSampler(*drawn), settings.augmentation
        there = where == "device" or (where == "auto" and device.type == "cuda")
        augmentation = DeviceAugmentation(config.augment, files.kinds, classes, device) if there else None
        return FrameLoader(files, settings.workers, device, augmentation)

    @property
    def state_path(self) -> Path:
        """Where the resumable state lies."""
        return self.folder / STATE_FILE

    def resume(self) -> None:
        """Continue from the last checkpoint. All randomness is a function of seed and step, so the step is
        all there is to restore besides weights and optimizer."""
        state = load_state(self.state_path)
        load_tensors(self.model, state["model"], self.state_path)
        self.optimizer.load_state_dict(state["optimizer"])
        self.mixed.restore(state.get("scaler", {}))
        if self.average is not None:
            load_tensors(self.average.model, state["average"], self.state_path)
        self.best = state.get("best", -math.inf)
        self.step, self.seconds = state["step"], state["seconds"]

    @property
    def is_finished(self) -> bool:
        """Whether the budget is used up; else a signal stopped the run."""
        return self._progress() >= 1

    @property
    def judged(self) -> MleSam:
        """The model that is validated and kept: the averaged one where there is one."""
        return self.model if self.average is None else self.average.model

    def checkpoint(self) -> None:
        """Save the resumable state and, for readers, the weights, unless better ones lie there."""
        if not self.processes.is_first:
            return
        averaged = {} if self.average is None else {"average": self.average.model.state_dict()}
        save_state(
            {
                **averaged,
                "best": self.best,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.mixed.state(),
                "step": self.step,
                "seconds": self.seconds,
            },
            self.state_path,
        )
        if self.settings.select == "last" or not math.isfinite(self.best):
            self._keep()

    def _keep(self) -> None:
        save_weights(self.judged, self.folder / "model.safetensors", self.summary())

    def summary(self) -> dict[str, Any]:
        """What the model card says about the training: one entry per stage so far."""
        minutes = round(self.seconds / 60, 1)
        this = {"stage": self.stage, "steps": self.step, "batch": self.settings.batch, "minutes": minutes}
        return {"trainFrames": len(self.train), "stages": [*self.earlier_stages, this]}

    def run(self) -> None:
        """Train until the budget is used up or a termination signal comes; either way nothing is lost.

        With several processes the first one's clock and signals count for all.
        """
        settings = self.settings
        self.model.train()
        last_log, last_save, last_check = self.step, self.seconds, self.seconds
        losses: list[float | torch.Tensor] = []
        clock = log_clock = time.monotonic()
        with closing(self.sampler.batches(self.step)) as batches, self._termination(), _one_sentence():
            self._capture()
            while self._progress() < 1 and not self._stop_requested:
                losses.append(self.train_step(next(batches)))
                now = time.monotonic()
                self.seconds += now - clock
                clock = now
                self.seconds, stop = self.processes.of_first(self.seconds, float(self._signalled))
                self._stop_requested = stop > 0
                self.logbook.progress(self._progress())
                if self.step - last_log >= settings.log_every:
                    pace = (now - log_clock) / (self.step - last_log)
                    self._log(loss=self._mean(losses), lr=self._rate(), secondsPerStep=pace)
                    losses, last_log, log_clock = [], self.step, now
                if self.seconds - last_check >= 60 * settings.validate_every_minutes:
                    self._validate()
                    last_check = self.seconds
                    clock = log_clock = time.monotonic()
                if self.seconds - last_save >= 60 * settings.checkpoint_every_minutes:
                    self.checkpoint()
                    last_save = self.seconds
            self.checkpoint()  # while a second signal is still caught
        if not self._stop_requested:
            self._validate()
        self.processes.wait()
        self.logbook.close()

    def train_step(self, batch: Batch) -> float | torch.Tensor:
        """One update on this process's share of a batch, in `accumulate` parts; returns the loss of the whole
        batch, as a tensor on the GPU where the step is a graph."""
        factor = learning_rate_factor(self._progress(), self.settings.warmup, self.settings.power)
        offset = np.random.default_rng([self.config.seed, 3, self.step]).integers(0, 64, 2)
        drawn = (int(offset[0]), int(offset[1]))
        if self.graph is not None:
            loss = self.graph.run(batch, places_of(batch.present), drawn, factor)
            self._count_step()
            return loss
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        self.optimizer.zero_grad(set_to_none=True)
        if self.config.model.lora.dropout > 0:  # all else that is random comes with the batch
            seed = np.random.default_rng([self.config.seed, 6, self.step, self.processes.rank]).integers(
                2**62
            )
            torch.manual_seed(int(seed))
        total = torch.zeros((), device=self.processes.device)
        parts = batch.to(self.processes.device).parts(self.settings.accumulate)
        for part in parts:
            with nullcontext() if part is parts[-1] else self._without_exchange():
                loss = self._loss(part, drawn) / self.settings.accumulate
                total += loss.detach()
                # Gradients become their mean over the processes, but the parts of a loss add up.
                self.mixed.backward(loss * self.processes.count)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        total = self.processes.total(total)
        is_finite, value = self.mixed.update(self.optimizer, parameters, self.settings.clip, total)
        if not math.isfinite(value):
            raise InputError(f"Expected a finite loss at step {self.step} but received {value}; {REMEDY}")
        if not is_finite and self.config.precision != "float16":
            raise InputError(f"Expected finite gradients at step {self.step} but received others; {REMEDY}")
        self._count_step()
        return value

    def _without_exchange(self) -> AbstractContextManager[None]:
        """While gradients are still being added up, they stay with their process."""
        return self.shared.no_sync() if isinstance(self.shared, DistributedDataParallel) else nullcontext()

    def _count_step(self) -> None:
        if self.average is not None:
            self.average.update(self.model, self.step)
        self.step += 1

    def _capture(self) -> None:
        """Make the step a CUDA graph where that is possible and asked for; else it stays as it is."""
        static = self.stage == "base" or len(self.config.augment.subset_shares) > 0
        single = self.processes.count == 1 and self.settings.accumulate == 1
        is_plain = self.config.precision != "float16" and self.config.loss.resolution == "full"
        is_asked = self.settings.graph == "auto" and self.settings.compiled == "off"
        is_asked = is_asked and self.processes.device.type == "cuda"
        if not (static and single and is_plain and is_asked):
            return
        batch = self.sampler.batch_at(self.step)
        try:
            device = self.processes.device
            made = (batch, places_of(batch.present), self._graph_loss, self.optimizer, self.settings.clip)
            self.graph = GraphStep(*made, device)
            print(f"{self.stage}: the step runs as a CUDA graph", flush=True)
        except GraphFailed as error:
            print(f"{self.stage}: no CUDA graph, step by step instead: {error}", flush=True)
            for group in self.optimizer.param_groups:
                group["lr"] = group["rate"]

    def _graph_loss(self, batch: Batch, places: Places, offset: torch.Tensor) -> torch.Tensor:
        return self._loss(batch, offset, places)

    def _loss(
        self, batch: Batch, drawn: tuple[int, int] | torch.Tensor, places: Places | None = None
    ) -> torch.Tensor:
        has_experts = self.stage == "experts"
        output = self.mixed.forward(
            lambda: self.called(batch.images, batch.present, experts=has_experts, places=places)
        )
        return total_loss(output, batch.labels, self.config.loss, self.weights, drawn, self.processes)

    def _mean(self, losses: list[float | torch.Tensor]) -> float:
        """Of the steps since the last log; the GPU is waited for."""
        mean = float(np.mean([float(loss) for loss in losses]))
        if not math.isfinite(mean):
            raise InputError(f"Expected a finite loss until step {self.step} but received {mean}; {REMEDY}")
        return mean

    def _progress(self) -> float:
        return self.budget.progress(self.step, self.seconds)

    def _rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def _validate(self) -> None:
        if self.processes.is_first:
            scores = quick_miou(self.judged, self.val, self.settings.validate_frames, self.stage)
            self.model.train()
            if scores[SELECTED[self.stage]] > self.best:
                self.best = scores[SELECTED[self.stage]]
                if self.settings.select == "best":
                    self._keep()
            self._log(**{f"val {name}": score for name, score in scores.items()})
        self.processes.wait()

    def _log(self, **values: float) -> None:
        self.logbook.write(self.step, self.seconds, values)

    @contextmanager
    def _termination(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into a stop after the current step."""

        def stop(signum: int, frame: object) -> None:
            del signum, frame
            self._signalled = True

        try:
            previous = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
        except ValueError:  # not in the main thread: the caller handles signals
            previous = {}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What PyTorch tells of the compiler in many lines."""
    try:
        yield
    except RuntimeError as error:
        if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise
        reason = first_line(error).rstrip(".")
        raise InputError(
            f"Expected torch.compile to build the model but it failed: {reason}. Leave out --compile."
        ) from error
