"""Steps with limits, sessions in the background, and what is copied out: what `run.py` is made of."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

GRACE = 15.0
"""Seconds after a step was asked to stop until it is made to."""


class Run:
    """Runs steps until the deadline and keeps the books."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.work, self.out = options, options.work, options.out
        self.began = time.monotonic()
        self.steps: list[dict] = []
        self.logs, self.pids = self.work / "logs", self.work / "pids"
        for folder in (self.out, self.logs, self.pids):
            folder.mkdir(parents=True, exist_ok=True)
        self.data, self.wide = self.work / "data", self.work / "wide"
        self.cache, self.folder = self.work / "cache", self.work / "run"
        self.config = self.work / "training" / "configs" / f"{options.config}.yaml"

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.options.deadline - (time.monotonic() - self.began)

    def step(self, name: str, command: list[object], limit: float, beat: Path | None = None) -> bool:
        """Run a command for at most `limit` seconds, then ask it to stop, then make it; True if it ended well.

        Args:
            beat: a file it writes to now and then; killed when it has not for `--patience` seconds.
        """
        limit = max(1.0, min(limit, self.left - 2))
        started = time.monotonic()
        process = self.spawn(name, command)
        end, is_told = started + limit, False
        while process.poll() is None:
            time.sleep(0.2)
            if beat is not None and time.monotonic() - max(started, _written(beat)) > self.options.patience:
                self.note({"step": f"{name} is stuck"})
                process.kill()
                process.wait()
            elif time.monotonic() >= end + GRACE:
                process.kill()
            elif time.monotonic() >= end and not is_told:
                process.terminate()  # once: a second one would kill what saves its state
                is_told = True
        seconds = round(time.monotonic() - started, 1)
        self.note({"step": name, "seconds": seconds, "limit": round(limit), "status": process.returncode})
        return process.returncode == 0

    def spawn(self, name: str, command: list[object], session: bool = False) -> subprocess.Popen:
        """Start a command whose output goes to a log of that name; in a session of its own it outlives this one."""
        words = [str(word) for word in command]
        with (self.logs / f"{name.replace(' ', '-')}.log").open("a") as log:
            log.write(f"== {time.time():.0f} {' '.join(words)}\n")
            log.flush()
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=session,
                cwd=self.work,
            )
        if session:
            (self.pids / name).write_text(str(process.pid))
        return process

    def note(self, entry: dict) -> None:
        """Add to `OUT/<PART>.json`, with the seconds since this part began."""
        self.steps.append({"at": round(time.monotonic() - self.began, 1), **entry})
        (self.out / f"{self.options.part}.json").write_text(json.dumps(self.steps, indent=2) + "\n")
        print(json.dumps(self.steps[-1]), flush=True)

    def python(self, *arguments: object, threads: int | None = None) -> list[object]:
        """A command of `mle-sam-train`."""
        count = self.options.threads if threads is None else threads
        return [sys.executable, "-m", "mle_sam_train.cli", "--threads", count, *arguments]

    def alive(self, name: str) -> bool:
        """Whether a background session still runs; a zombie does not."""
        try:
            pid = (self.pids / name).read_text()
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            return False

    def send(self, name: str, number: signal.Signals) -> None:
        """A signal to a background session."""
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int((self.pids / name).read_text()), number)

    def background(self) -> list[str]:
        """Names of what was started in the background."""
        return sorted(path.name for path in self.pids.iterdir())

    def until(self, stage: str) -> Path:
        """The file with the time a stage ends by."""
        return self.work / f"{stage}.until"

    def set_until(self, stage: str, moment: float) -> None:
        """Write that time, whole."""
        part = self.work / f"{stage}.part"
        part.write_text(f"{moment:.1f}")
        part.replace(self.until(stage))

    def copy(self) -> None:
        """Weights, reports and logs so far to the output folder."""
        files = {
            "base.safetensors": self.folder / "base" / "model.safetensors",
            "experts.safetensors": self.folder / "experts" / "model.safetensors",
            **{name: self.work / name for name in ("test.json", "wide.json", "routing.json")},
            **{path.name: path for path in self.options.beside_results if path.is_file()},
        }
        for name, path in files.items():
            if path.exists():
                shutil.copyfile(path, self.out / f"{name}.part")
                (self.out / f"{name}.part").replace(self.out / name)
        for folder in (path for path in self.options.beside_results if path.is_dir()):
            with tarfile.open(self.out / f"{folder.name}.tar.gz", "w:gz") as archive:
                for path in sorted(folder.rglob("*.json*")):
                    archive.add(path, path.relative_to(folder.parent))
        part = self.work / "logs.tar.gz"
        with tarfile.open(part, "w:gz") as archive:
            archive.add(self.logs, "logs")
            for stage in ("base", "experts"):
                log = self.folder / stage / "log.jsonl"
                if log.exists():
                    archive.add(log, f"{stage}-log.jsonl")
        shutil.copyfile(part, self.out / "logs.tar.gz")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.work / "training"),
            "PYTHONUNBUFFERED": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_OFFLINE": "1",
        }


def _written(path: Path) -> float:
    """When a file was last written, on the monotonic clock; long ago if it never was."""
    try:
        return time.monotonic() - (time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0


def stop(process: subprocess.Popen, seconds: float) -> None:
    """Give a session some seconds to end by itself, then ask it, then make it."""
    for number, patience in ((None, seconds), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        with contextlib.suppress(OSError):
            if number is not None and process.poll() is None:
                os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
