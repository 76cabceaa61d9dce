"""Graphs for one provider: they answer as the two graphs do."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from mle_sam_train.engines import LEVELS, Plan, build, fuse
from mle_sam_train.errors import InputError

BUNDLE = Path(__file__).parents[2] / "models" / "reference"


def images() -> np.ndarray:
    names = [m["name"] for m in json.loads((BUNDLE / "model.json").read_text())["modalities"]]
    return np.stack([np.array(Image.open(BUNDLE / "golden" / f"{name}.png")) for name in names])


def golden_labels() -> np.ndarray:
    return np.array(Image.open(BUNDLE / "golden" / "labels.png"))


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def plan_for(folder: Path, provider: str, precision: str) -> Path:
    plan = {
        "encoder": str(BUNDLE / "encoder.onnx"),
        "head": str(BUNDLE / "head.onnx"),
        "output": str(folder / "out" / "fused.onnx"),
        "provider": provider,
        "precision": precision,
        "options": {},
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    return path


def test_one_graph_answers_as_two_do(tmp_path: Path) -> None:
    encoder, head = session(BUNDLE / "encoder.onnx"), session(BUNDLE / "head.onnx")
    path = tmp_path / "fused.onnx"
    onnx.save(fuse(onnx.load(str(BUNDLE / "encoder.onnx")), onnx.load(str(BUNDLE / "head.onnx"))), str(path))
    fused = session(path)
    for present in ([0], [3], [0, 2], [1, 2, 3], [0, 1, 2, 3]):
        feeds = {"images": images()[present], "modality": np.array(present, np.int64)}
        features = dict(zip(LEVELS, encoder.run(None, feeds), strict=True))
        for expected, received in zip(head.run(None, features), fused.run(None, feeds), strict=True):
            np.testing.assert_allclose(received, expected, atol=1e-5)


# The two best classes of some pixels differ by little more than sums in the order of another CPU do.
@pytest.mark.parametrize(("precision", "most_differing"), [("float32", 1e-4), ("float16", 0.005)])
def test_a_plan_leads_to_a_graph_that_knows_the_golden_labels(
    tmp_path: Path, precision: str, most_differing: float
) -> None:
    plan = Plan.read(plan_for(tmp_path, "cuda", precision))
    build(plan)
    onnx.checker.check_model(str(plan.output), full_check=True)
    half = sum(i.data_type == onnx.TensorProto.FLOAT16 for i in onnx.load(str(plan.output)).graph.initializer)
    assert (half > 0) == (precision == "float16")
    labels = session(plan.output).run(["labels"], {"images": images(), "modality": np.arange(4)})[0]
    assert (labels != golden_labels()).mean() <= most_differing


def test_an_engine_needs_tensorrt(tmp_path: Path) -> None:
    if "TensorrtExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("TensorRT is here")
    with pytest.raises(InputError, match="Expected ONNX Runtime for Python with TensorrtExecutionProvider"):
        build(Plan.read(plan_for(tmp_path, "tensorrt", "float16")))


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mle_sam_train.engines", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_tells_what_it_could_build() -> None:
    told = json.loads(run_module("probe").stdout)
    assert told["onnxruntime"] == onnxruntime.__version__
    assert "CPUExecutionProvider" in told["providers"]


def test_it_says_one_sentence_about_arguments_it_does_not_know() -> None:
    done = run_module("brew", "coffee")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Expected probe or build PLAN but received brew coffee.\n"


def test_it_does_without_pytorch() -> None:
    code = "import sys, mle_sam_train.engines; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
