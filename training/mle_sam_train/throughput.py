"""How many frames a second the loader gives, by the number of its processes: without any training."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Literal

import torch

from .config import Config
from .data import Batch, CacheChoice, FrameLoader, TrainingSampler, open_frames, read_dataset_info
from .errors import InputError
from .tables import markdown_table

Augmentation = Literal["loader", "device"]


def measure_throughput(
    config: Config, data: Path, kept: str, where: Augmentation, workers: list[int], batches: int
) -> str:
    """A row for each number of loader processes, of stage `experts`, and what a frame costs.

    Args:
        kept: where decoded frames are kept, as `CacheChoice.of` takes it.
        where: frames are augmented; with `device` they are only loaded and brought there.
        batches: that are timed, once each process has given one.
    """
    if batches < 1 or min(workers) < 0:
        raise InputError(
            f"Expected 1 batch or more and no negative workers but received {batches} and {workers}."
        )
    info = read_dataset_info(data, (config.width, config.height), config.modalities)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kinds = [modality["representation"]["kind"] for modality in info.rig.modalities]
    batch = config.experts.batch
    paces: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        cache = open_frames(info, "train", CacheChoice.of(kept, Path(folder)))
        for count in workers:
            sampler = TrainingSampler(cache, config.augment, "experts", batch, config.seed, kinds)
            there = _as_loaded if where == "device" else None
            loader = FrameLoader(sampler, count, device, there)
            paces.append(batch * _pace(loader, batches))
        cost = _processor_seconds(loader) / batch
    rows = [
        [str(count), f"{pace:.1f}", f"{pace / paces[0]:.2f}"]
        for count, pace in zip(workers, paces, strict=True)
    ]
    size = f"{info.width}x{info.height}, {len(kinds)} modalities, --cache {kept}"
    done = "loaded and augmented" if where == "loader" else "loaded"
    table = markdown_table(["--workers", f"frames/s {done} ({size})", "to the first"], rows)
    return f"{table}\n\nA frame takes {1000 * cost:.0f} ms of a core, whatever else the machine is doing."


def _as_loaded(images: torch.Tensor, labels: torch.Tensor, _: object, plans: list, rng: object) -> Batch:
    """In the place of the augmentation, which is the device's work."""
    del rng
    return Batch(images, torch.from_numpy(plans[0].present[None]), labels)


def _processor_seconds(loader: FrameLoader) -> float:
    """Of one batch, in this thread; the least of three, the first of which opens files."""
    seconds = []
    for step in range(3):
        start = time.thread_time()
        loader.batch_at(step)
        seconds.append(time.thread_time() - start)
    return min(seconds)


def _pace(loader: FrameLoader, batches: int) -> float:
    """Batches a second, once every process has given one."""
    with closing(loader.batches(0)) as source:
        for _ in range(max(1, loader.workers)):
            next(source)
        start = time.perf_counter()
        for _ in range(batches):
            next(source)
        return batches / (time.perf_counter() - start)
