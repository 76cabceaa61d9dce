"""Loader processes that end, slowly or too soon: killed at any moment they are told in one sentence."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing import connection, queues, reduction
from multiprocessing.process import BaseProcess

import pytest
from test_loader import first, loader
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from mle_sam_train.data import FrameCache
from mle_sam_train.data import loader as loader_module
from mle_sam_train.data.loader_processes import process_ended
from mle_sam_train.errors import InputError


def test_signals_are_the_trainers_and_processes_end_with_the_batches(train_cache: FrameCache) -> None:
    before = set(multiprocessing.active_children())
    source = loader(train_cache, 2).batches(0)
    next(source)
    processes = set(multiprocessing.active_children()) - before
    assert len(processes) == 2
    for process in processes:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(process.pid, number)
    for _ in range(8):
        next(source)
    source.close()
    assert not any(process.is_alive() for process in processes)


def test_the_other_processes_end_where_one_was_killed_and_the_error_is_kept(train_cache: FrameCache) -> None:
    """An error's traceback keeps everything alive; this process would wait for them at its end, in vain."""
    before = set(multiprocessing.active_children())
    source = loader(train_cache, 2).batches(0)
    next(source)
    first, other = set(multiprocessing.active_children()) - before
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(InputError) as kept:
        for _ in range(40):
            next(source)
    assert not other.is_alive(), kept


