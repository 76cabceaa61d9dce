"""Processes that load: how they begin and end, and the one sentence for one that is killed, at any moment."""

from __future__ import annotations

import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import AuthenticationError, active_children
from multiprocessing.context import ForkContext
from multiprocessing.process import BaseProcess
from pickle import UnpicklingError
from typing import Any

from torch.utils.data import DataLoader

from ..errors import InputError, first_line

HANDED_OVER = (OSError, EOFError, UnpicklingError, AuthenticationError)
"""What is met where a process ends while it hands a batch over: no other end of a socket, half a message."""


class Fork(ForkContext):
    """Frames in memory and mapped arrays are inherited; any other start would copy them."""

    def Event(self) -> Flag:
        """What tells the processes to end."""
        return Flag()


class Flag:
    """An event without a lock: a process that is killed while it holds one stops all others for ever."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)  # shared with the processes that are forked

    def set(self) -> None:
        self._byte[0] = 1

    def is_set(self) -> bool:
        return self._byte[0] == 1


@contextmanager
def begun(loader: DataLoader) -> Iterator[Iterator[Any]]:
    """A loader's batches; afterwards its processes have ended, whatever became of them."""
    others = set(active_children())
    try:
        with _signals_held(), _without_handler():
            batches = iter(loader)
    except BaseException as error:
        _kill([process for process in active_children() if process not in others])
        if isinstance(error, OSError):
            raise InputError(
                f"Expected {loader.num_workers} loader processes to start but received: "
                f"{first_line(error).rstrip('.')}. Use fewer --workers."
            ) from error
        raise
    try:
        yield batches
    finally:
        # By itself PyTorch ends them when nothing refers to the batches, but an error keeps references: this
        # process would wait for them at its end.
        batches._shutdown_workers()
        # They heed no other signal: one that is slow is still there.
        _kill(batches._workers)


def _kill(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.kill()
        process.join()


@contextmanager
def told_in_one_sentence() -> Iterator[None]:
    """What is met where a process is killed while batches are taken becomes an `InputError`."""
    try:
        yield
    except HANDED_OVER as error:
        if str(error).startswith("Caught "):  # by a process, which sends it in the place of a batch
            raise
        raise process_ended(error) from error
    except RuntimeError as error:
        if not any(words in first_line(error) for words in ("DataLoader worker", "Pin memory thread exited")):
            raise
        raise process_ended(error) from error


def process_ended(error: Exception) -> InputError:
    """The sentence for a loader process that has ended."""
    return InputError(
        f"Expected loader processes that go on but one ended: {first_line(error).rstrip('.')}. Most often "
        "memory is short: use fewer --workers, and go on from the last checkpoint with --resume."
    )


SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave_signals_to_the_trainer(worker: int) -> None:
    """Ctrl-C and SIGTERM go to the whole group: the trainer saves first, then ends its loaders."""
    del worker
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals wait, here and in processes started meanwhile, until these leave them to the trainer."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_handler() -> Iterator[None]:
    """PyTorch's handler of SIGCHLD raises in the middle of whatever this process does, and may leave anything
    behind: half a checkpoint, a thread that is not counted. Taking a batch tells as much."""
    if threading.current_thread() is not threading.main_thread():  # where PyTorch installs none
        yield
        return
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before or signal.SIG_DFL)
