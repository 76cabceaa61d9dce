"""A batch augmented on a device: the same plans as on the CPU, the noise of the device's own generator."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..config import AugmentConfig
from .appearance import freedom, repaint, vary_sensor
from .augment import crop_corner
from .device_augment import FAILURES, crop_nearest, crop_smooth, jitter_images, pixel_of_class
from .plan import SamplePlan
from .sampling import Batch


class DeviceAugmentation:
    """Does what plans say to frames that lie on a device.

    Args:
        kinds: representation of each modality.
        classes: their names, for how far their colours may change.
    """

    def __init__(
        self, config: AugmentConfig, kinds: list[str], classes: list[str], device: torch.device
    ) -> None:
        self.config, self.kinds, self.device = config, kinds, device
        self._free = freedom(classes, device)

    def __call__(
        self,
        images: Tensor,
        labels: Tensor,
        frames: list[int],
        plans: list[SamplePlan],
        rng: np.random.Generator,
    ) -> Batch:
        """The samples of `plans`.

        Args:
            images: uint8 `[N, M, H, W, 3]` on the device.
            labels: uint8 `[N, H, W]` on the device.
            frames: the place of each plan's frame among these.
            rng: for what plans leave open; it also seeds the device's generator.
        """
        generator = torch.Generator(self.device)
        generator.manual_seed(int(rng.integers(2**62)))
        frame = self._tensor(frames)
        factor = self._tensor([plan.factor for plan in plans])
        flipped = self._tensor([plan.is_flipped for plan in plans])
        top, left = self._corners(labels, plans, frame, flipped, generator)
        cut = crop_nearest(images, frame, top, left, factor, flipped)
        truth = crop_nearest(labels[:, None], frame, top, left, factor, flipped)[:, 0]
        for position, kind in enumerate(self.kinds):
            if kind == "rgb":
                camera = crop_smooth(images[:, position], frame, top, left, factor, flipped)
                cut[:, position] = self._jitter(camera, plans, generator)
        self._vary(cut, truth, rng, generator)
        self._spoil(cut, plans, rng, generator)
        present = torch.from_numpy(np.stack([plan.present for plan in plans]))
        return Batch(cut, present, truth.long())

    def _corners(
        self,
        labels: Tensor,
        plans: list[SamplePlan],
        frame: Tensor,
        flipped: Tensor,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """First row and column of each crop, in the image as it is after flipping."""
        height, width = labels.shape[1:]
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
        row, column = pixel_of_class(labels[frame[chosen]], classes, generator)
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
            drawn = np.flatnonzero(rng.random(len(images)) < share)
            if len(drawn) == 0:
                continue
            at = self._tensor(drawn)
            chosen = images[at, position]
            images[at, position] = (
                repaint(chosen, labels[at], self._free, generator)
                if is_camera
                else vary_sensor(chosen, kind, generator)
            )
