"""Training by several processes, started by `torchrun` or `accelerate launch` (same variables)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
from torch import distributed, nn

from .errors import InputError

PATIENCE = timedelta(hours=2)
"""How long the others wait while the first process decodes a data set or validates."""


@dataclass(frozen=True)
class Processes:
    """This process among those that train together. Each holds a whole model and a share of every batch."""

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    local_rank: int = 0
    """Among those on this machine."""

    @property
    def is_first(self) -> bool:
        """Whether this one logs, validates and saves."""
        return self.rank == 0

    def check_batch(self, batch: int, accumulate: int) -> None:
        """Every process and every accumulated part must get equally many samples."""
        parts = self.count * accumulate
        if accumulate < 1 or batch % parts:
            raise InputError(
                f"Expected a batch divisible by processes times accumulate ({self.count} x {accumulate}) "
                f"but received {batch}."
            )

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the processes. One that has none (an expert none of whose
        sensors were drawn) counts as zero there."""
        if self.count == 1:
            return
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients]) / self.count
        distributed.all_reduce(flat)
        for parameter, mean in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = mean.view_as(parameter)

    def of_first(self, *values: float) -> list[float]:
        """The first process's values."""
        if self.count == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.broadcast(shared, src=0)
        return shared.tolist()

    def wait(self) -> None:
        """Until all processes are here."""
        self.of_first(0.0)


@contextmanager
def join_processes() -> Iterator[Processes]:
    """The processes that `torchrun` started, or this one alone. A GPU each where there are any, else CPUs."""
    count, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if count == 1:
        yield Processes(device=device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(distributed.get_rank(), count, device, local)
    finally:
        distributed.destroy_process_group()