def test_signals_are_left_to_the_trainer_from_the_start(train_cache: FrameCache, monkeypatch) -> None:
    """A process does not end by a signal that comes before it ignores signals."""
    started = loader_module.leave_signals_to_the_trainer

    def late(worker: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        started(worker)

    monkeypatch.setattr(loader_module, "leave_signals_to_the_trainer", late)
    source = loader(train_cache, 2).batches(0)
    for _ in range(4):
        next(source)
    source.close()


SENTENCE = (
    r"^Expected loader processes that go on but one ended: \S.*\. Most often memory is short: use fewer"
)


def killed_as_it_begins(_: pytest.MonkeyPatch) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kills(place: object, name: str, *, count: int = 1, after: bool = False) -> Callable:
    """Makes a loader process end the `count`th time it comes to a function: before it, or right after."""

    def change(patch: pytest.MonkeyPatch) -> None:
        original, calls = getattr(place, name), iter(range(1, count))

        def deadly(*arguments: object, **options: object) -> object:
            if next(calls, None) is not None:
                return original(*arguments, **options)
            if after:
                original(*arguments, **options)
            return os.kill(os.getpid(), signal.SIGKILL)

        patch.setattr(place, name, deadly)

    return change


def killed_with_a_lock(patch: pytest.MonkeyPatch) -> None:
    """The other processes can hand over nothing any more."""

    def deadly(queue: queues.Queue) -> None:
        queue._wlock.acquire()
        os.kill(os.getpid(), signal.SIGKILL)

    patch.setattr(queues.Queue, "_start_thread", deadly)


MOMENTS = {
    "as it begins": killed_as_it_begins,
    "before its first sample": kills(loader_module._Samples, "__getitem__"),
    "in its first batch": kills(loader_module._Samples, "__getitem__", count=2),
    "in a later batch": kills(loader_module._Samples, "__getitem__", count=11),
    "with a batch in its queue": kills(queues.Queue, "put", after=True),
    "before it packs a batch": kills(reduction, "DupFd"),
    "while it packs a batch": kills(reduction, "DupFd", count=2, after=True),
    "before it sends a batch": kills(connection.Connection, "_send_bytes"),
    "after it has sent a batch": kills(connection.Connection, "_send_bytes", after=True),
    "before a batch is fetched": kills(connection.Listener, "accept"),
    "while a batch is fetched": kills(connection.Listener, "accept", after=True),
    "before it knows by whom": kills(connection, "deliver_challenge"),
    "while it learns by whom": kills(connection, "deliver_challenge", after=True),
    "while it says who it is": kills(connection, "answer_challenge"),
    "after it has said who it is": kills(connection, "answer_challenge", after=True),
    "before it hands a tensor over": kills(reduction, "sendfds"),
    "while it hands a batch over": kills(reduction, "sendfds", count=2, after=True),
    "after it has handed a batch over": kills(reduction, "sendfds", count=3, after=True),
    "with a lock of the batches": killed_with_a_lock,
}


@pytest.fixture
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch asks every five seconds whether the processes still live."""
    monkeypatch.setattr(_MultiProcessingDataLoaderIter._try_get_data, "__defaults__", (0.1,))


def install(monkeypatch: pytest.MonkeyPatch, moment: Callable[[pytest.MonkeyPatch], None]) -> None:
    """Changes the first loader process alone, as soon as it has begun."""
    started = loader_module.leave_signals_to_the_trainer

    def changed(worker: int) -> None:
        started(worker)
        if worker == 0:
            moment(pytest.MonkeyPatch())

    monkeypatch.setattr(loader_module, "leave_signals_to_the_trainer", changed)


def assert_told(cache: FrameCache, monkeypatch: pytest.MonkeyPatch, moment: Callable, workers: int) -> None:
    """A process that ends at a moment is told in one sentence, and the others end with it."""
    install(monkeypatch, moment)
    before = set(multiprocessing.active_children())
    source = loader(cache, workers).batches(0)
    with pytest.raises(InputError, match=SENTENCE) as told:
        for _ in range(40):
            next(source)
    assert "\n" not in str(told.value)
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.usefixtures("asked_often")
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_that_is_killed_is_told_in_one_sentence(
    train_cache: FrameCache, monkeypatch: pytest.MonkeyPatch, moment: Callable, workers: int
) -> None:
    assert_told(train_cache, monkeypatch, moment, workers)


@pytest.mark.usefixtures("asked_often")
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_process_whose_end_is_known_late_is_told_in_one_sentence(
    train_cache: FrameCache, monkeypatch: pytest.MonkeyPatch, moment: Callable
) -> None:
    """Its sockets are closed before its end is known."""
    is_alive, calls = BaseProcess.is_alive, iter(range(2))
    monkeypatch.setattr(
        BaseProcess, "is_alive", lambda process: next(calls, None) is not None or is_alive(process)
    )
    assert_told(train_cache, monkeypatch, moment, 2)


def test_a_process_that_is_killed_as_it_ends_is_no_error(train_cache: FrameCache, monkeypatch) -> None:
    before = set(multiprocessing.active_children())
    install(monkeypatch, kills(queues.Queue, "cancel_join_thread"))
    source = loader(train_cache, 2).batches(0)
    next(source)
    source.close()
    assert set(multiprocessing.active_children()) <= before


def test_a_process_that_is_killed_stops_nothing_but_the_next_batches(train_cache: FrameCache) -> None:
    """What this process does meanwhile, a checkpoint perhaps, is not broken off."""
    before = set(multiprocessing.active_children())
    with closing(loader(train_cache, 1).batches(0)) as source:
        next(source)
        (process,) = set(multiprocessing.active_children()) - before
        process.kill()
        process.join()


@pytest.mark.slow
def test_a_process_that_does_not_come_to_an_end_is_ended(train_cache: FrameCache, monkeypatch) -> None:
    before = set(multiprocessing.active_children())

    def waits(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(queues.Queue, "cancel_join_thread", lambda _: time.sleep(1e6))

    install(monkeypatch, waits)
    source = loader(train_cache, 2).batches(0)
    next(source)
    source.close()
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # PyTorch's, of half an iterator
def test_processes_that_cannot_be_started_are_told_in_one_sentence(train_cache, monkeypatch) -> None:
    before, fork, calls = set(multiprocessing.active_children()), os.fork, iter(range(1))

    def limited() -> int:
        if next(calls, None) is None:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    monkeypatch.setattr(os, "fork", limited)
    told = r"^Expected 2 loader processes to start but received: .* unavailable\. Use fewer --workers\.$"
    with pytest.raises(InputError, match=told) as kept:
        first(loader(train_cache, 2), 0, 1)
    assert set(multiprocessing.active_children()) <= before, kept
    del kept
    gc.collect()


@pytest.mark.parametrize("error", [EOFError(), ConnectionResetError(), RuntimeError("\n\n")])
def test_an_error_without_a_text_is_told_by_its_kind(error: Exception) -> None:
    """A pipe whose other end is gone gives an EOFError, which has none."""
    assert f"one ended: {type(error).__name__}. Most often" in str(process_ended(error))
