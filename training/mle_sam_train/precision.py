"""Mixed precision: what runs in fewer bits, and how small gradients survive it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from .config import PrecisionName
from .errors import InputError

DTYPES: dict[PrecisionName, torch.dtype] = {"bfloat16": torch.bfloat16, "float16": torch.float16}
"""Of activations under autocast; `float32` has none."""


def check_precision(precision: PrecisionName, device: torch.device) -> None:
    """float16 is for GPUs: on CPUs its kernels are missing or slow, and bfloat16 needs no scaling."""
    if precision == "float16" and device.type != "cuda":
        raise InputError(
            f"Expected precision bfloat16 or float32 on {device.type} but received float16; it needs a GPU."
        )


class MixedPrecision:
    """Forward and update of a training step in a precision.

    float16 has five bits of exponent: gradients below 6e-8 vanish. The loss is scaled up before the backward
    pass and the gradients down before the update (torch.amp.GradScaler); an update whose gradients overflow
    is left out and the scale halved. bfloat16 has float32's exponent and needs none of this.
    """

    def __init__(self, precision: PrecisionName, device: torch.device) -> None:
        self.precision, self.device = precision, device
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "float16")

    def forward(self, compute: Callable[[], Any]) -> Any:
        """The result of `compute` under autocast."""
        dtype = DTYPES.get(self.precision, torch.bfloat16)
        with torch.autocast(self.device.type, dtype=dtype, enabled=self.precision in DTYPES):
            return compute()

    def backward(self, loss: Tensor) -> None:
        """Add the (scaled) gradients of a loss."""
        self.scaler.scale(loss).backward()

    def update(
        self,
        optimizer: torch.optim.Optimizer,
        parameters: Iterable[nn.Parameter],
        clip: float,
        loss: Tensor,
    ) -> tuple[bool, float]:
        """Scale gradients back, clip their norm and take the optimiser's step.

        Args:
            loss: of the step; a GPU is waited for once, for the loss and the norm together.

        Returns:
            Whether gradients were finite, and the loss. If either is not finite no weight is touched. With
            float16 that happens to gradients now and again, and the smaller scale helps; otherwise something
            is wrong.
        """
        self.scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(parameters, clip)
        size, value = torch.stack((norm.float(), loss.float())).tolist()
        is_finite = math.isfinite(size)
        if math.isfinite(value) and (is_finite or self.scaler.is_enabled()):
            self.scaler.step(optimizer)
            self.scaler.update()
        return is_finite, value

    def state(self) -> dict[str, Any]:
        """What a resumed run needs; empty unless scaling."""
        return self.scaler.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        if state:
            self.scaler.load_state_dict(state)
