"""Graphs made for one provider: encoder and head as one graph, in half precision, compiled by TensorRT.

Run by `mle-sam model build` on the robot, so it needs onnx and onnxruntime only, and no PyTorch:

    python -m mle_sam_train.engines probe          tells what this Python could build, as JSON
    python -m mle_sam_train.engines build PLAN     does what the JSON file PLAN says, see `Plan`
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
from onnx import compose

from .errors import InputError
from .half import convert_to_half

LEVELS = ("features_0", "features_1", "features_2")
QUANTISED = ("MatMulInteger", "DynamicQuantizeLinear")
"""Operators of linear layers in bytes, as `mle-sam-train export --precision int8` writes them."""
EP_NAMES = {"cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}


@dataclass(frozen=True)
class Plan:
    """What to build, from what and to where; paths are absolute."""

    encoder: Path
    head: Path
    output: Path
    provider: str
    precision: str
    options: dict[str, str]
    """Options of TensorRT in ONNX Runtime's names; empty for CUDA, which compiles nothing."""

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read a plan as `mle-sam model build` writes it."""
        values = json.loads(path.read_text())
        paths = {name: Path(values.pop(name)) for name in ("encoder", "head", "output")}
        return cls(**paths, **values)


def fuse(encoder: onnx.ModelProto, head: onnx.ModelProto) -> onnx.ModelProto:
    """One graph from images to labels, confidence and routing: features never leave the device."""
    fused = compose.merge_models(
        compose.add_prefix(encoder, "encoder/", rename_inputs=False, rename_outputs=True),
        compose.add_prefix(head, "head/", rename_inputs=True, rename_outputs=False),
        io_map=[(f"encoder/{level}", f"head/{level}") for level in LEVELS],
    )
    onnx.checker.check_model(fused)
    return fused


def build(plan: Plan) -> None:
    """Write `plan.output`."""
    _require_provider(plan.provider)
    plan.output.parent.mkdir(parents=True, exist_ok=True)
    graph = plan.output if plan.provider == "cuda" else plan.output.with_suffix(".source.onnx")
    print("joining encoder and head", flush=True)
    encoder, head = (onnx.load(str(part)) for part in (plan.encoder, plan.head))
    _refuse_bytes(encoder)
    onnx.save(fuse(encoder, head), str(graph))
    if plan.precision == "float16":
        print("converting to float16, layer norms and softmax left in float32", flush=True)
        convert_to_half(graph)
    if plan.provider == "tensorrt":
        print("compiling with TensorRT: this takes minutes", flush=True)
        _compile(graph, plan)
        graph.unlink()
    print(f"wrote {plan.output.name}, {plan.output.stat().st_size / 1e6:.0f} MB", flush=True)


def _compile(graph: Path, plan: Plan) -> None:
    """Creating the session builds the engine, and writes it because the options name a context file."""
    session = onnxruntime.SessionOptions()
    session.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    onnxruntime.InferenceSession(str(graph), session, providers=[(EP_NAMES["tensorrt"], plan.options)])
    if not plan.output.exists():
        raise InputError(
            f"Expected TensorRT to write {plan.output.name} but it did not: it has to take the whole graph, "
            "and leaves a part of this one to other providers."
        )


def _refuse_bytes(encoder: onnx.ModelProto) -> None:
    if any(node.op_type in QUANTISED for node in encoder.graph.node):
        raise InputError(
            "Expected an encoder in float32 or float16 but received one in int8, which is for CPUs: "
            "export the bundle again with --precision float32."
        )


def _require_provider(provider: str) -> None:
    # A graph for CUDA can be made anywhere; an engine only where it will run.
    available = onnxruntime.get_available_providers()
    if provider == "tensorrt" and EP_NAMES[provider] not in available:
        raise InputError(
            f"Expected ONNX Runtime for Python with {EP_NAMES[provider]} "
            f"but received {', '.join(available)}; "
            f"install onnxruntime-gpu=={onnxruntime.__version__} and TensorRT, or use the image on a Jetson."
        )


def probe() -> dict[str, Any]:
    """Versions and providers of this Python."""
    return {
        "python": sys.version.split()[0],
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "providers": onnxruntime.get_available_providers(),
    }


def main(arguments: list[str]) -> int:
    """Run a command; returns 0, or 2 after printing the one sentence of an `InputError`."""
    try:
        if arguments[:1] == ["probe"]:
            print(json.dumps(probe()))
        elif arguments[:1] == ["build"] and len(arguments) == 2:
            build(Plan.read(Path(arguments[1])))
        else:
            raise InputError(f"Expected probe or build PLAN but received {' '.join(arguments) or 'nothing'}.")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
