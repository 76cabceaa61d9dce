"""On the machine with the GPU: renders, trains and scores the reference within minutes, results written as they come.

`python3 run.py START` unpacks, starts all that runs in the background, and returns: rendering, decoding, and training
of the base as soon as some frames are there, of the experts after it. It outlives the command, in sessions of its own.
`python3 run.py TRAIN --deadline N` sets when the training ends, waits for it, scores what came of it, and copies
everything to `--out` meanwhile. `PAUSE` and `RESUME` hold the background for measurements in between. `BENCH` measures
full-size models. `OUT/<PART>.json` says of each step how long it took and how it ended.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from steps import GRACE, Run, stop

HERE = Path(__file__).resolve().parent
COPIED_EVERY = 15.0
"""Seconds between copies of what has been written so far: a machine that is lost loses no more."""


def unpack(run: Run) -> None:
    """Join the parts and unpack them into the work folder."""
    joined = run.work / "packed.tar.xz"
    with joined.open("wb") as file:
        for part in sorted(HERE.glob("packed.part*")):
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)
    run.step("unpack", ["tar", "-C", run.work, "-xJf", joined], 60)
    run.step("unpack the simulator", ["tar", "-C", run.work, "-xJf", HERE / "simulator.tar.xz"], 30)
    shutil.copytree(HERE / "training", run.work / "training", dirs_exist_ok=True)


def start(run: Run) -> None:
    """Unpack, start the background, return."""
    options = run.options
    unpack(run)
    shares = {"render": options.workers - options.wide_workers, "render-wide": options.wide_workers}
    for name, script in (("render", plain_frames(run)), ("render-wide", wide_frames(run))):
        if shares[name] > 0:
            run.spawn(name, ["nice", "-n", "10", "bash", "-c", script], session=True)
    roots = [run.data, *([run.wide] if options.wide_workers > 0 else [])]
    follow = ["follow", "--config", run.config, "--data", *roots, "--cache", run.cache]
    follow += ["--capacity", options.capacity, "--workers", options.decoders]
    run.spawn("follow", run.python(*follow, threads=1), session=True)
    run.set_until("experts", time.time() + options.train_until)
    passed = ["--work", run.work, "--out", run.logs, "--config", options.config, "--threads", options.threads]
    passed += ["--held-out", options.held_out, "--first-frames", options.first_frames]
    passed += ["--base-seconds", options.base_seconds, "--first-seconds", options.first_seconds]
    passed += ["--patience", options.patience]
    passed += [] if options.weights is None else ["--weights", options.weights.resolve()]
    run.spawn("train", [sys.executable, HERE / "run.py", "PIPELINE", "--deadline", 3600, *passed], session=True)
    run.note({"step": "started", "background": run.background()})


def plain_frames(run: Run) -> str:
    """Some frames to begin with, then those that validate and test, then the rest."""
    options = run.options
    simulate = f"./node js/main.mjs simulate {run.data} --layout deliver --seed {options.seed}"
    simulate += f" --workers {options.workers - options.wide_workers}"
    counts = [("train", options.first_frames), ("val", min(90, options.held_out))]
    counts += [("test", options.held_out), ("train", options.frames)]
    return " && ".join(f"{simulate} --split {split} --frames {frames}" for split, frames in counts)


def wide_frames(run: Run) -> str:
    """Frames of randomised scenes; where the simulator knows none, more plain ones of another seed."""
    options = run.options
    simulate = f"./node js/main.mjs simulate {run.wide} --layout deliver --seed {options.seed + 4}"
    simulate += f" --workers {options.wide_workers}"
    counts = (("train", options.first_frames), ("test", options.held_out // 3 or 1), ("train", options.frames))
    chain = [
        " && ".join(f"{simulate} {kind} --split {split} --frames {frames}" for split, frames in counts)
        for kind in ("--variety wide", "")
    ]
    return f"({chain[0]}) || ({chain[1]})"


def count_frames(root: Path, split: str) -> int:
    """Frames that are whole: labels are written last."""
    return sum(1 for _ in (root / "semantic").glob(f"*/{split}/*/*.png"))


def decoded_frames(run: Run) -> int:
    """Training frames that can be trained on."""
    try:
        return json.loads((run.cache / "train.growing").read_text())["frames"]
    except (OSError, ValueError):
        return 0


def pipeline(run: Run) -> None:
    """In the background: base (unless whole weights are given), then experts, each tried again step by step
    if it fails as a CUDA graph."""
    options = run.options
    held_out = min(90, options.held_out)
    begun_by = time.monotonic() + options.first_seconds
    while time.monotonic() < begun_by:
        if decoded_frames(run) >= options.first_frames and count_frames(run.data, "val") >= held_out:
            break
        time.sleep(0.5)
    run.note({"step": "frames to begin with", "frames": decoded_frames(run)})
    if options.weights is None:
        run.set_until("base", time.time() + options.base_seconds)
        train(run, "base")
    train(run, "experts")
    (run.work / "trained").write_text("")


def train(run: Run, stage: str, tries: tuple[tuple[str, ...], ...] = ((), ("--no-graph",), ("--no-graph",))) -> bool:
    """A stage until the time in its file, which may change meanwhile."""
    paths = ["--config", run.config, "--data", run.data, "--cache", run.cache, "--run", run.folder]
    if stage == "experts" and run.options.weights is not None:
        paths += ["--weights", run.options.weights]
    for extra in tries:
        command = run.python(stage, *paths, "--until", run.until(stage), "--resume", *extra)
        if run.step(stage, command, 3000, run.folder / stage / "log.jsonl"):
            return True
        if float(run.until(stage).read_text()) - time.time() < 10:
            break
    return False


def hold(run: Run) -> None:
    """Stop the background at once, wherever it is."""
    for name in run.background():
        run.send(name, signal.SIGSTOP)
    run.note({"step": "paused", "background": run.background(), "frames": decoded_frames(run)})


def resume(run: Run) -> None:
    """Let the background go on."""
    for name in run.background():
        run.send(name, signal.SIGCONT)
    run.note({"step": "resumed", "background": run.background()})


def finish(run: Run) -> None:
    """Wait for the training, whose end this sets; score it."""
    options = run.options
    resume(run)
    end = time.time() + options.deadline - options.reserve
    run.set_until("experts", end)
    with contextlib.suppress(OSError, ValueError):
        # The base has had its time: experts get at least four fifths of what is left.
        latest = time.time() + 0.2 * (end - time.time())
        run.set_until("base", min(float(run.until("base").read_text()), latest))
    decoding = decode_test(run)
    beside = start_beside(run)
    rendered_until = time.time() + options.render_share * (end - time.time())
    copied = time.monotonic()
    while run.alive("train") and time.time() < end + GRACE:
        time.sleep(0.3)
        if time.time() > rendered_until:
            stop_rendering(run)
            rendered_until = float("inf")
        if time.monotonic() - copied > COPIED_EVERY:
            run.copy()
            copied = time.monotonic()
    if not (run.work / "trained").exists():
        rescue(run, end)
    stop_rendering(run)
    decoding.wait()
    run.copy()
    run.note({"step": "trained", "frames": decoded_frames(run)})
    score(run)
    if beside is not None:
        stop(beside, max(0.0, run.left - 6))
        run.note({"step": "beside", "status": beside.returncode})
    for name in run.background():
        run.send(name, signal.SIGKILL)
    run.copy()
    run.note({"step": "done"})


def rescue(run: Run, end: float) -> None:
    """The background training has ended before its time, or goes on beyond it."""
    if run.alive("train"):
        run.send("train", signal.SIGTERM)
        time.sleep(5)
        run.send("train", signal.SIGKILL)
        run.note({"step": "training was stopped"})
        return
    run.note({"step": "training had ended", "seconds left": round(end - time.time())})
    if end - time.time() < 20:
        return
    if run.options.weights is None and not (run.folder / "base" / "model.safetensors").exists():
        run.set_until("base", time.time() + 0.2 * (end - time.time()))
        train(run, "base", (("--no-graph",),))
    train(run, "experts", (("--no-graph",),))


def stop_rendering(run: Run) -> None:
    """A frame counts once its labels are there, which are written last: it may be stopped at any moment."""
    for name in ("render", "render-wide", "follow"):
        if run.alive(name):
            run.send(name, signal.SIGKILL)
            run.note({"step": f"{name} stopped", "frames": decoded_frames(run)})


def decode_test(run: Run) -> subprocess.Popen:
    """Decode the frames to be scored on."""
    decode = ["decode", "--config", run.config, "--data", run.data, "--cache", run.cache, "--splits", "test"]
    return run.spawn("decode", run.python(*decode, "--workers", run.options.decoders, threads=1))


def decoded_test(run: Run) -> int:
    """How many of them are decoded."""
    try:
        return json.loads((run.cache / "test.json").read_text())["frames"]
    except (OSError, ValueError):
        return 0


def start_beside(run: Run) -> subprocess.Popen | None:
    """The command of `--beside`, which gets decoded frames that change no more and runs until the deadline.

    They are copied by the same process first, so that nothing else waits for them however long it takes.
    """
    if run.options.beside is None:
        return None
    frozen = run.work / "snapshot"
    frames = ["--frames", run.options.beside_frames, "--patience", run.left]
    copy = run.python("snapshot", "--cache", run.cache, "--out", frozen, *frames, threads=1)
    named = {"data": run.data, "cache": frozen, "work": run.work, "out": run.out, "python": sys.executable}
    command = run.options.beside.format(**{name: shlex.quote(str(path)) for name, path in named.items()})
    return run.spawn("beside", ["bash", "-c", f"{shlex.join(map(str, copy))} && {{ {command}\n}}"], session=True)


def score(run: Run) -> None:
    """All reports side by side, each from a process of its own, for as long as there is time."""
    shared = ("--cache", run.cache)
    plain = (run.folder, "--data", run.data, *shared, "--split", "test", "--out")
    wide = (run.folder, "--data", run.wide, "--cache", run.work / "cache-wide", "--split", "test", "--out")
    commands = {
        "test": ("evaluate", *plain, run.work / "test.json"),
        "routing": ("routing", *plain, run.work / "routing.json", "--frames", 100),
        "wide": ("evaluate", *wide, run.work / "wide.json", "--protocol", "absent"),
    }
    if decoded_test(run) != count_frames(run.data, "test"):  # by one process, not by two at once
        decode_test(run).wait()
    begun = {name: run.spawn(name, run.python(*command)) for name, command in commands.items()}
    while any(process.poll() is None for process in begun.values()) and run.left > 8:
        time.sleep(0.2)
    for name, process in begun.items():
        if process.poll() is None:
            process.kill()
            process.wait()
        run.note({"step": name, "status": process.returncode})
        run.copy()


def bench(run: Run) -> None:
    """Figures of full-size models."""
    options, configs = run.options, run.work / "training" / "configs"
    if not run.config.exists():
        unpack(run)
    report = run.out / "bench.json"
    command = ["bench", "--config", *(configs / f"{name}.yaml" for name in options.bench), "--out", report]
    run.step("bench", run.python(*command, *options.bench_options), options.bench_seconds)
    # Compiling takes long and may fail: it comes last, in a process of its own.
    command = ["bench", "--config", configs / f"{options.bench[0]}.yaml", "--out", run.out / "compiled.json"]
    command += ["--mode", "compiled", "--modalities", "4", "--precision", "bfloat16", "--reference", "none"]
    run.step("bench, compiled", run.python(*command), options.compile_seconds)
    shutil.copytree(run.logs, run.out / "logs", dirs_exist_ok=True)


PARTS = {
    "START": start,
    "TRAIN": finish,
    "PAUSE": hold,
    "RESUME": resume,
    "BENCH": bench,
    "PIPELINE": pipeline,
}


def main() -> None:
    """Read the options and run a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS, help="PIPELINE is what START leaves running")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/mle-sam"))
    parser.add_argument("--deadline", type=float, default=120, help="seconds this part may take")
    parser.add_argument(
        "--patience", type=float, default=100, help="seconds without a sign of life until training is taken for stuck"
    )
    parser.add_argument("--config", default="reference-gpu")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch")
    started = parser.add_argument_group("START")
    started.add_argument("--seed", type=int, default=7)
    started.add_argument("--frames", type=int, default=12000, help="training frames of each kind at most")
    started.add_argument("--first-frames", type=int, default=240, help="frames training begins with")
    started.add_argument("--first-seconds", type=float, default=240, help="that these are waited for at most")
    started.add_argument("--held-out", type=int, default=300, help="test frames; of val 90, of wide a third")
    started.add_argument("--workers", type=int, default=14, help="threads that render")
    started.add_argument("--wide-workers", type=int, default=6, help="of these, for randomised scenes")
    started.add_argument("--decoders", type=int, default=3, help="threads that decode")
    started.add_argument("--capacity", type=int, default=16000, help="decoded frames at most")
    started.add_argument("--base-seconds", type=float, default=100)
    started.add_argument("--weights", type=Path, help="trained model to go on from, without a base (TRAIN: too)")
    started.add_argument("--train-until", type=float, default=850, help="seconds from START, unless TRAIN comes")
    finished = parser.add_argument_group("TRAIN")
    finished.add_argument("--reserve", type=float, default=50, help="seconds for all that comes after training")
    finished.add_argument("--render-share", type=float, default=0.6, help="share of the training that renders")
    finished.add_argument("--beside", help="command to run meanwhile; {data}, {cache}, {work}, {out}, {python}")
    finished.add_argument("--beside-frames", type=int, default=4000, help="decoded frames it gets at most")
    finished.add_argument(
        "--beside-results", type=Path, nargs="*", default=[], help="its files, and of folders all JSON, to OUT"
    )
    benched = parser.add_argument_group("BENCH")
    benched.add_argument("--bench", nargs="+", default=["deliver-base-plus", "deliver-tiny"])
    benched.add_argument("--bench-options", type=shlex.split, default=[], help="further ones, as one string")
    benched.add_argument("--bench-seconds", type=float, default=120)
    benched.add_argument("--compile-seconds", type=float, default=60)
    options = parser.parse_args()
    options.out, options.work = options.out.resolve(), options.work.resolve()
    PARTS[options.part](Run(options))


if __name__ == "__main__":
    main()
