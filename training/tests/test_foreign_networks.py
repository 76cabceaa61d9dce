"""Networks of other makes, from import to dropout; PyTorch is the oracle of their labels."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import foreign_networks as networks
import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from PIL import Image
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

ROOT = Path(__file__).parents[2]
MLE_SAM = ROOT / "dist" / "src" / "cli" / "main.js"
SCENARIO = ROOT / "config" / "scenarios" / "camera-lost.yaml"
HEIGHT, WIDTH = 192, 320
AGREEMENT = 0.999


def mle_sam(*arguments: str) -> str:
    """Standard output of `mle-sam`; `npm test` has built it before it comes here."""
    node = shutil.which("node")
    if node is None or not MLE_SAM.exists():
        pytest.skip("mle-sam is not built: run `npm run build`")
    done = subprocess.run([node, str(MLE_SAM), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def normalise(picture: Tensor) -> Tensor:
    """[N,3,H,W] bytes, as torchvision's and transformers' processors do it."""
    mean = torch.tensor(networks.IMAGENET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(networks.IMAGENET_STD).view(1, 3, 1, 1)
    return (picture.float() / 255 - mean) / std


def upsampled(scores: Tensor, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Tensor:
    """Labels [H,W] as users of PyTorch make them of logits."""
    return functional.interpolate(scores, size=size, mode="bilinear", align_corners=False).argmax(1)[0]


def scores_of_queries(classes: Tensor, masks: Tensor) -> Tensor:
    """As transformers combines them for semantic segmentation."""
    return torch.einsum("bqc,bqhw->bchw", classes.softmax(-1)[..., :-1], masks.sigmoid())


@dataclass
class Case:
    """A network, how it is exported and imported, and the same in PyTorch."""

    name: str
    make: Callable[[], nn.Module]
    inputs: Sequence[str]
    outputs: Sequence[str]
    options: Sequence[str]
    labels: Callable[[nn.Module, dict[str, Tensor]], Tensor]
    modalities: Sequence[str] = ("camera",)
    channels_last: bool = False
    channels: int = 3


CASES = [
    Case(
        "segformer",
        networks.Segformer,
        ["pixel_values"],
        ["logits"],
        ["--preset", "segformer", "--classes", "cityscapes"],
        lambda network, pictures: upsampled(network(normalise(pictures["camera"]))),
    ),
    Case(
        "lr-aspp",
        networks.LiteRaspp,
        ["input"],
        ["out", "aux"],
        ["--preset", "torchvision", "--classes", "voc"],
        lambda network, pictures: upsampled(network(normalise(pictures["camera"]))["out"]),
    ),
    Case(
        "label-map",
        networks.LabelMap,
        ["input"],
        ["output"],
        ["--mean", "123.675,116.28,103.53", "--std", "58.395,57.12,57.375", "--classes", "cityscapes"],
        lambda network, pictures: network(normalise(pictures["camera"]))[0, 0],
    ),
    Case(
        "channels-last",
        networks.ChannelsLast,
        ["image"],
        ["scores"],
        ["--order", "bgr", "--scale", "1/255"],
        lambda network, pictures: upsampled(
            network(pictures["camera"].flip(1).permute(0, 2, 3, 1).float() / 255).permute(0, 3, 1, 2)
        ),
        channels_last=True,
    ),
    Case(
        "four-inputs",
        networks.FourInputs,
        ["rgb", "depth", "event", "lidar"],
        ["logits"],
        [
            *["--preset", "cmnext", "--classes", "deliver", "--absent", "zero"],
            *["--input", "camera=rgb", "--input", "depth=depth", "--representation", "depth=hha"],
            *["--input", "events=event", "--representation", "events=counts-recency"],
            *["--input", "lidar=lidar", "--representation", "lidar=range-intensity-height"],
        ],
        lambda network, pictures: upsampled(
            network(
                normalise(pictures["camera"]),
                *(pictures[name].float() / 255 for name in ("depth", "events", "lidar")),
            )
        ),
        modalities=("camera", "depth", "events", "lidar"),
    ),
]


QUERIES = Case(
    "queries",
    networks.Queries,
    ["pixel_values", "pixel_mask"],
    ["class_queries_logits", "masks_queries_logits"],
    ["--preset", "mask2former", "--classes", "cityscapes"],
    lambda network, pictures: upsampled(
        scores_of_queries(
            *network(normalise(pictures["camera"]), torch.ones(1, HEIGHT, WIDTH, dtype=torch.int64))
        )
    ),
)


EARLY_FUSION = Case(
    "early-fusion",
    networks.EarlyFusion,
    ["rgbd"],
    ["scores"],
    [
        *["--preset", "cmnext", "--classes", "cityscapes", "--input", "camera+depth=rgbd"],
        *["--representation", "depth=linear"],
    ],
    lambda network, pictures: network(
        torch.cat([normalise(pictures["camera"]), pictures["depth"][:, :1].float() / 255], dim=1)
    ).argmax(1)[0],
    modalities=("camera", "depth"),
    channels=4,
)


def read(path: Path) -> Tensor:
    """[1,C,H,W] bytes."""
    pixels = np.array(Image.open(path))
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)[None]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], tuple[nn.Module, Path]]:
    """Exports and imports a case, once."""
    made: dict[str, tuple[nn.Module, Path]] = {}

    def bundle(case: Case) -> tuple[nn.Module, Path]:
        if case.name not in made:
            folder = tmp_path_factory.mktemp(case.name)
            network = case.make()
            sides = (HEIGHT, WIDTH)
            shape = (1, *sides, case.channels) if case.channels_last else (1, case.channels, *sides)
            examples = [torch.rand(shape) for _ in case.inputs]
            if case is QUERIES:
                examples[1] = torch.ones(1, HEIGHT, WIDTH, dtype=torch.int64)
            networks.export(network, folder / f"{case.name}.onnx", examples, case.inputs, case.outputs)
            out = folder / "bundle"
            mle_sam("model", "import", str(folder / f"{case.name}.onnx"), "--out", str(out), *case.options)
            made[case.name] = network, out
        return made[case.name]

    return bundle


@pytest.mark.parametrize("case", [*CASES, QUERIES, EARLY_FUSION], ids=lambda case: case.name)
def test_labels_of_an_imported_network_are_those_of_pytorch(case: Case, bundles: Any) -> None:
    network, folder = bundles(case)
    pictures = {name: read(folder / f"golden_{name}.png") for name in case.modalities}
    with torch.no_grad():
        expected = case.labels(network, pictures)
    received = read(folder / "golden_labels.png")[0, 0]
    assert len(received.unique()) > 2, "labels of one class would prove little"
    assert (received == expected).float().mean() >= AGREEMENT


@pytest.fixture(scope="module")
def short_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bag = tmp_path_factory.mktemp("short") / "short.mcap"
    mle_sam("simulate", str(bag), "--duration", "1")
    return bag


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_imported_network_is_inspected_and_replayed(
    case: Case, bundles: Any, short_bag: Path, tmp_path: Path
) -> None:
    _, folder = bundles(case)
    inspection = json.loads(mle_sam("inspect", str(folder), "--no-providers", "--json"))
    assert list(inspection["graphs"]) == ["network"]
    assert [modality["name"] for modality in inspection["modalities"]] == list(case.modalities)
    replayed(folder, short_bag, tmp_path, least=5)


def replayed(model: Path, bag: Path, out: Path, least: int) -> None:
    mle_sam("replay", str(bag), "--model", str(model), "--provider", "cpu", "--out", str(out / "replay"))
    summary = json.loads((out / "replay" / "summary.json").read_text())
    assert summary["frames"]["published"] > least
    assert "routing" not in summary


@pytest.mark.parametrize(
    "case",
    # One kind of network goes the whole way in every run of the tests, the others in the slow ones.
    [
        pytest.param(case, id=case.name, marks=[] if case.channels_last else pytest.mark.slow)
        for case in CASES
    ],
)
def test_an_imported_network_replays_the_sample_bag_and_is_put_under_dropout(
    case: Case, bundles: Any, tmp_path: Path
) -> None:
    _, folder = bundles(case)
    bag = ROOT / "samples" / "town"
    replayed(folder, bag, tmp_path, least=20)
    model, out = ["--model", str(folder), "--provider", "cpu"], tmp_path / "dropout"
    mle_sam("dropout", str(bag), *model, "--out", str(out), "--scenarios", str(SCENARIO), "--seconds", "6")
    report = json.loads((out / "dropout.json").read_text())
    assert report["scenarios"][0]["name"] == "camera-lost"
    assert "routing" not in report["scenarios"][0]


def recipe(heading: str) -> tuple[str, list[str]]:
    """Python and the import's arguments of a recipe in docs/your-model.md."""
    page = (ROOT / "docs" / "your-model.md").read_text()
    section = page.split(f"### {heading}\n")[1].split("\n#")[0]
    python = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (command,) = re.findall(r"^mle-sam model import (.+)$", section, re.MULTILINE)
    assert re.search(r"ros2 launch .* bundle:=", section), heading
    return "".join(python), shlex.split(command)


