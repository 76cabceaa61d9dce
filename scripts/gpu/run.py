"""On the machine with the GPU: runs the packed steps in order, each within its time, results written as each ends.

`python3 run.py FIRST` unpacks, renders a data set in the background, measures full-size models, trains the base.
`python3 run.py SECOND` ends the rendering, trains the experts on all frames, scores them. Both end by `--deadline`.
Everything comes to `--out`: `steps.json` first of all, which says of each step how long it took and how it ended.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
COPIED_EVERY = 15.0
"""Seconds between copies of what a step has written so far: a machine that is lost loses no more."""


class Run:
    """Runs steps until the deadline and keeps the books."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.work, self.out = options, options.work, options.out
        self.began = time.monotonic()
        self.steps: list[dict] = []
        self.out.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(parents=True, exist_ok=True)

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.options.deadline - (time.monotonic() - self.began)

    def step(self, name: str, command: list[str], limit: float, copied: dict[str, Path] | None = None) -> bool:
        """Run a command for at most `limit` seconds, then ask it to stop, then make it; True if it ended well.

        Args:
            copied: files it writes, by their name in the output folder.
        """
        limit = max(1.0, min(limit, self.left - 5))
        log = self.out / f"{self.options.part}.log"
        started = time.monotonic()
        with log.open("a") as file:
            file.write(f"== {name}: {' '.join(command)}\n")
            file.flush()
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=self._environment())
            end, code, is_told = started + limit, None, False
            while code is None:
                try:
                    code = process.wait(min(COPIED_EVERY, max(0.1, end - time.monotonic())))
                except subprocess.TimeoutExpired:
                    self._copy(copied)
                    if time.monotonic() >= end + 15:
                        process.kill()
                    elif time.monotonic() >= end and not is_told:
                        process.terminate()  # once: a second one would kill what saves its state
                        is_told = True
        self._copy(copied)
        seconds = round(time.monotonic() - started, 1)
        self.note({"step": name, "seconds": seconds, "limit": round(limit), "status": code})
        return code == 0

    def note(self, entry: dict) -> None:
        """Add to `steps.json`."""
        self.steps.append(entry)
        (self.out / f"{self.options.part}.json").write_text(json.dumps(self.steps, indent=2) + "\n")
        print(json.dumps(entry), flush=True)

    def python(self, *arguments: object) -> list[str]:
        """A command of `mle-sam-train`."""
        threads = str(self.options.threads)
        return [sys.executable, "-m", "mle_sam_train.cli", "--threads", threads, *map(str, arguments)]

    def _copy(self, copied: dict[str, Path] | None) -> None:
        for name, path in (copied or {}).items():
            if path.exists():
                shutil.copyfile(path, self.out / f"{name}.part")
                (self.out / f"{name}.part").replace(self.out / name)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.work / "training"),
            "PYTHONUNBUFFERED": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_OFFLINE": "1",
        }


def unpack(run: Run) -> None:
    """Join the parts and unpack them into the work folder."""
    joined = run.work / "packed.tar.xz"
    with joined.open("wb") as file:
        for part in sorted(HERE.glob("packed.part*")):
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)
    run.step("unpack", ["tar", "-C", str(run.work), "-xJf", str(joined)], 60)
    run.step("unpack the simulator", ["tar", "-C", str(run.work), "-xJf", str(HERE / "simulator.tar.xz")], 30)
    shutil.copytree(HERE / "training", run.work / "training", dirs_exist_ok=True)


def start_rendering(run: Run) -> None:
    """Frames in the background, held-out ones first. It outlives this command; `stop_rendering` ends it."""
    options, data = run.options, run.work / "data"
    simulate = f"{run.work}/node {run.work}/js/main.mjs simulate {data} --layout deliver --seed {options.seed}"
    simulate += f" --workers {options.workers}"
    sets = (("val", options.held_out), ("test", options.held_out), ("train", options.frames))
    script = " && ".join(f"{simulate} --split {split} --frames {frames}" for split, frames in sets)
    with (run.work / "render.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", script], stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=run.work
        )
    (run.work / "render.pid").write_text(str(process.pid))
    run.note({"step": "render, in the background", "workers": options.workers})


def stop_rendering(run: Run) -> None:
    """A frame counts once its labels are there, which are written last: it may be stopped at any moment."""
    pid = int((run.work / "render.pid").read_text())
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    tail = (run.work / "render.log").read_text()[-600:]
    run.note({"step": "frames", "train": count_frames(run), "log": tail})


