"""What a training step sees: each sample a pure function of (seed, stage, step, index in the batch).

So a killed run resumes alike, and neither the number of processes that train nor that of those that load
changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..config import AugmentConfig
from .augment import camera_jitter, crop_corner, flip, zoom
from .cache import FrameCache
from .degrade import FAILURES
from .plan import SamplePlan, SamplePlanner, StageName


@dataclass(frozen=True)
class Batch:
    """`images` uint8 `[B, M, H, W, 3]`, `present` bool `[B, M]`, `labels` int64 `[B, H, W]`, 255 ignored.

    `present` stays on the CPU: the model must know how many images there are before a GPU has counted them.
    """

    images: Tensor
    present: Tensor
    labels: Tensor

    def parts(self, count: int) -> list[Batch]:
        """Cut into `count` batches of equal size, in order."""
        pieces = [tensor.chunk(count) for tensor in (self.images, self.present, self.labels)]
        return [Batch(*piece) for piece in zip(*pieces, strict=True)]

    def to(self, device: torch.device) -> Batch:
        """A copy on `device`, or itself where it is there already."""
        images, labels = (t.to(device, non_blocking=True) for t in (self.images, self.labels))
        return Batch(images, self.present, labels)


Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Images uint8 `[M, H, W, 3]`, presence bool `[M]`, class ids uint8 `[H, W]`, 255 ignored."""


def collate(samples: list[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Images, presence and class ids of a batch, each stacked."""
    images, present, labels = (torch.from_numpy(np.stack(part)) for part in zip(*samples, strict=True))
    return images, present, labels


class Sampler(Protocol):
    """Where batches come from."""

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
        ...

    def batches(self, first: int) -> Iterator[Batch]:
        """The batches of step `first` and all that follow, prepared while the one before is in use. To be
        closed."""
        ...


class StepPlans:
    """The plans of each step's batch, shared by the samplers on CPU and GPU.

    With several processes `part` = (rank, count): each draws its own share of every batch, samples rank,
    rank + count, ... A sample is the same whoever draws it.
    """

    def __init__(self, planner: SamplePlanner, batch: int, part: tuple[int, int]) -> None:
        self.planner, self.batch, self.rank = planner, batch, part[0]
        self.indices = range(part[0], batch, part[1])
        self._stage = 0 if planner.stage == "base" else 1

    def sample(
        self, step: int, index: int, sizes: list[int | None] | None = None
    ) -> tuple[SamplePlan, np.random.Generator]:
        """The plan of one sample, and the generator that drew it, for what is drawn per pixel."""
        size = (sizes or self.planner.sizes(self.batch))[index]
        rng = np.random.default_rng([self.planner.seed, self._stage, step, index])
        return self.planner.draw(step * self.batch + index, rng, size), rng

    def at(self, step: int) -> tuple[list[SamplePlan], np.random.Generator]:
        """The plans of this process's share, and a generator for what is drawn for all of it together."""
        sizes = self.planner.sizes(self.batch)
        rng = np.random.default_rng([self.planner.seed, 4 + self._stage, step, self.rank])
        return [self.sample(step, index, sizes)[0] for index in self.indices], rng


Loaded = TypeVar("Loaded")


def prefetched(load: Callable[[int], Loaded], first: int) -> Iterator[Loaded]:
    """`load(first)`, `load(first + 1)`, ...: each in a thread, while the one before is in use."""
    with ThreadPoolExecutor(1) as loader:
        following = loader.submit(load, first)
        try:
            for step in count(first + 1):
                loaded = following.result()
                following = loader.submit(load, step)
                yield loaded
        finally:
            following.cancel()


class TrainingSampler:
    """Draws and augments the samples of one stage on the CPU. The base stage sees the first modality (the
    camera) only."""

    def __init__(
        self,
        cache: FrameCache,
        config: AugmentConfig,
        stage: StageName,
        batch: int,
        seed: int,
        kinds: list[str],
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.cache = cache
        self.kinds = kinds if stage == "experts" else kinds[:1]
        self.planner = SamplePlanner(cache, config, stage, seed, self.kinds)
        self.plans = StepPlans(self.planner, batch, part)

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
        images, present, labels = collate([self.sample(step, index) for index in self.plans.indices])
        return Batch(images, present, labels.long())

    def sample(self, step: int, index: int) -> Sample:
        """A sample as training sees it."""
        plan, rng = self.plans.sample(step, index)
        image, label = self._augmented(plan, rng)
        return image, plan.present, label

    def plain(self, step: int, index: int) -> Sample:
        """A sample's frame as it is, to be augmented elsewhere."""
        plan, _ = self.plans.sample(step, index)
        image, label = self._frame(plan)
        return image, plan.present, label

    def _frame(self, plan: SamplePlan) -> tuple[np.ndarray, np.ndarray]:
        image = np.array(self.cache.images[plan.frame, : len(self.kinds)])
        return image, np.array(self.cache.labels[plan.frame])

    def _augmented(self, plan: SamplePlan, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image, label = self._frame(plan)
        if plan.is_flipped:
            image, label = flip(image, label)
        if plan.factor < 1:
            centre: tuple[float | None, float | None] = (None, None)
            if plan.focus is not None:
                centre = self._pixel_of(label, plan.focus, rng)
            corner = [
                crop_corner(size, plan.factor, at, middle)
                for size, at, middle in zip(label.shape, plan.at, centre, strict=True)
            ]
            image, label = zoom(image, label, self.kinds, plan.factor, (corner[0], corner[1]))
        for position, kind in enumerate(self.kinds):
            if kind == "rgb" and plan.jitter is not None:
                image[position] = camera_jitter(image[position], plan.jitter, rng)
        for position, failure in plan.failures:
            image[position] = FAILURES[failure](image[position], rng)
        return image, label

    @staticmethod
    def _pixel_of(label: np.ndarray, focus: int, rng: np.random.Generator) -> tuple[float, float]:
        row, column = divmod(int(rng.choice(np.flatnonzero(label == focus))), label.shape[1])
        return row, column
