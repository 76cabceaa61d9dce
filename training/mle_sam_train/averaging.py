"""An exponential moving average of a model's weights: smoother than any single step's."""

from __future__ import annotations

import copy

from torch.optim.swa_utils import get_ema_multi_avg_fn

from .model import MleSam


class WeightAverage:
    """Holds `average = d * average + (1 - d) * weights`, updated after each step.

    At step n `d` is `min(decay, (1 + n) / (10 + n))`: what a run began with is soon forgotten. With a
    constant decay a run of 350 steps at 0.998 would still be half its random beginning.
    """

    def __init__(self, model: MleSam, decay: float) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        self.decay = decay

    def decay_at(self, step: int) -> float:
        """Of the update after `step` earlier ones."""
        return min(self.decay, (1 + step) / (10 + step))

    def update(self, model: MleSam, step: int) -> None:
        """Take in the weights after a step. What is frozen stays what it is."""
        average = get_ema_multi_avg_fn(self.decay_at(step))
        average(list(self.model.parameters()), [p.detach() for p in model.parameters()], None)
