"""`npm run reproduce`: the whole way from simulation to replay, killed in the middle and gone on with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
MLE_SAM = ROOT / "dist" / "src" / "cli" / "main.js"
STEPS = ["simulate", "base", "experts", "evaluate", "routing", "export", "replay", "score"]


@pytest.fixture(scope="module")
def node() -> str:
    """Node's path; `npm test` has built `mle-sam` before it comes here."""
    found = shutil.which("node")
    if found is None or not MLE_SAM.exists():
        pytest.skip("mle-sam is not built: run `npm run build`")
    return found


@pytest.fixture(scope="module")
def command(node: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The quick configuration on ten frames for two steps a stage, and a bag of two seconds."""
    folder = tmp_path_factory.mktemp("reproduce")
    bag = folder / "short.mcap"
    simulate = [node, str(MLE_SAM), "simulate", str(bag), "--duration", "2"]
    subprocess.run(simulate, check=True, capture_output=True)
    script = [node, str(ROOT / "scripts" / "reproduce.mjs"), "--out", str(folder / "run"), "--bag", str(bag)]
    return [*script, "--frames", "10", "--steps", "2", "--threads", "1", "--python", sys.executable]


def test_a_killed_run_goes_on_to_a_bundle_and_its_scores(command: list[str]) -> None:
    run = Path(command[command.index("--out") + 1])
    killed = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    while "base" not in done(run):
        assert killed.poll() is None
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    weights = run / "base" / "model.safetensors"
    trained = weights.stat().st_mtime_ns

    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "simulate: done before" in again.stdout
    assert "base: done before" in again.stdout
    assert weights.stat().st_mtime_ns == trained
    assert list(done(run))[: len(STEPS)] == STEPS
    golden = json.loads((run / "bundle" / "model.json").read_text())
    assert [stage["steps"] for stage in golden["training"]["stages"]] == [2, 2]
    assert "One sensor blinded" in (run / "bundle" / "MODEL_CARD.md").read_text()
    table = again.stdout[again.stdout.index("mIoU in percent, 1 test frames") :]
    for name in ("all modalities", "mean over subsets, absent", "replayed bag"):
        here, reference, difference = (
            float(cell)
            for cell in next(row for row in table.splitlines() if row.startswith(name)).split()[-3:]
        )
        assert here < reference  # two steps teach nothing
        assert difference == pytest.approx(here - reference, abs=0.11)

    third = subprocess.run(command, check=True, capture_output=True, text=True)
    assert third.stdout.count("done before") == len(STEPS) + 2
    assert third.stdout.endswith(table)


def done(run: Path) -> dict[str, float]:
    path = run / "steps.json"
    return json.loads(path.read_text())["done"] if path.exists() else {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "huge"], "Expected quick or reference for --config but received huge"),
        (["--frames", "0"], "Expected a whole number of at least 1 for --frames but received '0'"),
        (["--colour", "red"], "Unknown option '--colour'"),
    ],
)
def test_a_wrong_option_is_refused(node: str, arguments: list[str], sentence: str) -> None:
    script = str(ROOT / "scripts" / "reproduce.mjs")
    refused = subprocess.run([node, script, *arguments], capture_output=True, text=True)
    assert refused.returncode == 2
    assert sentence in refused.stderr


def test_another_setting_does_not_go_on_with_a_run(command: list[str], tmp_path: Path) -> None:
    settings = {"config": "quick", "frames": "999", "steps": None, "bag": "elsewhere"}
    (tmp_path / "steps.json").write_text(json.dumps({"settings": settings, "done": {}}))
    changed = [*command]
    changed[changed.index("--out") + 1] = str(tmp_path)
    refused = subprocess.run(changed, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "with which" in refused.stderr and "choose another --out" in refused.stderr


def test_the_claims_are_made_from_nothing_to_the_page(node: str, tmp_path: Path) -> None:
    """`npm run claims` on a few frames, one step a run; again, it goes on."""
    script = [node, str(ROOT / "scripts" / "claims.mjs"), "--out", str(tmp_path), "--python", sys.executable]
    command = [*script, "--train", "6", "--test", "4", "--score", "2", "--steps", "1", "--seeds", "3"]
    command += ["--variants", "mle-sam,early-fusion"]
    subprocess.run(command, check=True, capture_output=True)
    assert list(done(tmp_path)) == ["simulate train", "simulate test", "runs", "report"]
    page = (tmp_path / "claims.md").read_text()
    assert "npm run claims" in page and "842 steps of stage base" in page and "6 frames (simulation)" in page
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert again.stdout.count("done before") == 4
    refused = subprocess.run([*script, "--seeds", "one"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "Expected numbers such as 1,2 for --seeds but received 'one'" in refused.stderr