def count_frames(run: Run) -> int:
    """Training frames that are whole."""
    return sum(1 for _ in (run.work / "data" / "semantic").glob("*/train/*/*.png"))


def first(run: Run) -> None:
    """Figures of full-size models and the base."""
    options, configs = run.options, run.work / "training" / "configs"
    unpack(run)
    start_rendering(run)
    report = run.work / "bench.json"
    bench = ["bench", "--config", *(configs / f"{name}.yaml" for name in options.bench), "--out", report]
    run.step("bench", run.python(*bench, *options.bench_options), options.bench_seconds, {"bench.json": report})
    # Compiling takes long and may fail: it comes last, in a process of its own.
    compiled = run.work / "compiled.json"
    bench = ["bench", "--config", configs / f"{options.bench[0]}.yaml", "--out", compiled, "--mode", "compiled"]
    bench += ["--modalities", "4", "--precision", "bfloat16", "--reference", "none"]
    run.step("bench, compiled", run.python(*bench), options.compile_seconds, {"compiled.json": compiled})
    config, data, cache = configs / f"{options.config}.yaml", run.work / "data", run.work / "cache-base"
    decode = ["decode", "--config", config, "--data", data, "--cache", cache, "--workers", options.workers]
    run.step("decode", run.python(*decode), 60)
    run.note({"step": "frames so far", "train": count_frames(run)})
    train = ["base", "--config", config, "--data", data, "--cache", cache, "--run", run.work / "run", "--resume"]
    kept = {name: run.work / "run" / "base" / name for name in ("log.jsonl",)}
    weights = {"base.safetensors": run.work / "run" / "base" / "model.safetensors"}
    minutes = min(options.base_minutes, (run.left - 25) / 60)
    run.step(
        "base",
        run.python(*train, "--minutes", f"{minutes:.2f}"),
        run.left - 10,
        {f"base-{name}": path for name, path in kept.items()} | weights,
    )


def second(run: Run) -> None:
    """Experts on all frames, scored on the held-out ones."""
    options, configs = run.options, run.work / "training" / "configs"
    stop_rendering(run)
    config, data, cache = configs / f"{options.config}.yaml", run.work / "data", run.work / "cache"
    decode = ["decode", "--config", config, "--data", data, "--cache", cache, "--workers", options.threads]
    run.step("decode", run.python(*decode, "--splits", "train", "val", "test"), 90)
    folder = run.work / "run"
    train = ["experts", "--config", config, "--data", data, "--cache", cache, "--run", folder, "--resume"]
    minutes = (run.left - options.reserve) / 60
    kept = {
        "experts.safetensors": folder / "experts" / "model.safetensors",
        "experts-log.jsonl": folder / "experts" / "log.jsonl",
    }
    limit = run.left - 30
    run.step("experts", run.python(*train, "--minutes", f"{max(minutes, 0.05):.2f}"), limit, kept)
    report = run.work / "test.json"
    score = ["evaluate", folder, "--data", data, "--cache", cache, "--split", "test", "--out", report]
    run.step("evaluate", run.python(*score), run.left - 5, {"test.json": report})


def main() -> None:
    """Read the options and run a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("FIRST", "SECOND"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/mle-sam"))
    parser.add_argument("--deadline", type=float, required=True, help="seconds this part may take")
    parser.add_argument("--config", default="reference-gpu")
    parser.add_argument("--bench", nargs="+", default=["deliver-base-plus", "deliver-tiny"])
    parser.add_argument("--bench-options", type=shlex.split, default=[], help="further ones, as one string")
    parser.add_argument("--bench-seconds", type=float, default=120)
    parser.add_argument("--compile-seconds", type=float, default=60)
    parser.add_argument("--base-minutes", type=float, default=1.1)
    parser.add_argument("--reserve", type=float, default=90, help="seconds for all but the experts' training")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--frames", type=int, default=12000)
    parser.add_argument("--held-out", type=int, default=315, help="frames of val and of test")
    parser.add_argument("--workers", type=int, default=12, help="threads that render and decode")
    parser.add_argument("--threads", type=int, default=8, help="of PyTorch")
    options = parser.parse_args()
    run = Run(options)
    {"FIRST": first, "SECOND": second}[options.part](run)


if __name__ == "__main__":
    main()
