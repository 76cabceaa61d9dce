"""Batches from processes that read frames ahead, into memory that a GPU can copy from by itself.

What a process loads is a function of seed, stage, step and index: their number changes nothing but the pace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..errors import InputError
from .loader_processes import Fork, begun, leave_signals_to_the_trainer, told_in_one_sentence
from .plan import SamplePlan
from .room import check_shared_memory
from .sampling import Batch, TrainingSampler, collate, prefetched

PREFETCH = 2
"""Batches that each process holds ready."""
Key = tuple[int, int]
"""Step, and index in its batch."""
Loaded = tuple[Tensor, Tensor, Tensor]
Augmentation = Callable[[Tensor, Tensor, list[int], list[SamplePlan], np.random.Generator], Batch]
"""As `DeviceAugmentation` is called."""


class FrameLoader:
    """Loads the samples of a `TrainingSampler` and brings them to a device.

    Args:
        workers: processes that load; 0: a thread of this one.
        augmentation: on the device, in the place of the sampler's own.
    """

    def __init__(
        self,
        sampler: TrainingSampler,
        workers: int = 0,
        device: torch.device | None = None,
        augmentation: Augmentation | None = None,
    ) -> None:
        self.sampler, self.workers, self.augmentation = sampler, workers, augmentation
        self.device = device or torch.device("cpu")
        if workers < 0:
            raise InputError(f"Expected 0 or more loader processes but received {workers}.")
        if workers > 0:
            pixels = int(np.prod(sampler.cache.labels.shape[1:])) * (3 * len(sampler.kinds) + 1)
            batches = workers * PREFETCH + 1  # and the one in use
            check_shared_memory(len(sampler.plans.indices) * pixels * batches, workers)

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
        return self._finished(step, self._load(step))

    def batches(self, first: int) -> Iterator[Batch]:
        """The batches of step `first` and all that follow. To be closed, which ends the processes."""
        source = self._from_processes(first) if self.workers else prefetched(self._load, first)
        with closing(source):
            for step, loaded in zip(count(first), source, strict=False):
                yield self._finished(step, loaded)

    def _from_processes(self, first: int) -> Iterator[Loaded]:
        loader = DataLoader(
            _Samples(self.sampler, is_plain=self.augmentation is not None),
            batch_sampler=_Steps(first, self.sampler.plans.indices),
            num_workers=self.workers,
            prefetch_factor=PREFETCH,
            collate_fn=_collate,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=leave_signals_to_the_trainer,
            multiprocessing_context=Fork(),
            generator=torch.Generator(),  # its draw must not move the training's own
        )
        # One epoch without an end: the processes live as long as the training.
        with told_in_one_sentence(), begun(loader) as batches:
            for loaded in batches:
                if isinstance(loaded, InputError):
                    raise loaded
                yield loaded

    def _load(self, step: int) -> Loaded:
        take = self.sampler.plain if self.augmentation is not None else self.sampler.sample
        return collate([take(step, index) for index in self.sampler.plans.indices])

    def _finished(self, step: int, loaded: Loaded) -> Batch:
        images, present, labels = loaded
        batch = Batch(images, present, labels).to(self.device)
        if self.augmentation is None:
            return Batch(batch.images, present, batch.labels.long())
        # Each sample by itself, with its own random numbers: whoever else is in the batch.
        parts = [
            self.augmentation(batch.images[i : i + 1], batch.labels[i : i + 1], [0], [plan], rng)
            for i, index in enumerate(self.sampler.plans.indices)
            for plan, rng in (self.sampler.plans.sample(step, index),)
        ]
        images, labels = (torch.cat(cut) for cut in zip(*((p.images, p.labels) for p in parts), strict=True))
        return Batch(images, present, labels)


class _Samples(Dataset):
    def __init__(self, sampler: TrainingSampler, *, is_plain: bool) -> None:
        self.take = sampler.plain if is_plain else sampler.sample

    def __getitem__(self, key: Key) -> object:
        try:
            return self.take(*key)
        except InputError as error:  # as a value: raised over there it would come with a stack in its text
            return error


class _Steps:
    """Which samples make up the batch of each step, without an end."""

    def __init__(self, first: int, indices: range) -> None:
        self.first, self.indices = first, indices

    def __iter__(self) -> Iterator[list[Key]]:
        return ([(step, index) for index in self.indices] for step in count(self.first))


def _collate(samples: list) -> Loaded | InputError:
    return next((s for s in samples if isinstance(s, InputError)), None) or collate(samples)
