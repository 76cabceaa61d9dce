"""Who makes the runs of the comparison: this process, one after the other, or several side by side."""

from __future__ import annotations

import math
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any

import torch

from ..data import is_growing, open_cache
from ..data.cache import is_decoded
from ..device_bench import machine
from ..errors import InputError, first_line
from .lab import Lab, Source, decoding_threads, info_at_size

Task = tuple[str, int, int]
"""Variant, seed, steps."""
Timed = tuple[Task, float]
"""A run and when it must have begun, in seconds since the epoch."""
Made = tuple[Task, dict[str, Any] | str]
"""A run and its result, or why there is none."""
KILLED = "failed: a process was killed, most often because memory is short; use fewer --jobs"


class Inline:
    """One run after the other in this process."""

    def __init__(self, source: Source) -> None:
        self.lab = Lab(source)

    def measure(self, names: list[str]) -> dict[str, dict[str, float]]:
        return self.lab.measure(names)

    def machine(self) -> dict[str, Any]:
        return machine(self.lab.device)

    def run(self, tasks: list[Timed], deadline: float) -> Iterator[Made]:
        del deadline
        for task in tasks:
            yield task[0], _attempt(self.lab, task)


_lab: Lab | Exception | None = None
"""Of a worker process."""


class Pool:
    """Runs side by side, each process with a copy of the frames on the device.

    Args:
        begin: gives fresh processes; those of before are done with.
        make: what a process does for a run.
    """

    def __init__(self, begin: Callable[[], Executor], jobs: int, make: Callable[[Timed], Made]) -> None:
        self.begin, self.jobs, self.make = begin, jobs, make
        self.pool = begin()

    def measure(self, names: list[str]) -> dict[str, dict[str, float]]:
        """Shared out among the processes, all measuring at once."""
        shares = [names[first :: self.jobs] for first in range(self.jobs)]
        with _killed_is_told():
            measured = list(self.pool.map(_measure, [share for share in shares if share]))
        paces = {name: pace for share in measured for name, pace in share.items()}
        return {name: paces[name] for name in names}

    def machine(self) -> dict[str, Any]:
        with _killed_is_told():
            return self.pool.submit(_describe).result()

    def run(self, tasks: list[Timed], deadline: float) -> Iterator[Made]:
        """Results as they come. One process that is killed ends the runs beside it, which fail; fresh ones go
        on with those that had not begun."""
        waiting, begun = deque(tasks), dict[Future[Made], Task]()
        while waiting or begun:
            with suppress(BrokenProcessPool):
                while waiting and len(begun) < self.jobs:
                    future = self.pool.submit(self.make, waiting[0])
                    begun[future] = waiting.popleft()[0]
            # Nothing is waited for beyond the end.
            patience = None if math.isinf(deadline) else max(1, deadline + 30 - time.time())
            ended = wait(begun, patience, FIRST_COMPLETED).done
            if begun and not ended:
                return
            is_broken = not begun
            for future in ended:
                task = begun.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    is_broken = True
                    yield task, KILLED
                else:
                    yield future.result()
            if is_broken and not begun:
                self.pool = self.begin()


@contextmanager
def _killed_is_told() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise InputError(
            "Expected processes that go on but one was killed, most often because memory is short. Use fewer "
            "--jobs; the same command goes on from here."
        ) from error


@contextmanager
def workers_for(source: Source, jobs: int) -> Iterator[Inline | Pool]:
    """Whatever is running ends with this, also when asked to by SIGTERM."""
    if jobs < 1:
        raise InputError(f"Expected 1 or more for --jobs but received {jobs}.")
    if jobs == 1:
        yield Inline(source)
        return

    # Decoded here where it has to be: no two processes may do so at once.
    info = info_at_size(source)
    open_cache(info, source.split, source.cache, decoding_threads())
    if not (is_decoded("train", source.cache) or is_growing(source.cache)):
        open_cache(info, "train", source.cache, decoding_threads())

    def stop(*_: object) -> None:
        raise SystemExit(143)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        with processes(jobs, _open_lab, (source, torch.get_num_threads())) as begin:
            yield Pool(begin, jobs, _run)
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def processes(
    jobs: int, initializer: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[Callable[[], Executor]]:
    """What begins a pool of processes; all end with this, whatever they are doing."""
    others = set(multiprocessing.active_children())
    pools: list[Executor] = []

    def end() -> None:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        for pool in pools:  # whose thread counts those that have ended; not two at once
            pool.shutdown(wait=True, cancel_futures=True)
        pools.clear()

    def begin() -> Executor:
        end()
        context = multiprocessing.get_context("spawn")
        pools.append(ProcessPoolExecutor(jobs, context, initializer, arguments))
        return pools[0]

    try:
        yield begin
    finally:
        end()


def _open_lab(source: Source, threads: int) -> None:
    """Keeps an error for the first task: a pool would start a process that cannot begin again and again."""
    global _lab
    torch.set_num_threads(threads)
    try:
        _lab = Lab(source)
    except Exception as error:
        _lab = error


def _opened() -> Lab:
    if not isinstance(_lab, Lab):
        raise _lab or RuntimeError("This process has no data.")
    return _lab


def _measure(names: list[str]) -> dict[str, dict[str, float]]:
    return _opened().measure(names)


def _describe() -> dict[str, Any]:
    return machine(_opened().device)


def _run(timed: Timed) -> Made:
    return timed[0], _attempt(_opened(), timed)


def _attempt(lab: Lab, timed: Timed) -> dict[str, Any] | str:
    """The result of a run, or why there is none."""
    task, begin_by = timed
    if time.time() >= begin_by:
        return "left out, too little time is left"
    try:
        return lab.run(*task)
    except Exception as error:  # one that fails must not take the others with it
        return f"failed: {first_line(error)}"
