"""What a training step sees: a pure function of (seed, stage, step), so a killed run resumes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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


class Sampler(Protocol):
    """Where batches come from."""

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
        ...


class StepPlans:
    """The plans of each step's batch, shared by the samplers on CPU and GPU.

    With several processes `part` = (rank, count): each draws its own share of every batch.
    """

    def __init__(self, planner: SamplePlanner, batch: int, part: tuple[int, int]) -> None:
        self.planner, self.batch, self.part, self.share = planner, batch, part, batch // part[1]

    def at(self, step: int) -> tuple[list[SamplePlan], np.random.Generator]:
        """The plans, and the generator that drew them, for what is drawn per pixel."""
        rank, count = self.part
        key = [self.planner.seed, 0 if self.planner.stage == "base" else 1, step]
        rng = np.random.default_rng(key if count == 1 else [*key, rank])
        first = step * self.batch + rank * self.share
        sizes = self.planner.sizes(self.share)
        return [self.planner.draw(first + i, rng, size) for i, size in enumerate(sizes)], rng


class TrainingSampler:
    """Draws and augments batches of one stage on the CPU. The base stage sees the first modality (the camera)
    only."""

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
        plans, rng = self.plans.at(step)
        samples = [self._augment(plan, rng) for plan in plans]
        images, labels = (np.stack(part) for part in zip(*samples, strict=True))
        present = np.stack([plan.present for plan in plans])
        return Batch(torch.from_numpy(images), torch.from_numpy(present), torch.from_numpy(labels).long())

    def _augment(self, plan: SamplePlan, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image = np.array(self.cache.images[plan.frame, : len(self.kinds)])
        label = np.array(self.cache.labels[plan.frame])
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