def stand_in_for_torchvision(network: nn.Module) -> dict[str, types.ModuleType]:
    """torchvision's modules as far as the recipe imports them: it does not go with every PyTorch."""
    modules = {name: types.ModuleType(name) for name in ("torchvision", "torchvision.models")}
    segmentation = types.ModuleType("torchvision.models.segmentation")
    segmentation.lraspp_mobilenet_v3_large = lambda **_: network  # type: ignore[attr-defined]
    return {**modules, segmentation.__name__: segmentation}


@pytest.mark.parametrize(
    "heading",
    [
        # A SegFormer of full size; the others are quick.
        pytest.param("SegFormer from a hub", marks=pytest.mark.slow),
        "torchvision",
        "mmsegmentation",
        "A network with four inputs",
    ],
)
def test_a_recipe_of_the_page_gives_the_labels_of_pytorch(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As written, but for the weights: they are random, since no hub is reachable from here."""
    python, arguments = recipe(heading)
    monkeypatch.chdir(tmp_path)
    size = (512, 1024)
    case = next(case for case in CASES if case.name == RECIPES[heading])
    network = case.make() if heading != "torchvision" else networks.LiteRaspp(aux=False)
    if heading == "SegFormer from a hub":
        whole = SegformerForSemanticSegmentation(SegformerConfig(num_labels=19)).eval()
        network = whole
        monkeypatch.setattr(SegformerForSemanticSegmentation, "from_pretrained", lambda _: whole)
    for name, module in stand_in_for_torchvision(network).items():
        monkeypatch.setitem(sys.modules, name, module)
    if python:
        exec(compile(python, heading, "exec"), {})
    else:
        size = (HEIGHT, WIDTH)
        examples = [torch.rand(1, 3, *size) for _ in case.inputs]
        networks.export(network, tmp_path / arguments[0], examples, case.inputs, case.outputs)
    mle_sam("model", "import", *arguments)

    folder = tmp_path / arguments[arguments.index("--out") + 1]
    pictures = {name: read(folder / f"golden_{name}.png") for name in case.modalities}
    with torch.no_grad():
        if heading == "SegFormer from a hub":
            expected = upsampled(network(normalise(pictures["camera"])).logits, size)
        elif heading == "torchvision":
            expected = upsampled(network(normalise(pictures["camera"]))["out"], size)
        else:
            expected = case.labels(network, pictures)
    received = read(folder / "golden_labels.png")[0, 0]
    assert tuple(received.shape) == size
    assert (received == expected).float().mean() >= AGREEMENT


RECIPES = {
    "SegFormer from a hub": "segformer",
    "torchvision": "lr-aspp",
    "mmsegmentation": "label-map",
    "A network with four inputs": "four-inputs",
}
