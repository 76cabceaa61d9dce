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
from mle_sam_train.export import MAX_LABEL_DIFFERENCE, OnnxModel, check_parity, export_graphs, export_head
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


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return noise(1)


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
    single: MleSam, images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert export_graphs(single, tmp_path, "int8") == ["encoder", "head"]
    # One in a hundred is for trained models: labels of random weights hang on less, and how bytes are summed
    # differs between CPUs (those without VNNI saturate).
    monkeypatch.setitem(MAX_LABEL_DIFFERENCE, "int8", 0.05)
    parity = check_parity(single, tmp_path, images, "int8")
    assert 1e-5 < parity["featureDifference"] < 0.1
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


def count_products(path: Path) -> int:
    return sum(node.op_type in ("MatMul", "Gemm") for node in onnx.load(str(path)).graph.node)


@pytest.mark.parametrize("form", ["served", pytest.param("plain", marks=pytest.mark.slow)])
def test_each_heads_logits_take_no_second_decoding(single: MleSam, tmp_path: Path, form: str) -> None:
    runs, products = {}, {}
    feeds = {
        f"features_{i}": np.random.default_rng(i).normal(size=(1, 32, side, side)).astype(np.float32)
        for i, side in enumerate((16, 8, 4))
    }
    for logits in ("joined", "per-head"):
        path = tmp_path / f"{logits}.onnx"
        export_head(single, path, logits, form)
        onnx.checker.check_model(str(path), full_check=True)
        products[logits] = count_products(path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        runs[logits] = session.run(None, feeds)
    assert products["per-head"] == products["joined"] > 20
    labels, *_ = runs["joined"]
    same, _, _, decoder, auxiliary = runs["per-head"]
    # The two heads' logits, joined by hand, are those that give the labels.
    joined = torch.from_numpy(decoder + float(single.join.detach()) * auxiliary)
    by_hand = single.full_size(joined[None])[0].argmax(dim=0).numpy()
    assert len(np.unique(labels)) > 1
    assert (by_hand != labels).mean() < 1e-3
    assert (same != labels).mean() < 1e-3


@pytest.mark.parametrize("name", ["encoder", "head", "fused"])
def test_graphs_in_half_precision_pass_the_checker_of_onnx(bundle: Path, name: str) -> None:
    onnx.checker.check_model(str(bundle / f"{name}.onnx"), full_check=True)


GRAPHS = {
    "served": {"layout": "fused-too"},
    "plain": {"form": "plain"},
    "float16, merged": {"precision": "float16", "experts": "merged", "layout": "fused-too"},
    "float16, plain": {"precision": "float16", "form": "plain", "layout": "fused-too"},
    "int8": {"precision": "int8", "layout": "fused-too"},
}


@pytest.mark.slow
@pytest.mark.parametrize("choices", GRAPHS.values(), ids=GRAPHS.keys())
def test_every_graph_passes_the_checker_of_onnx(single: MleSam, tmp_path: Path, choices: dict) -> None:
    for name in export_graphs(single, tmp_path, **choices):
        onnx.checker.check_model(str(tmp_path / f"{name}.onnx"), full_check=True)
    # Whatever the form, a graph that is run by itself says that -1 is no modality.
    with pytest.raises(Exception, match=r"out of data bounds|invalid index"):
        OnnxModel(tmp_path).encoder.run(None, {"images": noise(1), "modality": np.array([-1])})


def test_indices_that_are_no_modalities_are_refused(single: MleSam, bundle: Path) -> None:
    with pytest.raises(InputError, match="Expected indices of modalities from 0 to 0 but received -1"):
        single.encode(torch.from_numpy(noise(2)), torch.tensor([0, -1]))
    with pytest.raises(InputError, match="from 0 to 0 but received 1"):
        single.encode(torch.from_numpy(noise(1)), torch.tensor([1]), experts=False)
    runtime = OnnxModel(bundle)
    with pytest.raises(InputError, match="Expected indices of modalities from 0 but received -1"):
        runtime.encode(noise(1), np.array([-1]))
    # Whoever runs the graph by itself is told by ONNX Runtime.
    with pytest.raises(Exception, match=r"out of data bounds|invalid index"):
        runtime.encoder.run(None, {"images": noise(1), "modality": np.array([-1])})


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
