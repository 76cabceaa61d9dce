"""One process of the comparison: its data on the device, and how a variant is trained and scored."""

from __future__ import annotations

import copy
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ..checkpoint import load_model
from ..config import Config
from ..data import (
    DatasetInfo,
    DeviceSampler,
    FrameCache,
    GrowingCache,
    is_growing,
    measure_statistics,
    open_cache,
    read_dataset_info,
)
from ..data.cache import is_decoded, open_decoded
from ..data.plan import SamplePlanner
from ..data.sampling import Batch, StepPlans
from ..errors import InputError
from ..evaluation import spread_indices
from ..graph_step import GraphFailed, GraphStep
from ..losses import class_weights, total_loss
from ..optimizer import build_optimizer
from ..precision import MixedPrecision, check_precision
from ..processes import join_processes
from ..schedule import learning_rate_factor
from .scores import router_worth, subset_scores
from .separate import PixelRouted, SeparateEncoders
from .variants import MLE_SAM, Contender, build_variant, trained_count, variant_config

WARMING_STEPS, TIMED_STEPS, MEASURED_FRAMES = 5, 12, 32


@dataclass(frozen=True)
class Source:
    """Where everything comes from."""

    config: Config
    data: Path
    cache: Path
    base: Path | None
    split: str
    frames: int
    """To score on, evenly spread over `split`."""
    graph: Literal["auto", "off"] = "auto"
    """On a GPU a step runs as one CUDA graph where it can."""


