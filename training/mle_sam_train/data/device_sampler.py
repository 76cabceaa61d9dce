"""All decoded frames in a GPU's memory, sampled and augmented there: nothing but plans crosses the bus."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from ..config import AugmentConfig
from ..errors import InputError
from .cache import FrameCache
from .device_batch import DeviceAugmentation
from .growing import GrowingCache
from .plan import SamplePlanner, StageName
from .sampling import Batch, StepPlans, prefetched

FREE_SHARE = 0.6
"""Of the free memory that the frames may take; the rest is for training."""
FRAMES_AT_ONCE = 128
LOOKED_AGAIN_AFTER = 3.0
"""Seconds after which a split that grows is looked at again."""


class DeviceSampler:
    """Draws the same plans as `TrainingSampler`; noise comes from the device's own generator.

    Of a `GrowingCache` it takes in new frames every few seconds; a batch is then a function of what had come,
    too.
    """

    def __init__(
        self,
        cache: FrameCache,
        config: AugmentConfig,
        stage: StageName,
        batch: int,
        seed: int,
        kinds: list[str],
        part: tuple[int, int] = (0, 1),
        device: torch.device | None = None,
        classes: list[str] | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        self.kinds = kinds if stage == "experts" else kinds[:1]
        self.cache = cache
        self._plan = (config, stage, seed, self.kinds)
        self.planner = SamplePlanner(self._shown, *self._plan)
        self.plans = StepPlans(self.planner, batch, part)
        names = classes or [""] * cache.histogram.shape[1]
        self.augmentation = DeviceAugmentation(config, self.kinds, names, self.device)
        self._check_fits(cache)
        count = len(cache)
        shape = (len(cache.labels), len(self.kinds), *cache.labels.shape[1:], 3)
        self.images = torch.empty(shape, dtype=torch.uint8, device=self.device)
        self.labels = torch.empty(cache.labels.shape, dtype=torch.uint8, device=self.device)
        self._looked = time.monotonic()
        self._copy(0, count)

    @property
    def _shown(self) -> FrameCache:
        return self.cache.shown if isinstance(self.cache, GrowingCache) else self.cache

    def _grow(self) -> None:
        """Take in frames that have come since the last look."""
        if not isinstance(self.cache, GrowingCache) or time.monotonic() - self._looked < LOOKED_AGAIN_AFTER:
            return
        self._looked, first = time.monotonic(), len(self.cache)
        if self.cache.refresh():
            self._copy(first, len(self.cache))
            self.planner = self.plans.planner = SamplePlanner(self._shown, *self._plan)

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
        self._grow()
        plans, rng = self.plans.at(step)
        return self.augmentation(self.images, self.labels, [plan.frame for plan in plans], plans, rng)

    def batches(self, first: int) -> Iterator[Batch]:
        """The batches of step `first` and all that follow."""
        return prefetched(self.batch_at, first)

    def _copy(self, first: int, last: int) -> None:
        """Frames `first` to before `last` onto the device."""
        modalities = len(self.kinds)
        for start in range(first, last, FRAMES_AT_ONCE):
            end = min(start + FRAMES_AT_ONCE, last)
            self.images[start:end] = torch.from_numpy(np.array(self.cache.images[start:end, :modalities]))
            self.labels[start:end] = torch.from_numpy(np.array(self.cache.labels[start:end]))

    def _check_fits(self, cache: FrameCache) -> None:
        if self.device.type != "cuda":
            return
        pixels = cache.labels.size * (1 + 3 * len(self.kinds))
        free = torch.cuda.mem_get_info(self.device)[0]
        if pixels > FREE_SHARE * free:
            raise InputError(
                f"Expected decoded frames of at most {FREE_SHARE * free / 2**30:.1f} GiB for data: device "
                f"but received {pixels / 2**30:.1f} GiB; use fewer frames, smaller ones, or data: disk."
            )
