"""Training by several processes, started by `torchrun` or `accelerate launch` (same variables)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

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

    def share(self, model: nn.Module) -> nn.Module:
        """The model as it is called in training: its gradients become their mean over the processes."""
        if self.count == 1:
            return model
        for buffer in model.buffers():  # constants, once; parameters are seen to below
            distributed.broadcast(buffer, src=0)
        # Without device_ids nothing is moved: presence stays on the CPU.
        return DistributedDataParallel(model, broadcast_buffers=False)

    def total(self, part: Tensor) -> Tensor:
        """The sum over the processes of a tensor of equal shape in each. Its gradient reaches this process's
        part alone; the others see to theirs."""
        if self.count == 1:
            return part
        whole = part.detach().clone()
        distributed.all_reduce(whole)
        return whole + (part - part.detach()) if part.requires_grad else whole

    def gathered(self, part: Tensor) -> Tensor:
        """The parts of all processes, of equal shape, one behind the other; without a gradient."""
        if self.count == 1:
            return part
        parts = [torch.empty_like(part) for _ in range(self.count)]
        distributed.all_gather(parts, part.detach().contiguous())
        return torch.cat(parts)

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
    _groups.append(distributed.group.WORLD)
    try:
        yield Processes(distributed.get_rank(), count, device, local)
    finally:
        distributed.destroy_process_group()


_groups: list[object] = []
"""Process groups, for as long as this process lives. Whoever lets go of one last waits for its threads. A
shared model would do so with Python's lock in hand. Such a thread may need that lock for a tensor it has done
with, and both would wait for ever.
"""
