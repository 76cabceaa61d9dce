"""Half precision, both layouts of experts, one graph for both parts, and per-head logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from mle_sam_train.config import Config
from mle_sam_train.data import DatasetInfo
from mle_sam_train.engines import Plan, build
from mle_sam_train.errors import InputError
from mle_sam_train.export import OnnxModel, check_parity, export_graphs
from mle_sam_train.footprint import _run_apart, measure_footprint
from mle_sam_train.model import MleSam, Rig

HALF, SINGLE = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT


@pytest.fixture(scope="module")
def single(config: Config, info: DatasetInfo) -> MleSam:
    """One modality, to export few graphs; its expert away from zero."""
    torch.manual_seed(6)
    built = MleSam(config, Rig(info.rig.modalities[:1], info.rig.classes)).eval()
    with torch.no_grad():
        for _, parameter in built.expert_parameters():
            parameter.normal_(std=0.1)
    return built


@pytest.fixture(scope="module")
def bundle(single: MleSam, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("half")
    graphs = export_graphs(single, folder, "float16", "per-head", "factored", "fused-too")
    assert graphs == ["encoder", "head", "fused"]
    return folder


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (1, 64, 64, 3), np.uint8)


def test_the_fused_graph_answers_as_encoder_and_head_do(bundle: Path, images: np.ndarray) -> None:
    split = OnnxModel(bundle)
    labels, _, routing = split.decode(split.encode(images, np.zeros(1, np.int64)))
    session = onnxruntime.InferenceSession(str(bundle / "fused.onnx"), providers=["CPUExecutionProvider"])
    feeds = {"images": images, "modality": np.zeros(1, np.int64)}
    fused_labels, fused_routing = session.run(["labels", "routing"], feeds)
    assert (fused_labels != labels).mean() < 0.01
    np.testing.assert_allclose(fused_routing, routing, atol=1e-3)


def test_half_precision_agrees_with_pytorch(single: MleSam, bundle: Path, images: np.ndarray) -> None:
    parity = check_parity(single, bundle, images, "float16")
    assert 0 < parity["featureDifference"] < 0.005
    assert parity["labelDifference"] < 0.01


def test_weights_are_halved_but_layer_norms_and_ports_are_not(bundle: Path) -> None:
    graph = onnx.load(str(bundle / "encoder.onnx")).graph
    kinds = [tensor.data_type for tensor in graph.initializer if len(tensor.dims) >= 2]
    assert kinds.count(HALF) > 0.9 * len(kinds)
    norms = [node for node in graph.node if node.op_type == "LayerNormalization"]
    assert len(norms) == 10  # two in each of the five blocks, each one operator
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast":
            types[node.output[0]] = next(a.i for a in node.attribute if a.name == "to")
    assert all(types[name] == SINGLE for norm in norms for name in norm.input)
    assert [output.type.tensor_type.elem_type for output in graph.output] == [SINGLE] * 3


def test_an_encoder_in_bytes_agrees_and_is_refused_for_gpus(
    single: MleSam, images: np.ndarray, tmp_path: Path
) -> None:
    assert export_graphs(single, tmp_path, "int8") == ["encoder", "head"]
    parity = check_parity(single, tmp_path, images, "int8")
    assert 1e-5 < parity["featureDifference"] < 0.3
    kinds = [node.op_type for node in onnx.load(str(tmp_path / "encoder.onnx")).graph.node]
    # Two layers of each token alone and one after attention in each of the five blocks.
    assert kinds.count("MatMulInteger") >= 15
    plan = Plan(
        tmp_path / "encoder.onnx", tmp_path / "head.onnx", tmp_path / "out.onnx", "cuda", "float16", {}
    )
    with pytest.raises(InputError, match="received one in int8, which is for CPUs"):
        build(plan)


def test_each_heads_logits_are_handed_out(single: MleSam, bundle: Path, images: np.ndarray) -> None:
    runtime = OnnxModel(bundle)
    features = runtime.encode(images, np.arange(1))
    names = ["labels", "confidence", "routing", "decoder_logits", "auxiliary_logits"]
    assert [port.name for port in runtime.head.get_outputs()] == names
    outputs = runtime.head.run(None, {f"features_{i}": level for i, level in enumerate(features)})
    with torch.inference_mode():
        levels = [torch.from_numpy(level)[None] for level in features]
        expected = single.decode(levels, torch.ones(1, 1, dtype=torch.bool))
    np.testing.assert_allclose(outputs[3], expected.decoder[0].numpy(), atol=0.02)
    np.testing.assert_allclose(outputs[4], expected.auxiliary[0].numpy(), atol=0.02)
    np.testing.assert_allclose(outputs[2], expected.routing[0].numpy(), atol=0.01)


def test_the_footprint_is_measured_in_a_process_of_its_own(bundle: Path, single: MleSam) -> None:
    run = _run_apart(bundle, single.config, 1, 1)
    assert run["encoder"] > 0
    assert run["head"] > 0
    assert 50 < run["peakMegabytes"] < 4000


def test_a_footprint_that_cannot_be_run_does_not_take_the_others_with_it(
    single: MleSam, tmp_path: Path
) -> None:
    assert _run_apart(tmp_path / "nothing", single.config, 1, 1) is None


def test_more_modalities_than_the_rig_has_are_refused(single: MleSam, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Expected numbers of modalities from 1 to 4 but received 5"):
        measure_footprint(single.config, tmp_path, "float32", 1, [1, 5])
