"""All decoded frames in a GPU's memory, sampled and augmented there: nothing but plans crosses the bus."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from ..config import AugmentConfig
from ..errors import InputError
from .appearance import freedom, repaint, vary_sensor
from .augment import crop_corner
from .cache import FrameCache
from .device_augment import FAILURES, crop_nearest, crop_smooth, jitter_images, pixel_of_class
from .growing import GrowingCache
from .plan import SamplePlan, SamplePlanner, StageName
from .sampling import Batch, StepPlans

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
        self.cache, self.config = cache, config
        self._plan = (config, stage, seed, self.kinds)
        self.planner = SamplePlanner(self._shown, *self._plan)
        self.plans = StepPlans(self.planner, batch, part)
        self._free = freedom(classes or [""] * cache.histogram.shape[1], self.device)
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
        generator = torch.Generator(self.device)
        generator.manual_seed(int(rng.integers(2**62)))
        frame = self._tensor([plan.frame for plan in plans])
        factor = self._tensor([plan.factor for plan in plans])
        flipped = self._tensor([plan.is_flipped for plan in plans])
        top, left = self._corners(plans, frame, flipped, generator)
        images = crop_nearest(self.images, frame, top, left, factor, flipped)
        labels = crop_nearest(self.labels[:, None], frame, top, left, factor, flipped)[:, 0]
        for position, kind in enumerate(self.kinds):
            if kind == "rgb":
                camera = crop_smooth(self.images[:, position], frame, top, left, factor, flipped)
                images[:, position] = self._jitter(camera, plans, generator)
        self._vary(images, labels, rng, generator)
        self._spoil(images, plans, rng, generator)
        present = torch.from_numpy(np.stack([plan.present for plan in plans]))
        return Batch(images, present, labels.long())

    def _corners(
        self, plans: list[SamplePlan], frame: Tensor, flipped: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """First row and column of each crop, in the image as it is after flipping."""
        height, width = self.labels.shape[1:]
        free = [
            [crop_corner(size, plan.factor, at) for plan in plans for at in (plan.at[axis],)]
            for axis, size in enumerate((height, width))
        ]
        top, left = self._tensor(free[0]), self._tensor(free[1])
        focused = [i for i, plan in enumerate(plans) if plan.focus is not None]
        if not focused:
            return top, left
        chosen = self._tensor(focused)
        classes = self._tensor([plans[i].focus for i in focused])
        row, column = pixel_of_class(self.labels[frame[chosen]], classes, generator)
        column = torch.where(flipped[chosen], width - 1 - column, column)
        for corner, middle, axis, size in ((top, row, 0, height), (left, column, 1, width)):
            factor = self._tensor([plans[i].factor for i in focused])
            at = self._tensor([plans[i].at[axis] for i in focused])
            first = (middle + 0.5 - size * factor * at).clamp(min=0)
            corner[chosen] = torch.minimum(first, size * (1 - factor))
        return top, left

    def _jitter(self, camera: Tensor, plans: list[SamplePlan], generator: torch.Generator) -> Tensor:
        plain = [1.0, 1.0, 1.0, 1.0, 0.0]
        values = [
            [*plan.jitter.gain.tolist(), plan.jitter.contrast, plan.jitter.sigma] if plan.jitter else plain
            for plan in plans
        ]
        return jitter_images(camera, self._tensor(values), generator)

    def _spoil(
        self, images: Tensor, plans: list[SamplePlan], rng: np.random.Generator, generator: torch.Generator
    ) -> None:
        """Failures of one kind at a time, all samples that have it together."""
        by_name: dict[str, list[tuple[int, int]]] = {}
        for sample, plan in enumerate(plans):
            for position, failure in plan.failures:
                by_name.setdefault(failure, []).append((sample, position))
        for name, places in by_name.items():
            at = self._tensor(places)
            index = (at[:, 0], at[:, 1])
            images[index] = FAILURES[name](images[index], rng, generator)

    def _tensor(self, values: list) -> Tensor:
        """On the device, without waiting for it."""
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        return torch.from_numpy(array).to(self.device, non_blocking=True)

    def _vary(
        self, images: Tensor, labels: Tensor, rng: np.random.Generator, generator: torch.Generator
    ) -> None:
        """Appearance and readings of other devices, in as many samples as the configuration says."""
        for position, kind in enumerate(self.kinds):
            is_camera = kind == "rgb"
            share = self.config.appearance_probability if is_camera else self.config.sensor_probability
            count = round(share * len(images))
            if count == 0:
                continue
            at = self._tensor(rng.permutation(len(images))[:count])
            chosen = images[at, position]
            images[at, position] = (
                repaint(chosen, labels[at], self._free, generator)
                if is_camera
                else vary_sensor(chosen, kind, generator)
            )

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
