"""Python's evaluation is the oracle of the TypeScript evaluator: same bundle, same frames, same numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mle_sam_train.cli import main

ROOT = Path(__file__).parents[2]
MLE_SAM = ROOT / "dist" / "src" / "cli" / "main.js"
TOLERANCE = 0.1
"""In mIoU points: a pixel whose two best classes tie may turn either way."""


def mle_sam(*arguments: str) -> str:
    """Standard output of `mle-sam`; `npm test` has built it before it comes here."""
    node = shutil.which("node")
    if node is None or not MLE_SAM.exists():
        pytest.skip("mle-sam is not built: run `npm run build`")
    return subprocess.run([node, str(MLE_SAM), *arguments], check=True, capture_output=True, text=True).stdout


def test_both_evaluators_score_the_reference_alike_on_all_subsets_by_both_protocols(tmp_path: Path) -> None:
    """On simulated frames, so this also holds the simulator's files against both readers."""
    data, report = str(tmp_path / "data"), tmp_path / "scores.json"
    simulate = ["--layout", "deliver", "--seed", "11", "--split", "test", "--frames", "6", "--workers", "1"]
    mle_sam("simulate", data, *simulate)
    chosen = ["--split", "test", "--every", "2"]

    checkpoint = str(ROOT / "training" / "checkpoints" / "reference.safetensors")
    files = ["--out", str(report), "--cache", str(tmp_path / "cache")]
    assert main(["--threads", "1", "evaluate", checkpoint, "--data", data, *chosen, *files]) == 0
    expected: dict[str, Any] = json.loads(report.read_text())

    bundle = ["--model", str(ROOT / "models" / "reference"), "--provider", "cpu", "--threads", "1"]
    protocols = ["--protocol", "absent", "emm", "--json"]
    received = json.loads(mle_sam("evaluate", data, *bundle, *chosen, *protocols))

    assert received["frames"]["used"] == expected["frames"] == 3
    assert [table["protocol"] for table in received["tables"]] == ["absent", "emm"]
    for table, own in zip(received["tables"], (expected, expected["zeroFilled"]), strict=True):
        scores = {"+".join(row["present"]): row["miou"] for row in table["subsets"]}
        assert len(own["subsets"]) == 15
        assert scores.keys() == own["subsets"].keys()
        differences = [abs(scores[name] - own["subsets"][name]) for name in scores]
        # A class of some fifty pixels makes a tenth of a point of one that turns.
        assert max(differences) <= 3 * TOLERANCE
        assert sum(differences) / len(differences) <= TOLERANCE / 3
        assert table["average"] == pytest.approx(own["subsetMean"], abs=TOLERANCE)
        assert table["expected"] == pytest.approx(own["subsetExpected"], abs=TOLERANCE)
    # Scores that hardly differ between subsets and protocols would agree whatever was done.
    assert max(expected["subsets"].values()) - min(expected["subsets"].values()) > 10
    absent, zeros = expected["subsets"], expected["zeroFilled"]["subsets"]
    assert max(abs(absent[name] - zeros[name]) for name in absent) > 2 * TOLERANCE
