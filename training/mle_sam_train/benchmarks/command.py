"""What `mle-sam-train evaluate` does on a published data set, or where one of its protocols is asked for."""

from __future__ import annotations

import argparse
from typing import Any

from ..data import DatasetInfo
from ..errors import InputError
from ..model import MleSam
from .frames import CONVENTIONS, scored_frames, scored_size
from .predictions import PredictionFolder
from .protocols import PROTOCOL_NAMES
from .score import report, score


def is_benchmark(info: DatasetInfo, options: argparse.Namespace) -> bool:
    """Whether frames are scored one by one, at the published size, rather than from decoded arrays."""
    wanted = (options.size, options.convention, options.predictions)
    return (
        info.source in ("DELIVER", "MUSES", "MCubeS")
        or any(value is not None for value in wanted)
        or not {"absent", "both"}.issuperset(options.protocol)
    )


def benchmark_report(model: MleSam, info: DatasetInfo, options: argparse.Namespace) -> dict[str, Any]:
    """Scores by the published protocols, and the masks where `--predictions` asks for them."""
    names = set(options.protocol)
    if "both" in names:
        names |= {"absent", "emm"}
    protocols = tuple(name for name in PROTOCOL_NAMES if name in names)
    size = scored_size(info, options.size)
    folder = PredictionFolder(options.predictions, info) if options.predictions else None
    frames = scored_frames(info, options.split, size, options.every)
    scored = score(model, frames, size, protocols, options.seed, folder)
    about = {
        "dataset": info.source,
        "split": options.split,
        "frames": scored.frames,
        "every": options.every,
        "modalities": info.rig.names,
        "size": f"{size[0]}x{size[1]}",
        "seed": options.seed,
    }
    if scored.frames == 0:
        if folder is None:
            raise InputError(
                f"Expected labels in split {options.split!r} of {info.root} but found none; "
                "--predictions saves masks without scoring them."
            )
        return {**about, "predictions": len(folder.files)}
    convention = options.convention or CONVENTIONS.get(info.source, "cityscapes")
    card = scored.absent.report()
    if "emm" in protocols:
        card["zeroFilled"] = scored.zero_filled.subset_scores()
    return {**card, **about, "published": report(scored.matrices, model, convention)}
