"""How a variant of the comparison is trained: as everything else, but that absence has two forms."""

from __future__ import annotations

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..config import Config
from ..data.plan import SamplePlanner
from ..data.sampling import Batch, StepPlans
from ..errors import InputError
from ..graph_step import GraphFailed, GraphStep
from ..losses import total_loss
from ..optimizer import build_optimizer
from ..precision import MixedPrecision
from ..schedule import learning_rate_factor
from .separate import PixelRouted
from .variants import Contender

if TYPE_CHECKING:
    from .lab import Lab


class Training:
    """A variant in training."""

    def __init__(self, lab: Lab, config: Config, model: Contender, steps: int) -> None:
        self.lab, self.config, self.model, self.steps, self.step = lab, config, model, steps, 0
        # The frames stay where they are; what is drawn from them is the run's own.
        self.sampler = copy.copy(lab.sampler)
        self.sampler.plans = self._plans()
        self.sampler.planner = self.sampler.plans.planner
        self.plans = self._plans()  # its own: the sampler's are drawn in another thread
        self.optimizer = build_optimizer(model, model.trained_stage, config.experts)
        self.mixed = MixedPrecision(config.precision, lab.device)
        self.graph: GraphStep | None = None
        self._is_tried = False

    def _plans(self) -> StepPlans:
        lab, config = self.lab, self.config
        planner = SamplePlanner(lab.train, config.augment, "experts", config.seed, lab.kinds)
        return StepPlans(planner, config.experts.batch, (0, 1))

    def run(self, steps: int) -> list[float]:
        """Take as many steps; returns their losses. The device is waited for at the end."""
        self.model.train()
        losses: list[float | torch.Tensor] = []
        self._capture()
        with ThreadPoolExecutor(1) as loader:
            following = loader.submit(self.sampler.batch_at, self.step)
            for _ in range(steps):
                batch = following.result()
                following = loader.submit(self.sampler.batch_at, self.step + 1)
                losses.append(self._step(batch))
            following.result()
        values = [float(loss) for loss in losses]
        if not all(math.isfinite(value) for value in values):
            raise InputError(f"Expected finite losses until step {self.step} but received others.")
        return values

    def _capture(self) -> None:
        """Make the step a CUDA graph, the first time. All batches must then have as many images."""
        config = self.config
        augment = config.augment
        is_static = len(augment.subset_shares) > 0 or augment.full_set_probability == 1
        is_plain = config.loss.resolution == "full" and config.precision != "float16"
        is_possible = self.lab.device.type == "cuda" and is_static and is_plain
        if self._is_tried or not is_possible or self.lab.graph == "off":
            return
        self._is_tried = True
        batch, chosen = self._prepared(self.sampler.batch_at(self.step))
        try:
            made = (batch, chosen, self._loss, self.optimizer, config.experts.clip, self.lab.device)
            self.graph = GraphStep(*made)
        except GraphFailed as error:
            print(f"no CUDA graph, step by step instead: {error}", flush=True)
            self.lab.graph = "off"

    def close(self) -> None:
        """Give back the graph's memory: it holds the training, which holds it."""
        self.graph = None

    def _step(self, batch: Batch) -> float | torch.Tensor:
        settings = self.config.experts
        factor = learning_rate_factor(self.step / self.steps, settings.warmup, settings.power)
        drawn = np.random.default_rng([self.config.seed, 3, self.step]).integers(0, 64, 2)
        offset = (int(drawn[0]), int(drawn[1]))
        prepared, chosen = self._prepared(batch)
        self.step += 1
        if self.graph is not None:
            return self.graph.run(prepared, chosen, offset, factor)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        self.optimizer.zero_grad(set_to_none=True)
        moved = tuple(tensor.to(self.lab.device, non_blocking=True) for tensor in chosen)
        present = prepared.present.to(self.lab.device, non_blocking=True)
        loss = self._loss(Batch(prepared.images, present, prepared.labels), moved, offset)
        self.mixed.backward(loss)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        is_finite, value = self.mixed.update(self.optimizer, parameters, settings.clip, loss.detach())
        return value if is_finite or self.config.precision == "float16" else math.nan

    def _prepared(self, batch: Batch) -> tuple[Batch, tuple[torch.Tensor, ...]]:
        """The batch as the variant meets absence, and what the loss needs besides: all but images and labels
        on the CPU."""
        present, blank = absence(batch.present)
        sound = ~blank
        if isinstance(self.model, PixelRouted):
            for sample, plan in enumerate(self.plans.at(self.step)[0]):
                for position, _ in plan.failures:
                    sound[sample, position] = False
        chosen = self.model.choose(present, blank)
        return Batch(batch.images, present, batch.labels), (*chosen, sound)

    def _loss(
        self, batch: Batch, chosen: tuple[torch.Tensor, ...], offset: tuple[int, int] | torch.Tensor
    ) -> torch.Tensor:
        """Everything is on the device."""
        *places, sound = chosen
        output = self.mixed.forward(lambda: self.model.run(batch.images, batch.present, tuple(places)))
        loss = total_loss(output, batch.labels, self.config.loss, self.lab.weights, offset)
        if isinstance(self.model, PixelRouted):
            loss = loss + self.model.reliability_loss(sound, batch.present)
        return loss


def absence(present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How the absent modalities of a batch are absent: (present, blank), both bool `[B, M]` on the CPU.

    In every second sample they are left out, in the others they are present but blank (zeros), so that both
    protocols of scoring are met in training. By place in the batch, not by chance: samples are drawn by size
    (`subset_shares`), and so each batch has as many images to encode as the last.
    """
    zeros = torch.arange(len(present))[:, None] % 2 == 1
    return present | zeros, ~present & zeros
