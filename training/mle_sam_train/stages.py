"""One training stage from its inputs to its run folder: what the commands `base` and `experts` do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from .checkpoint import load_base, write_config
from .config import Config
from .data import DatasetInfo, FrameCache, measure_statistics, open_cache, read_dataset_info
from .data.sampling import StageName
from .errors import InputError
from .model import MleSam, Rig
from .model.pretrained import load_pretrained
from .processes import Processes
from .schedule import Budget
from .training import Trainer


def train_stage(
    config: Config,
    data: Path,
    run: Path,
    stage: StageName,
    processes: Processes,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    base: Path | None = None,
    cache: Path | None = None,
    resume: bool = False,
) -> Trainer:
    """Train `stage` until its budget is used up and return the trainer, whose model is trained."""
    budget = Budget.of(getattr(config, stage), steps, minutes)
    info = read_dataset_info(data, (config.width, config.height))
    if (info.width, info.height) != (config.width, config.height):
        raise InputError(
            f"Expected images of {config.width}x{config.height} pixels as configured "
            f"but the data set has {info.width}x{info.height}."
        )
    if stage == "base" and config.model.base.pretrained is not None:
        raise InputError(
            f"Expected stage experts but received base: {config.model.base.pretrained} stays frozen."
        )
    source = _base_weights(config, run, stage, base)
    train, val = _open_caches(info, cache or run / "cache", processes)
    rig = _with_statistics(info.rig, config, train)
    torch.manual_seed(config.seed)
    model = MleSam(config, rig)
    earlier: list[dict[str, Any]] = []
    if source is not None:
        earlier = load_base(model, source)["stages"]
    elif stage == "experts" and config.model.base.pretrained is not None:
        reused = load_pretrained(model, config.model.base.pretrained)
        earlier = [{"stage": "pretrained", "source": config.model.base.pretrained, "decoderTensors": reused}]
    trainer = Trainer(model, train, val, run, stage, budget, earlier, processes)
    if trainer.state_path.exists():
        if not resume:
            raise InputError(
                f"Expected a fresh run but found {trainer.state_path}; add --resume to continue it, "
                "or choose another folder with --run."
            )
        trainer.resume()
    if processes.is_first:
        write_config(config, run / stage / "config.json")
        print(
            f"{stage}: {len(train)} training frames, {len(val)} validation frames, from step {trainer.step}"
        )
    trainer.run()
    return trainer


def _base_weights(config: Config, run: Path, stage: StageName, base: Path | None) -> Path | None:
    """The trained base that experts start from; None where the base is SAM 2's own."""
    if stage == "base" or (base is None and config.model.base.pretrained is not None):
        return None
    source = base or run / "base" / "model.safetensors"
    if not source.exists():
        raise InputError(
            f"Expected a trained base at {source} but found none; run `mle-sam-train base` first, "
            "or name SAM 2 weights as model.base.pretrained."
        )
    return source


def _open_caches(info: DatasetInfo, folder: Path, processes: Processes) -> list[FrameCache]:
    """Decoded by the first process, then opened by all."""
    if processes.is_first:
        opened = [open_cache(info, split, folder) for split in ("train", "val")]
        processes.wait()
        return opened
    processes.wait()
    return [open_cache(info, split, folder) for split in ("train", "val")]


def _with_statistics(rig: Rig, config: Config, train: FrameCache) -> Rig:
    """The rig with a mean and deviation for every modality that has none published."""
    if config.normalisation == "divide":
        return rig
    measured = measure_statistics(train)
    modalities = [{"statistics": own, **m} for m, own in zip(rig.modalities, measured, strict=True)]
    return replace(rig, modalities=tuple(modalities))
