"""One process of the comparison: its data on the device, and the runs it makes on them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
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
from ..errors import InputError
from ..evaluation import spread_indices
from ..losses import class_weights
from ..precision import check_precision
from ..processes import join_processes
from .scores import router_worth, subset_scores
from .separate import SeparateEncoders
from .trainer import Training
from .variants import (
    MLE_SAM,
    Contender,
    build_variant,
    forward_operations,
    trained_count,
    variant_config,
)

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
        self.info = info_at_size(source)
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
        began, computed = time.monotonic(), time.process_time()
        training = self.start(name, seed, steps)
        losses = training.run(steps)
        trained, computed = time.monotonic(), time.process_time() - computed
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
            "config": self.source.config.name,
            "trainedParameters": trained_count(training.model),
            "forwardOperations": forward_operations(training.model),
            "startsFrom": self._start(),
            "source": self.info.source,
            "trainSeconds": round(trained - began, 1),
            "trainProcessSeconds": round(computed, 1),
            "scoreSeconds": round(time.monotonic() - trained, 1),
            "isGraph": is_graph,
            "loss": [round(float(np.mean(part_)), 3) for part_ in (losses[:part], losses[-part:])],
            "modalities": self.info.rig.names,
            "full": scores["zeroFilled"]["subsets"]["+".join(self.info.rig.names)],
            **scores,
        }


def info_at_size(source: Source) -> DatasetInfo:
    """The data set at the configuration's size; one of the same shape is resampled as it is decoded."""
    size = (source.config.width, source.config.height)
    info = read_dataset_info(source.data, size)
    own = (info.width, info.height)
    if own[0] * size[1] != own[1] * size[0]:
        raise InputError(
            f"Expected images of {size[0]}x{size[1]} pixels as configured, or of that shape, but received "
            f"{own[0]}x{own[1]}: {source.data}. Give --config a width and a height of the data's shape."
        )
    return info if own == size else replace(info, width=size[0], height=size[1], native=info.native or own)


def train_frames(info: DatasetInfo, cache: Path) -> FrameCache:
    """What is decoded at this moment, also where more is coming; decoded first where nothing is."""
    if is_growing(cache) and not is_decoded("train", cache):
        return GrowingCache.open(cache).shown
    return open_decoded(info, "train", cache)


def decoding_threads() -> int:
    """Half of the processors."""
    return max(2, len(os.sched_getaffinity(0)) // 2)
