"""Runs as processes of the comparison make them, for `test_claims_workers`; apart, to import little."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

FOLDER = "KILLED_RUNS"
"""Variable with the folder in which runs note that they have begun."""


def make(timed: tuple) -> tuple:
    """The run `killed` ends its process once the run `beside` has begun, which never ends."""
    task, _ = timed
    folder = Path(os.environ[FOLDER])
    (folder / f"{task[0]}-{task[1]}").write_text("")
    while task[0] == "killed" and not list(folder.glob("beside-*")):
        time.sleep(0.01)
    if task[0] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    while task[0] == "beside":
        time.sleep(1)
    return task, {"seed": task[1]}
