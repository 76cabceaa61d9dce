"""A dry run of what is packed for a machine with a GPU: both parts, on the CPU, with this machine's Node."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
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
augment: {focus_probability: 0.5}
base: {batch: 2, data: device, average: 0.9, validate_frames: 2}
experts: {batch: 2, data: device, average: 0.9, select: best, trainable: all, validate_frames: 2}
"""


@pytest.mark.skipif(
    shutil.which("node") is None
    or not (ROOT / "node_modules/esbuild").exists()
    or not (ROOT / "dist/src/cli/simulate.js").exists(),
    reason="needs Node, npm install and npm run build",
)
def test_both_parts_run_and_leave_their_results(tmp_path: Path) -> None:
    packed, work = tmp_path / "packed", tmp_path / "work"
    pack = ["node", str(ROOT / "scripts/gpu/pack.mjs"), str(packed), "--linked", "--part-megabytes", "0.0001"]
    subprocess.run(pack, check=True, capture_output=True)
    assert len(list(packed.glob("packed.part*"))) > 1
    assert all(part.stat().st_size <= 100 for part in packed.glob("packed.part*"))
    (packed / "training/configs/dry-run.yaml").write_text(CONFIG)

    def run(part: str, *options: str) -> list[dict]:
        command = [sys.executable, str(packed / "run.py"), part, "--out", str(tmp_path / part)]
        command += ["--work", str(work), "--config", "dry-run", "--threads", "1", "--workers", "1", *options]
        subprocess.run(command, check=True, capture_output=True)
        return json.loads((tmp_path / part / f"{part}.json").read_text())

    bench = ["--bench", "tiny-test", "--compile-seconds", "1", "--bench-options=--modalities 1 --repeats 3"]
    first = run(
        *("FIRST", "--deadline", "400", "--frames", "6", "--held-out", "1", "--base-minutes", "0.02", *bench)
    )
    ends = {entry["step"]: entry.get("status") for entry in first}
    assert ends["bench"] == ends["decode"] == ends["base"] == 0
    assert ends["bench, compiled"] != 0  # one second is not enough: the steps after it ran all the same
    rows = json.loads((tmp_path / "FIRST/bench.json").read_text())["rows"]
    assert [row.get("labelAgreement", 0) > 90 for row in rows if row["mode"] == "eager"] == [True, True]
    assert all("error" in row for row in rows if row["mode"] == "graph")  # which needs a GPU, and says so
    second = run("SECOND", "--deadline", "400", "--reserve", "398")
    assert {entry["step"]: entry.get("status") for entry in second} == {
        "frames": None,
        "decode": 0,
        "experts": 0,
        "evaluate": 0,
    }
    assert json.loads((tmp_path / "SECOND/test.json").read_text())["frames"] == 1
    assert (tmp_path / "SECOND/experts.safetensors").exists()