class Lab:
    """Holds the frames on the device and runs variants on them, one after the other."""

    def __init__(self, source: Source) -> None:
        self.source, self.graph = source, source.graph
        with join_processes() as processes:
            self.device = processes.device
        config = source.config
        check_precision(config.precision, self.device)
        self.info = read_dataset_info(source.data, (config.width, config.height))
        self.train = train_frames(self.info, source.cache)
        held_out = open_cache(self.info, source.split, source.cache, decoding_threads())
        chosen = spread_indices(len(held_out), source.frames)
        self.images = torch.from_numpy(np.array(held_out.images[chosen])).to(self.device)
        self.labels = torch.from_numpy(np.array(held_out.labels[chosen])).to(self.device)
        self.modalities = self._modalities(self.train)
        # A base that does not fit is told now, not run by run.
        build_variant(config, MLE_SAM, self.info.rig, source.base, self.modalities)
        self.kinds = [m["representation"]["kind"] for m in self.modalities]
        self.weights = class_weights(self.train.histogram, config.loss.class_weight_power).to(self.device)
        drawn = (config.augment, "experts", config.experts.batch, config.seed, self.kinds)
        classes = [entry["name"] for entry in self.info.rig.classes]
        self.sampler = DeviceSampler(self.train, *drawn, device=self.device, classes=classes)

    def _modalities(self, train: FrameCache) -> tuple[dict, ...]:
        own = self.info.rig.modalities
        if self.source.config.normalisation != "statistics":
            return own
        pairs = zip(own, measure_statistics(train), strict=True)
        return tuple({"statistics": statistics, **modality} for modality, statistics in pairs)

    def _start(self) -> str:
        """What the weights of the base are, in words."""
        if self.source.base is None:
            return "random weights"
        stages = load_model(self.source.base)[1]["stages"]
        made = ", ".join(f"{stage['steps']:,} steps of stage {stage['stage']}" for stage in stages)
        return f"a base trained before ({made})"

    def measure(self, names: list[str]) -> dict[str, dict[str, float]]:
        """Seconds of a training step and of scoring, for each variant, as things go on this machine now."""
        paces = {}
        for name in names:
            training = self.start(name, self.source.config.seed, WARMING_STEPS + TIMED_STEPS)
            began = time.monotonic()
            training.run(WARMING_STEPS)
            warmed = time.monotonic()
            training.run(TIMED_STEPS)
            step = (time.monotonic() - warmed) / TIMED_STEPS
            trained = time.monotonic()
            self.score(training.model, MEASURED_FRAMES)
            share = len(self.images) / min(MEASURED_FRAMES, len(self.images))
            paces[name] = {
                "start": max(0.0, warmed - began - WARMING_STEPS * step),
                "step": step,
                "score": share * (time.monotonic() - trained),
            }
            training.close()
        return paces

    def start(self, name: str, seed: int, steps: int) -> Training:
        """A variant before its first step."""
        config = variant_config(self.source.config, name, seed)
        model = build_variant(config, name, self.info.rig, self.source.base, self.modalities)
        return Training(self, config, model.to(self.device), steps)

    def score(self, model: Contender, frames: int | None = None) -> dict[str, Any]:
        """All that is said of a trained variant, on the first frames or on all. The router's worth is
        measured on every second one."""
        images, labels = self.images[:frames], self.labels[:frames]
        scores = subset_scores(model, images, labels)
        routes = isinstance(model, SeparateEncoders) and model.has_router
        router = router_worth(model, images[::2], labels[::2]) if routes else None
        return {"zeroFilled": scores["zero-filled"], "absent": scores.get("absent"), "router": router}

    def run(self, name: str, seed: int, steps: int) -> dict[str, Any]:
        """Train and score a variant: the content of its file."""
        began = time.monotonic()
        training = self.start(name, seed, steps)
        losses = training.run(steps)
        trained = time.monotonic()
        scores = self.score(training.model)
        part, is_graph = max(1, min(20, steps // 2)), training.graph is not None
        training.close()
        return {
            "variant": name,
            "seed": seed,
            "steps": steps,
            "batch": training.config.experts.batch,
            "trainFrames": len(self.train),
            "split": self.source.split,
            "scoredFrames": len(self.images),
            "trainedParameters": trained_count(training.model),
            "startsFrom": self._start(),
            "source": self.info.source,
            "trainSeconds": round(trained - began, 1),
            "scoreSeconds": round(time.monotonic() - trained, 1),
            "isGraph": is_graph,
            "loss": [round(float(np.mean(part_)), 3) for part_ in (losses[:part], losses[-part:])],
            "modalities": self.info.rig.names,
            "full": scores["zeroFilled"]["subsets"]["+".join(self.info.rig.names)],
            **scores,
        }


class Training:
    """A variant in training."""

    def __init__(self, lab: Lab, config: Config, model: Contender, steps: int) -> None:
        self.lab, self.config, self.model, self.steps, self.step = lab, config, model, steps, 0
        # The frames stay where they are; what is drawn from them is the run's own.
        self.sampler = copy.copy(lab.sampler)
        self.sampler.plans = self._plans()
        self.sampler.planner = self.sampler.plans.planner
        self.plans = self._plans()  # its own: the sampler's are drawn in another thread
        self.optimizer = build_optimizer(model, model.trained_stage, config.experts)
        self.mixed = MixedPrecision(config.precision, lab.device)
        self.graph: GraphStep | None = None
        self._is_tried = False

    def _plans(self) -> StepPlans:
        lab, config = self.lab, self.config
        planner = SamplePlanner(lab.train, config.augment, "experts", config.seed, lab.kinds)
        return StepPlans(planner, config.experts.batch, (0, 1))

    def run(self, steps: int) -> list[float]:
        """Take as many steps; returns their losses. The device is waited for at the end."""
        self.model.train()
        losses: list[float | torch.Tensor] = []
        self._capture()
        with ThreadPoolExecutor(1) as loader:
            following = loader.submit(self.sampler.batch_at, self.step)
            for _ in range(steps):
                batch = following.result()
                following = loader.submit(self.sampler.batch_at, self.step + 1)
                losses.append(self._step(batch))
            following.result()
        values = [float(loss) for loss in losses]
        if not all(math.isfinite(value) for value in values):
            raise InputError(f"Expected finite losses until step {self.step} but received others.")
        return values

    def _capture(self) -> None:
        """Make the step a CUDA graph, the first time. All batches must then have as many images."""
        config = self.config
        augment = config.augment
        is_static = len(augment.subset_shares) > 0 or augment.full_set_probability == 1
        is_plain = config.loss.resolution == "full" and config.precision != "float16"
        is_possible = self.lab.device.type == "cuda" and is_static and is_plain
        if self._is_tried or not is_possible or self.lab.graph == "off":
            return
        self._is_tried = True
        batch, chosen = self._prepared(self.sampler.batch_at(self.step))
        try:
            made = (batch, chosen, self._loss, self.optimizer, config.experts.clip, self.lab.device)
            self.graph = GraphStep(*made)
        except GraphFailed as error:
            print(f"no CUDA graph, step by step instead: {error}", flush=True)
            self.lab.graph = "off"

    def close(self) -> None:
        """Give back the graph's memory: it holds the training, which holds it."""
        self.graph = None

    def _step(self, batch: Batch) -> float | torch.Tensor:
        settings = self.config.experts
        factor = learning_rate_factor(self.step / self.steps, settings.warmup, settings.power)
        drawn = np.random.default_rng([self.config.seed, 3, self.step]).integers(0, 64, 2)
        offset = (int(drawn[0]), int(drawn[1]))
        prepared, chosen = self._prepared(batch)
        self.step += 1
        if self.graph is not None:
            return self.graph.run(prepared, chosen, offset, factor)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        self.optimizer.zero_grad(set_to_none=True)
        moved = tuple(tensor.to(self.lab.device, non_blocking=True) for tensor in chosen)
        present = prepared.present.to(self.lab.device, non_blocking=True)
        loss = self._loss(Batch(prepared.images, present, prepared.labels), moved, offset)
        self.mixed.backward(loss)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        is_finite, value = self.mixed.update(self.optimizer, parameters, settings.clip, loss.detach())
        return value if is_finite or self.config.precision == "float16" else math.nan

    def _prepared(self, batch: Batch) -> tuple[Batch, tuple[torch.Tensor, ...]]:
        """The batch as the variant meets absence, and what the loss needs besides: all but images and labels
        on the CPU."""
        present, blank = absence(batch.present)
        sound = ~blank
        if isinstance(self.model, PixelRouted):
            for sample, plan in enumerate(self.plans.at(self.step)[0]):
                for position, _ in plan.failures:
                    sound[sample, position] = False
        chosen = self.model.choose(present, blank)
        return Batch(batch.images, present, batch.labels), (*chosen, sound)

    def _loss(
        self, batch: Batch, chosen: tuple[torch.Tensor, ...], offset: tuple[int, int] | torch.Tensor
    ) -> torch.Tensor:
        """Everything is on the device."""
        *places, sound = chosen
        output = self.mixed.forward(lambda: self.model.run(batch.images, batch.present, tuple(places)))
        loss = total_loss(output, batch.labels, self.config.loss, self.lab.weights, offset)
        if isinstance(self.model, PixelRouted):
            loss = loss + self.model.reliability_loss(sound, batch.present)
        return loss


def absence(present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How the absent modalities of a batch are absent: (present, blank), both bool `[B, M]` on the CPU.

    In every second sample they are left out, in the others they are present but blank (zeros), so that both
    protocols of scoring are met in training. By place in the batch, not by chance: samples are drawn by size
    (`subset_shares`), and so each batch has as many images to encode as the last.
    """
    zeros = torch.arange(len(present))[:, None] % 2 == 1
    return present | zeros, ~present & zeros


def train_frames(info: DatasetInfo, cache: Path) -> FrameCache:
    """What is decoded at this moment, also where more is coming; decoded first where nothing is."""
    if is_growing(cache) and not is_decoded("train", cache):
        return GrowingCache.open(cache).shown
    return open_decoded(info, "train", cache)


def decoding_threads() -> int:
    """Half of the processors."""
    return max(2, len(os.sched_getaffinity(0)) // 2)
