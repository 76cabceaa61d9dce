"""What is drawn for a training sample, before any pixel is touched: the same on a CPU and on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..config import AugmentConfig
from ..errors import InputError
from .augment import Jitter, draw_jitter
from .cache import FrameCache
from .degrade import draw_failures

StageName = Literal["base", "experts"]
MIN_PIXELS = 20
"""A frame shows a class when it has at least this many pixels of it."""


@dataclass(frozen=True)
class SamplePlan:
    """One sample: its frame and all that is done to it."""

    frame: int
    focus: int | None
    """Class around a pixel of which the crop lies."""
    is_flipped: bool
    factor: float
    """Side of the crop as a fraction; 1 keeps the whole image."""
    at: tuple[float, float]
    """Where the crop lies, as `crop_corner` takes it: down and across."""
    jitter: Jitter | None
    present: np.ndarray
    failures: list[tuple[int, str]]


class SamplePlanner:
    """Draws samples of one stage from a split."""

    def __init__(
        self, cache: FrameCache, config: AugmentConfig, stage: StageName, seed: int, kinds: list[str]
    ) -> None:
        self.config, self.stage, self.seed, self.kinds = config, stage, seed, kinds
        self.frames = len(cache)
        pixels = np.where(cache.histogram >= MIN_PIXELS, cache.histogram, 0).astype(np.float64)
        self.classes = np.flatnonzero(pixels.any(axis=0))
        share = pixels[:, self.classes].sum(axis=0) ** -config.rare_power
        self._class_bounds = np.cumsum(share / share.sum())
        # Of each class the sums of its frames' chances: a draw is a search in them.
        self._frame_bounds = np.cumsum(np.sqrt(pixels[:, self.classes]), axis=0).T.copy()
        self._epoch: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def draw(self, position: int, rng: np.random.Generator, size: int | None = None) -> SamplePlan:
        """The sample at `position` of the whole run, counted over all batches.

        Args:
            size: how many modalities it must keep; drawn when None.
        """
        config = self.config
        frame, wanted = self._draw_frame(position, rng)
        is_flipped = rng.random() < config.flip
        focus = wanted if rng.random() < config.focus_probability else None
        factor, at = 1.0, (rng.random(), rng.random())
        if focus is not None:
            factor = rng.uniform(config.focus_min, 1.0)
            at = (0.2 + 0.6 * at[0], 0.2 + 0.6 * at[1])
        elif rng.random() < config.zoom_probability:
            factor = rng.uniform(config.zoom_min, 1.0)
        jitter = draw_jitter(rng) if rng.random() < config.colour_probability else None
        present = self.draw_present(rng) if size is None else self.draw_subset(size, rng)
        failures: list[tuple[int, str]] = []
        if self.stage == "experts" and rng.random() < config.degrade_probability:
            failures = draw_failures(present, self.kinds, rng)
        return SamplePlan(frame, focus, is_flipped, float(factor), at, jitter, present, failures)

    def draw_present(self, rng: np.random.Generator) -> np.ndarray:
        """The full set with the configured probability, else any non-empty proper subset alike."""
        count = len(self.kinds)
        mask = np.ones(count, bool)
        if count > 1 and rng.random() >= self.config.full_set_probability:
            code = rng.integers(1, 2**count - 1)
            mask = (code >> np.arange(count) & 1).astype(bool)
        return mask

    def draw_subset(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """A subset of that size, all alike, but a single modality is the first with chance `first_alone`."""
        count = len(self.kinds)
        mask = np.zeros(count, bool)
        if size == 1 and count > 1:
            is_first = rng.random() < self.config.first_alone
            mask[0 if is_first else rng.integers(1, count)] = True
        else:
            mask[rng.permutation(count)[:size]] = True
        return mask

    def sizes(self, share: int) -> list[int | None]:
        """How many modalities each sample of a batch keeps; None where that is drawn."""
        shares = self.config.subset_shares
        if self.stage == "base" or len(self.kinds) == 1:
            return [1] * share
        if not shares:
            return [None] * share
        if len(shares) != len(self.kinds) or not sum(shares) > 0:
            raise InputError(
                f"Expected augment.subset_shares for 1 to {len(self.kinds)} modalities but received {shares}."
            )
        bounds = np.cumsum(shares) / sum(shares)
        return [int(np.searchsorted(bounds, (i + 0.5) / share)) + 1 for i in range(share)]

    def _draw_frame(self, position: int, rng: np.random.Generator) -> tuple[int, int | None]:
        """A frame and, where it was drawn for one, the class."""
        if len(self.classes) and rng.random() < self.config.rare_probability:
            chosen = int(np.searchsorted(self._class_bounds[:-1], rng.random(), side="right"))
            bounds = self._frame_bounds[chosen]
            frame = int(np.searchsorted(bounds[:-1], rng.random() * bounds[-1], side="right"))
            return frame, int(self.classes[chosen])
        epoch, offset = divmod(position, self.frames)
        known, order = self._epoch  # at once: another thread may draw from another epoch
        if known != epoch:
            order = np.random.default_rng([self.seed, 2, epoch]).permutation(self.frames)
            self._epoch = (epoch, order)
        return int(order[offset]), None
