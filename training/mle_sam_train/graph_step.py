"""A training step as one CUDA graph: the host starts it with one call instead of some thousand.

A small network's step is bound by the host that launches its kernels. A graph fixes shapes and addresses:
batches are copied into the tensors it was captured with, rates lie in tensors, and every batch must have the
same number of images.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .data import Batch
from .errors import first_line

WARM_UP = 3
"""Steps before the capture, as PyTorch asks for: libraries and optimiser make their buffers then."""
TOLERANCE = 0.05
"""Of the loss of a replay against that of the same batch step by step."""
IN_FLIGHT = 2
"""Replays that may wait on the GPU; more would only hold memory."""


class GraphFailed(Exception):
    """The step cannot run as a graph on this machine; it can still run step by step."""


class GraphStep:
    """Holds the graph, and the tensors it reads."""

    def __init__(
        self,
        example: Batch,
        places: tuple[Tensor, ...],
        loss_of: Callable[[Batch, tuple[Tensor, ...], Tensor], Tensor],
        optimizer: torch.optim.Optimizer,
        clip: float,
        device: torch.device,
    ) -> None:
        self.device, self.optimizer, self.clip, self.loss_of = device, optimizer, clip, loss_of
        self.parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.images, self.labels = example.images.clone(), example.labels.clone()
        self.present = example.present.to(device)
        self.places = tuple(place.to(device) for place in places)
        self.offset = torch.zeros(2, dtype=torch.int64, device=device)
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(float(group["lr"]), device=device)
        self._ends = [torch.cuda.Event() for _ in range(IN_FLIGHT)]
        self._replays = 0
        self.graph, self.loss = self._captured()

    def run(self, batch: Batch, places: tuple[Tensor, ...], offset: tuple[int, int], factor: float) -> Tensor:
        """One update on a batch with rates times `factor`; its loss, on the device.

        A step whose gradients are not finite counts them as zero.
        """
        end = self._ends[self._replays % IN_FLIGHT]
        end.synchronize()  # at once for an event that was never recorded
        self._load(batch, places, offset)
        self.set_rates(factor)
        self.graph.replay()
        loss = self.loss.clone()
        end.record()
        self._replays += 1
        return loss

    def set_rates(self, factor: float) -> None:
        """Learning rates of all groups."""
        for group in self.optimizer.param_groups:
            group["lr"].fill_(group["rate"] * factor)

    def _load(self, batch: Batch, places: tuple[Tensor, ...], offset: tuple[int, int]) -> None:
        if [len(place) for place in places] != [len(place) for place in self.places]:
            raise GraphFailed("a batch has another number of images than the one captured")
        pairs = [(self.images, batch.images), (self.labels, batch.labels), (self.present, batch.present)]
        pairs += [*zip(self.places, places, strict=True), (self.offset, torch.tensor(offset))]
        for target, source in pairs:
            target.copy_(source, non_blocking=True)

    def _step(self) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._loss()
        loss.backward()
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad.nan_to_num_(0.0, 0.0, 0.0)
        nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        return loss.detach()

    def _loss(self) -> Tensor:
        batch = Batch(self.images, self.present, self.labels)
        return self.loss_of(batch, self.places, self.offset)

    def _captured(self) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        """Capture a step, and hold a replay of it to the loss that the same weights give without a graph."""
        self.set_rates(1e-3)
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(WARM_UP):
                    self._step()
            torch.cuda.current_stream().wait_stream(side)
            self.optimizer.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                loss = self._step()
            with torch.no_grad():
                expected = float(self._loss())
            before = self.parameters[0].detach().clone()
            self.set_rates(0.02)
            graph.replay()
            received, moved = float(loss), float((self.parameters[0] - before).abs().max())
        except Exception as error:  # errors of CUDA share no base class
            raise GraphFailed(first_line(error)) from error
        is_same = math.isfinite(received) and abs(received - expected) <= TOLERANCE * abs(expected)
        if not is_same or not 0 < moved < math.inf:
            raise GraphFailed(f"a replay's loss is {received}, not {expected}; weights move by {moved}")
        return graph, loss
