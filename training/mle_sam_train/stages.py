"""One training stage from its inputs to its run folder: what the commands `base` and `experts` do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .checkpoint import load_base, load_whole, write_config
from .config import Config
from .continuation import check_config, check_data, describe_data, write_data
from .data import (
    CacheChoice,
    DatasetInfo,
    FrameCache,
    GrowingCache,
    describe_cache,
    is_growing,
    list_frames,
    measure_statistics,
    open_cache,
    open_frames,
    read_dataset_info,
)
from .data.cache import decoded_size
from .data.plan import StageName
from .data.room import check_memory
from .errors import InputError
from .model import MleSam
from .model.pretrained import load_pretrained
from .precision import check_precision
from .processes import Processes
from .schedule import Budget
from .training import STATE_FILE, Trainer

SPLITS = ("train", "val")


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
    weights: Path | None = None,
    cache: CacheChoice | None = None,
    resume: bool = False,
    until: Path | None = None,
) -> Trainer:
    """Train `stage` until its budget is used up and return the trainer, whose model is trained.

    Args:
        weights: a whole trained model that stage `experts` starts from, in place of `base`.
        until: file with the time of day by which it ends, see `Budget`.
    """
    check_precision(config.precision, processes.device)
    budget = Budget.of(getattr(config, stage), steps, minutes, until)
    info = read_dataset_info(data, (config.width, config.height), config.modalities)
    if (info.width, info.height) != (config.width, config.height):
        raise InputError(
            f"Expected images of {config.width}x{config.height} pixels as configured "
            f"but the data set has {info.width}x{info.height}."
        )
    if stage == "base" and config.model.base.pretrained is not None:
        raise InputError(
            f"Expected stage experts but received base: {config.model.base.pretrained} stays frozen."
        )
    if weights is not None and (stage == "base" or base is not None):
        given = "with --base" if base is not None else "for stage base"
        raise InputError(f"Expected --weights for stage experts, without --base, but received it {given}.")
    source = None if weights is not None else _base_weights(config, run, stage, base)
    has_begun = (run / stage / STATE_FILE).exists()
    if has_begun:
        check_config(config, run / stage, stage, resume)
    choice = cache or CacheChoice.of(None, run / "cache")
    growing = is_growing(choice.folder) and processes.count == 1
    # What grows is not the same twice; all else is, and a run goes on with it alone.
    signature = None if growing else describe_data(info)
    if has_begun and signature is not None:
        check_data(signature, run / stage)
    # Weights that do not fit are found here, before the data set is decoded.
    torch.manual_seed(config.seed)
    model = MleSam(config, info.rig)
    earlier: list[dict[str, Any]] = []
    if weights is not None:
        earlier = load_whole(model, weights)["stages"]
    elif source is not None:
        earlier = load_base(model, source)["stages"]
    elif stage == "experts" and config.model.base.pretrained is not None:
        reused = load_pretrained(model, config.model.base.pretrained)
        if processes.is_first:
            count = len(model.decoder.state_dict())
            print(f"SAM 2: trunk and neck whole, {reused} of {count} tensors of the decoder reused")
        earlier = [{"stage": "pretrained", "source": config.model.base.pretrained, "decoderTensors": reused}]
    if growing:
        train, val = GrowingCache.open(choice.folder), open_cache(info, "val", choice.folder)
    else:
        train, val = _open_splits(info, choice, processes, getattr(config, stage).workers)
    if config.normalisation == "statistics":
        measured = measure_statistics(train)
        own = zip(info.rig.modalities, measured, strict=True)
        model.normalise_as(tuple({"statistics": statistics, **modality} for modality, statistics in own))
    trainer = Trainer(model, train, val, run, stage, budget, earlier, processes)
    if has_begun:
        trainer.resume()
    if processes.is_first:
        write_config(config, run / stage / "config.json")
        if signature is not None and not has_begun:
            write_data(signature, run / stage)
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


def _open_splits(
    info: DatasetInfo, choice: CacheChoice, processes: Processes, workers: int
) -> list[FrameCache]:
    """Both splits, what they take told beforehand. Files are written by the very first process, by the first
    on each other machine if it has its own disk, then opened by the rest."""
    if processes.is_first:
        for split in SPLITS:
            print(describe_cache(info, split, choice), flush=True)
    if choice.kind == "memory":
        frames = sum(len(list_frames(info, split)) for split in SPLITS)
        check_memory(decoded_size(info, frames), f"the decoded frames of {' and '.join(SPLITS)}")
    opened: list[FrameCache] = []
    for is_due in (processes.is_first or choice.kind == "memory", processes.local_rank == 0, True):
        if is_due and not opened:
            opened = [open_frames(info, split, choice, max(2, workers)) for split in SPLITS]
        processes.wait()
    return opened
