"""All decoded frames in a GPU's memory, sampled and augmented there: nothing but plans crosses the bus."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..config import AugmentConfig
from ..errors import InputError
from .augment import crop_corner
from .cache import FrameCache
from .device_augment import FAILURES, crop_nearest, crop_smooth, jitter_images, pixel_of_class
from .plan import SamplePlan, SamplePlanner, StageName
from .sampling import Batch, StepPlans

FREE_SHARE = 0.6
"""Of the free memory that the frames may take; the rest is for training."""
FRAMES_AT_ONCE = 128


class DeviceSampler:
    """Draws the same plans as `TrainingSampler`; noise comes from the device's own generator."""

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
    ) -> None:
        self.device = device or torch.device("cpu")
        self.kinds = kinds if stage == "experts" else kinds[:1]
        self.planner = SamplePlanner(cache, config, stage, seed, self.kinds)
        self.plans = StepPlans(self.planner, batch, part)
        self._check_fits(cache)
        self.images = self._copy(cache.images, len(self.kinds))
        self.labels = self._copy(cache.labels, None)

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
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

    def _copy(self, source: np.ndarray, modalities: int | None) -> Tensor:
        part = source[:, :modalities] if modalities is not None else source
        held = torch.empty(part.shape, dtype=torch.uint8, device=self.device)
        for start in range(0, len(part), FRAMES_AT_ONCE):
            held[start : start + FRAMES_AT_ONCE] = torch.from_numpy(
                np.array(part[start : start + FRAMES_AT_ONCE])
            )
        return held

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
