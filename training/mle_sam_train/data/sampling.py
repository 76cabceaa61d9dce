"""What a training step sees: a pure function of (seed, stage, step), so a killed run resumes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..config import AugmentConfig
from .augment import camera_jitter, flip, zoom
from .cache import FrameCache
from .degrade import degrade

StageName = Literal["base", "experts"]
MIN_PIXELS = 20
"""A frame shows a class when it has at least this many pixels of it."""


@dataclass(frozen=True)
class Batch:
    """`images` uint8 `[B, M, H, W, 3]`, `present` bool `[B, M]`, `labels` int64 `[B, H, W]`, 255 ignored."""

    images: Tensor
    present: Tensor
    labels: Tensor

    def parts(self, count: int) -> list[Batch]:
        """Cut into `count` batches of equal size, in order."""
        pieces = [tensor.chunk(count) for tensor in (self.images, self.present, self.labels)]
        return [Batch(*piece) for piece in zip(*pieces, strict=True)]

    def to(self, device: torch.device) -> Batch:
        """A copy on `device`, or itself where it is there already."""
        return Batch(*(t.to(device, non_blocking=True) for t in (self.images, self.present, self.labels)))


class TrainingSampler:
    """Draws and augments batches of one stage. The base stage sees the first modality (the camera) only.

    With several processes `part` = (rank, count): each draws its own share of every batch.
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
    ) -> None:
        self.cache, self.config, self.stage, self.batch, self.seed = cache, config, stage, batch, seed
        self.part, self.share = part, batch // part[1]
        self.kinds = kinds if stage == "experts" else kinds[:1]
        shown = cache.histogram >= MIN_PIXELS
        self.by_class = [np.flatnonzero(column) for column in shown.T if column.any()]
        self._epoch: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def batch_at(self, step: int) -> Batch:
        """The batch of a step; calling it twice gives the same batch."""
        rank, count = self.part
        key = [self.seed, 0 if self.stage == "base" else 1, step]
        rng = np.random.default_rng(key if count == 1 else [*key, rank])
        images, present, labels = [], [], []
        for position in range(rank * self.share, (rank + 1) * self.share):
            index = self._draw(step * self.batch + position, rng)
            image, label = self._augment(index, rng)
            mask = self._draw_present(rng)
            if self.stage == "experts" and rng.random() < self.config.degrade_probability:
                degrade(image, mask, self.kinds, rng)
            images.append(image)
            present.append(mask)
            labels.append(label)
        return Batch(
            torch.from_numpy(np.stack(images)),
            torch.from_numpy(np.stack(present)),
            torch.from_numpy(np.stack(labels)).long(),
        )

    def _draw(self, position: int, rng: np.random.Generator) -> int:
        if self.by_class and rng.random() < self.config.rare_probability:
            return int(rng.choice(self.by_class[rng.integers(len(self.by_class))]))
        epoch, offset = divmod(position, len(self.cache))
        if self._epoch[0] != epoch:
            order = np.random.default_rng([self.seed, 2, epoch]).permutation(len(self.cache))
            self._epoch = (epoch, order)
        return int(self._epoch[1][offset])

    def _augment(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image = np.array(self.cache.images[index, : len(self.kinds)])
        label = np.array(self.cache.labels[index])
        if rng.random() < self.config.flip:
            image, label = flip(image, label)
        if rng.random() < self.config.zoom_probability:
            image, label = zoom(image, label, self.kinds, self.config.zoom_min, rng)
        if rng.random() < self.config.colour_probability:
            for position, kind in enumerate(self.kinds):
                if kind == "rgb":
                    image[position] = camera_jitter(image[position], rng)
        return image, label

    def _draw_present(self, rng: np.random.Generator) -> np.ndarray:
        """The full set with the configured probability, else any non-empty proper subset alike."""
        count = len(self.kinds)
        mask = np.ones(count, bool)
        if count > 1 and rng.random() >= self.config.full_set_probability:
            code = rng.integers(1, 2**count - 1)
            mask = (code >> np.arange(count) & 1).astype(bool)
        return mask
