"""A dry run of what is packed for a machine with a GPU: all parts, on the CPU, with this machine's Node."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CONFIG = """
name: dry-run
width: 320
height: 192
precision: float32
model:
  base: {width: 16, blocks: [1, 1, 2, 1], windows: [8, 4, 4, 2], global_blocks: [3], fpn_channels: 32}
  lora: {rank: 4, alpha: 8}
  head: {heads: 2, mlp_channels: 32, upscale_channels: [16, 8]}
loss: {resolution: full}
augment:
  focus_probability: 0.5
  subset_shares: [1, 1, 1, 1]
  appearance_probability: 0.5
  sensor_probability: 0.5
base: {batch: 2, data: device, average: 0.9, validate_frames: 2}
experts: {batch: 4, data: device, average: 0.9, trainable: all, validate_frames: 2, log_every: 1}
"""
LONG = "1800"
"""Seconds that no part takes on any machine."""


needs_simulator = pytest.mark.skipif(
    shutil.which("node") is None
    or not (ROOT / "node_modules/esbuild").exists()
    or not (ROOT / "dist/src/cli/simulate.js").exists(),
    reason="needs Node, npm install and npm run build",
)


@needs_simulator
def test_all_parts_run_and_leave_their_results(tmp_path: Path) -> None:
    packed, work = tmp_path / "packed", tmp_path / "work"
    pack = ["node", str(ROOT / "scripts/gpu/pack.mjs"), str(packed), "--linked", "--part-megabytes", "0.0001"]
    subprocess.run(pack, check=True, capture_output=True)
    assert len(list(packed.glob("packed.part*"))) > 1
    assert all(part.stat().st_size <= 100 for part in packed.glob("packed.part*"))
    (packed / "training/configs/dry-run.yaml").write_text(CONFIG)

    def command(part: str, *options: str) -> list[str]:
        command = [sys.executable, str(packed / "run.py"), part, "--out", str(tmp_path / part)]
        command += ["--work", str(work), "--config", "dry-run", "--threads", "1", "--deadline", LONG]
        return [*command, "--patience", LONG, *options]

    def entries(part: str) -> dict[str, dict]:
        told = json.loads((tmp_path / part / f"{part}.json").read_text())
        return {entry["step"]: entry for entry in told}

    few = ("--frames", "4", "--first-frames", "2", "--held-out", "3", "--capacity", "8")
    seconds = ("--base-seconds", "4", "--first-seconds", LONG)
    subprocess.run(command("START", *few, "--workers", "2", "--wide-workers", "1", *seconds), check=True)
    assert entries("START")["started"]["background"] == ["follow", "render", "render-wide", "train"]
    for part in ("PAUSE", "RESUME"):
        subprocess.run(command(part), check=True)
    beside = ("--beside", "test -f {cache}/train_images.npy && echo done > {work}/beside.txt")
    results = ("--beside-results", str(work / "beside.txt"))
    share = ("--reserve", "60", "--render-share", "1")
    process = subprocess.Popen(command("TRAIN", *share, *beside, *results))
    # It trains until shortly before the deadline. Told to end sooner, once there is something of everything.
    until = work / "experts.until"

    def is_told(end: float) -> bool:
        return float(until.read_text()) > end

    def has_some_of_everything() -> bool:
        rendered = [len(list(work.glob(f"{name}/semantic/*/test/*/*.png"))) for name in ("data", "wide")]
        return (
            (work / "run/experts/log.jsonl").exists()
            and json.loads((work / "cache/train.growing").read_text())["frames"] >= 4
            and rendered == [3, 1]
        )

    while process.poll() is None and not (
        is_told(time.time() + float(LONG) / 2) and has_some_of_everything()
    ):
        time.sleep(0.5)
    (work / "now").write_text(f"{time.time()}")
    (work / "now").replace(until)
    assert process.wait() == 0
    ends = entries("TRAIN")
    out = tmp_path / "TRAIN"
    logs = "".join((work / "logs" / name).read_text() for name in ("PIPELINE.json", "test.log", "beside.log"))
    assert [ends[step]["status"] for step in ("test", "wide", "routing", "beside")] == [0, 0, 0, 0], logs
    assert ends["trained"]["frames"] >= 4
    stages = {
        entry["step"]: entry["status"] for entry in json.loads((work / "logs/PIPELINE.json").read_text())[1:]
    }
    assert stages == {"base": 0, "experts": 0}
    assert [json.loads((out / f"{name}.json").read_text())["frames"] for name in ("test", "wide")] == [3, 1]
    assert (out / "beside.txt").read_text() == "done\n"
    assert {file.name for file in out.iterdir()} == {
        *("base.safetensors", "experts.safetensors", "logs.tar.gz", "TRAIN.json", "beside.txt"),
        *("test.json", "wide.json", "routing.json"),
    }
    with tarfile.open(out / "logs.tar.gz") as archive:
        assert "experts-log.jsonl" in archive.getnames()


@needs_simulator
def test_bench_measures_what_it_can_and_says_what_it_cannot(tmp_path: Path) -> None:
    packed, out = tmp_path / "packed", tmp_path / "out"
    pack = ["node", str(ROOT / "scripts/gpu/pack.mjs"), str(packed), "--linked"]
    subprocess.run(pack, check=True, capture_output=True)
    limits = ["--deadline", LONG, "--bench-seconds", LONG]
    command = [
        sys.executable,
        str(packed / "run.py"),
        "BENCH",
        *limits,
        "--out",
        str(out),
        "--work",
        str(tmp_path / "work"),
    ]
    command += [
        "--bench",
        "tiny-test",
        "--compile-seconds",
        "1",
        "--bench-options=--modalities 1 --repeats 3",
    ]
    subprocess.run(command, check=True, capture_output=True)
    ends = {entry["step"]: entry["status"] for entry in json.loads((out / "BENCH.json").read_text())}
    assert ends["bench"] == 0
    assert ends["bench, compiled"] != 0  # one second is not enough
    rows = json.loads((out / "bench.json").read_text())["rows"]
    assert [row.get("labelAgreement", 0) > 90 for row in rows if row["mode"] == "eager"] == [True, True]
    assert all("error" in row for row in rows if row["mode"] == "graph")  # which needs a GPU, and says so
