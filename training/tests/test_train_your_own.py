"""docs/train-your-own.md: its commands as they stand, on a small tree in DELIVER's layout and a small SAM."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import torch
import yaml

pytest.importorskip("h5py")
from published_trees import write_deliver
from test_pretrained import CONFIGS, configured, to_original
from test_scale_out import torchrun
from test_typescript import mle_sam
from transformers import Sam2Config, Sam2Model

from mle_sam_train.arguments import parse_arguments
from mle_sam_train.cli import main
from mle_sam_train.config import load_config
from mle_sam_train.data.published import DELIVER_CLASSES, DELIVER_MODALITIES
from mle_sam_train.model import MleSam, Rig
from mle_sam_train.model.base import build_base
from mle_sam_train.optimizer import count_trainable
from mle_sam_train.training_memory import _kept, measure_memory

PAGE = (Path(__file__).parents[2] / "docs" / "train-your-own.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
    for line in block.strip().splitlines()
]
OURS = "mle-sam-train "
DELIVER = Rig(DELIVER_MODALITIES, DELIVER_CLASSES)
TORCHRUN = re.compile(r"torchrun --nproc-per-node 4 -m -- mle_sam_train\.cli ")


def test_every_command_of_the_page_is_ours_and_has_options_that_exist() -> None:
    assert len(COMMANDS) == 9
    for command in COMMANDS:
        ours = TORCHRUN.sub(OURS, command)
        if not ours.startswith("npx mle-sam "):
            assert ours.startswith(OURS), command
            parse_arguments(shlex.split(ours.removeprefix(OURS)))


def test_the_page_says_how_many_parameters_are_trained() -> None:
    with torch.device("meta"):
        model = MleSam(configured("base-plus"), DELIVER)
    said = re.search(r"Stage `experts` trains ([\d,]+) parameters", PAGE)
    assert said is not None
    assert said[1] == f"{count_trainable(model, 'experts'):,}"


@pytest.mark.slow
def test_the_page_says_the_memory_that_the_command_prints() -> None:
    assert measure_memory(configured("base-plus")) in PAGE


def test_memory_without_contents_is_that_of_tensors_with_contents(config) -> None:
    """The same count on real tensors of the tiny model: what autograd keeps, each storage once."""
    model = MleSam(config, DELIVER)
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    assert _kept(config, 1)[1] == sum(t.nbytes for t in (*model.parameters(), *model.buffers()))
    grown = [_kept(config, count)[0] for count in (1, 2, 3)]
    held: list[dict[int, torch.Tensor]] = []
    for count in (1, 2, 3):
        kept: dict[int, torch.Tensor] = {}

        def keep(tensor: torch.Tensor, kept: dict[int, torch.Tensor] = kept) -> torch.Tensor:
            if tensor.untyped_storage().data_ptr() not in own:
                kept[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        for parameter in model.parameters():
            parameter.requires_grad_(False)
        for _, parameter in model.expert_parameters():
            parameter.requires_grad_(True)
        pixels = torch.zeros(count, config.height, config.width, 3, dtype=torch.uint8)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            features = model.encode(pixels, torch.arange(count))
        held.append(kept)
        del features
    sizes = [sum(t.untyped_storage().nbytes() for t in kept.values()) for kept in held]
    # What one more image adds to the encoder, whatever heads and loss keep besides.
    assert grown[2] - grown[1] == pytest.approx(sizes[2] - sizes[1], rel=0.1)


def small_config(folder: Path) -> Path:
    """The page's configuration with the trunk of `tiny-test`, so that a step takes no time."""
    raw = yaml.safe_load((CONFIGS / "deliver-base-plus.yaml").read_text())
    tiny = yaml.safe_load((CONFIGS / "tiny-test.yaml").read_text())
    raw |= {"width": 64, "height": 64, "precision": "float32"}
    raw["model"]["base"] = {**tiny["model"]["base"], "fpn_top_down": [2, 3], "pretrained": "none"}
    raw["model"]["head"] |= tiny["model"]["head"]
    raw["experts"] |= {"batch": 4, "steps": 2, "log_every": 1, "validate_frames": 2, "workers": 1}
    path = folder / "deliver-base-plus.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def small_sam(config: Path, path: Path) -> None:
    """A checkpoint of SAM 2.1's own format and names, of that trunk."""
    chosen = load_config(config)
    torch.manual_seed(4)
    vision = build_base(chosen.model.base, chosen.height, chosen.width).config
    decoder = {"hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2}
    parts = {"mask_decoder_config": decoder, "prompt_encoder_config": {"hidden_size": 32}}
    torch.save(
        {"model": to_original(Sam2Model(Sam2Config(vision_config=vision, **parts)).state_dict())}, path
    )


@pytest.mark.slow
def test_the_page_leads_from_a_checkpoint_and_a_data_set_to_a_bundle(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write_deliver(tmp_path / "DELIVER")
    (tmp_path / "training/configs").mkdir(parents=True)
    small_sam(small_config(tmp_path / "training/configs"), tmp_path / "sam2.1_hiera_base_plus.pt")
    told = {}
    for command in COMMANDS:
        if command.startswith("npx "):
            told[command] = mle_sam(*shlex.split(command.removeprefix("npx mle-sam ")))
        elif TORCHRUN.match(command):
            # Goes on for one more step with what one process began; `--steps` in the place of the 100,000.
            told[command] = torchrun(*shlex.split(command)[3:], "--steps", "3")
        else:
            assert main(["--threads", "1", *shlex.split(command.removeprefix(OURS))]) == 0, command
            told[command] = capsys.readouterr().out
    trained = next(text for command, text in told.items() if " experts " in command)
    assert re.search(r"SAM 2: trunk and neck whole, \d\d+ of \d+ tensors of the decoder reused", trained)
    assert "train: 2 frames, 0.00 GiB in runs/deliver/cache" in trained
    log = (tmp_path / "runs/deliver/experts/log.jsonl").read_text().splitlines()
    assert [record["step"] for record in map(json.loads, log) if "loss" in record] == [1, 2, 3]
    assert {"model.json", "encoder.onnx", "head.onnx", "fused.onnx"} <= {
        path.name for path in (tmp_path / "bundles/deliver").iterdir()
    }
