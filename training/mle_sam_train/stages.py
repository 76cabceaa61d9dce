"""One training stage from its inputs to its run folder: what the commands `base` and `experts` do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .checkpoint import load_base, write_config
from .config import Config, config_to_dict, load_config
from .data import (
    DatasetInfo,
    FrameCache,
    GrowingCache,
    is_growing,
    measure_statistics,
    open_cache,
    read_dataset_info,
)
from .data.plan import StageName
from .errors import InputError
from .model import MleSam
from .model.pretrained import load_pretrained
from .precision import check_precision
from .processes import Processes
from .schedule import Budget
from .training import STATE_FILE, Trainer

FIXED = ("width", "height", "seed", "normalisation", "modalities", "model")
"""What must not change between the start of a run and its continuation."""


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
    until: Path | None = None,
) -> Trainer:
    """Train `stage` until its budget is used up and return the trainer, whose model is trained.

    Args:
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
    source = _base_weights(config, run, stage, base)
    has_begun = (run / stage / STATE_FILE).exists()
    if has_begun:
        _check_goes_on(config, run / stage, resume)
    # Weights that do not fit are found here, before the data set is decoded.
    torch.manual_seed(config.seed)
    model = MleSam(config, info.rig)
    earlier: list[dict[str, Any]] = []
    if source is not None:
        earlier = load_base(model, source)["stages"]
    elif stage == "experts" and config.model.base.pretrained is not None:
        reused = load_pretrained(model, config.model.base.pretrained)
        if processes.is_first:
            count = len(model.decoder.state_dict())
            print(f"SAM 2: trunk and neck whole, {reused} of {count} tensors of the decoder reused")
        earlier = [{"stage": "pretrained", "source": config.model.base.pretrained, "decoderTensors": reused}]
    train, val = _open_caches(info, cache or run / "cache", processes)
    if config.normalisation == "statistics":
        measured = measure_statistics(train)
        own = zip(info.rig.modalities, measured, strict=True)
        model.normalise_as(tuple({"statistics": statistics, **modality} for modality, statistics in own))
    trainer = Trainer(model, train, val, run, stage, budget, earlier, processes)
    if has_begun:
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


def _check_goes_on(config: Config, folder: Path, resume: bool) -> None:
    """A run goes on only when asked to, and only as what it began as."""
    if not resume:
        raise InputError(
            f"Expected a fresh run but found {folder / STATE_FILE}; add --resume to continue it, "
            "or choose another folder with --run."
        )
    path = folder / "config.json"
    begun, now = (_flat({key: config_to_dict(c)[key] for key in FIXED}) for c in (load_config(path), config))
    for key in sorted(begun.keys() | now.keys()):
        if begun.get(key) != now.get(key):
            raise InputError(
                f"Expected {key} {begun.get(key)}, as {path} was begun with, but received {now.get(key)}; "
                "choose another folder with --run."
            )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _open_caches(info: DatasetInfo, folder: Path, processes: Processes) -> list[FrameCache]:
    """Decoded by the very first process, by the first on each other machine if it has its own disk, then
    opened by the rest."""
    opened: list[FrameCache] = []
    if is_growing(folder) and processes.count == 1:
        return [GrowingCache.open(folder), open_cache(info, "val", folder)]
    for is_due in (processes.is_first, processes.local_rank == 0, True):
        if is_due and not opened:
            opened = [open_cache(info, split, folder) for split in ("train", "val")]
        processes.wait()
    return opened
