"""Runs side by side whose processes are killed: nothing is waited for in vain, and all else is made."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path

import killed_runs
import pytest

from mle_sam_train.claims.workers import KILLED, Pool, processes


def test_a_run_whose_process_is_killed_fails_with_those_beside_it_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(killed_runs.FOLDER, str(tmp_path))
    before = set(multiprocessing.active_children())
    names = ["plain", "killed", "beside", "plain", "plain"]
    tasks = [((name, seed, 1), math.inf) for seed, name in enumerate(names)]
    with processes(2) as begin:
        made = dict(Pool(begin, 2, killed_runs.make).run(tasks, math.inf))
    assert made == {
        task: KILLED if task[0] in ("killed", "beside") else {"seed": task[1]} for task, _ in tasks
    }
    assert set(multiprocessing.active_children()) <= before


def test_runs_that_are_given_up_do_not_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(killed_runs.FOLDER, str(tmp_path))
    before = set(multiprocessing.active_children())
    tasks = [((name, 0, 1), math.inf) for name in ("plain", "beside")]
    with processes(2) as begin:
        assert next(Pool(begin, 2, killed_runs.make).run(tasks, math.inf)) == (("plain", 0, 1), {"seed": 0})
    assert set(multiprocessing.active_children()) <= before
