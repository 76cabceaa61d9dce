"""Learning-rate schedule over a budget of steps or of minutes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from .config import StageConfig
from .errors import InputError

WITHOUT_TIME = 60.0
"""Minutes a stage runs whose end is to come in a file that is not there yet."""


@dataclass(frozen=True)
class Budget:
    """How long a stage runs. With minutes, time spent before a resume counts, time while stopped does not.

    `until` is a file with a time in seconds since 1970 that may be written anew while the stage runs: it then
    ends by that time, and the learning rate with it. As long as the file is missing `minutes` hold.
    """

    steps: int | None
    minutes: float | None
    until: Path | None = None

    @staticmethod
    def of(stage: StageConfig, steps: int | None, minutes: float | None, until: Path | None = None) -> Budget:
        """The command line's budget if given, else the configuration's."""
        if steps is None and minutes is None:
            steps, minutes = stage.steps, stage.minutes
        if until is not None and steps is None and minutes is None:
            minutes = WITHOUT_TIME
        if (steps is None) == (minutes is None):
            raise InputError(
                f"Expected either steps or minutes as budget but received {steps} and {minutes}."
            )
        if (steps or minutes or 0) <= 0:
            raise InputError(f"Expected a positive budget but received {steps or minutes}.")
        return Budget(steps, minutes, until)

    def progress(self, step: int, seconds: float) -> float:
        """Fraction of the budget used, may exceed 1."""
        left = self._left()
        if left is not None:
            return seconds / (seconds + left) if left > 0 else 1.0
        return step / self.steps if self.steps is not None else seconds / (60 * (self.minutes or 1))

    def _left(self) -> float | None:
        """Seconds until the time in the file."""
        if self.until is None:
            return None
        try:
            return float(self.until.read_text()) - time.time()
        except (OSError, ValueError):  # not there yet, or just being written
            return None


def learning_rate_factor(progress: float, warmup: float, power: float) -> float:
    """Linear warm-up over the first `warmup` of the budget, then polynomial decay to zero."""
    if progress < warmup:
        return max(progress, 0.02 * warmup) / warmup
    return max(0.0, (1 - progress) / (1 - warmup)) ** power
