"""The command line of `mle-sam-train`: its commands and their options."""

from __future__ import annotations

import argparse
from pathlib import Path

KEPT = "none|memory|disk|FOLDER"
CACHE_HELP = "where decoded frames are kept: nowhere, in memory, or in a folder on disk"


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of a command; `command` holds its name. Wrong ones end the process, as argparse does."""
    return command_line().parse_args(arguments)


def command_line() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = argparse.ArgumentParser(prog="mle-sam-train", description="Train, evaluate and export MLE-SAM.")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default 2)")
    commands = parser.add_subparsers(required=True, dest="command")
    _add_training(commands)
    _add_claims(commands)
    _add_scoring(commands)
    _add_export(commands)
    return parser


def _trained(split: str) -> argparse.ArgumentParser:
    """What every command on a trained model takes; `split` is the default."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("checkpoint", type=Path, help="a run folder or a .safetensors file")
    shared.add_argument("--data", type=Path, required=True, help="root of the data set")
    shared.add_argument("--split", default=split, help=f"of the data set (default {split})")
    return shared


def _cached() -> argparse.ArgumentParser:
    """What every command on a trained model takes that goes through a whole split."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--cache", metavar=KEPT, help=f"{CACHE_HELP} (default CHECKPOINT/cache)")
    return shared


def _add_training(commands: argparse._SubParsersAction) -> None:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, required=True)
    shared.add_argument("--data", type=Path, required=True, help="root of the data set")
    shared.add_argument("--steps", type=int, help="budget, for ablation of each variant")
    shared.add_argument("--minutes", type=float, help="budget, for ablation of each variant")
    for stage, text in (
        ("base", "train trunk, neck and heads on the camera alone"),
        ("experts", "freeze the base; train experts, router and heads with absent and failing sensors"),
    ):
        command = commands.add_parser(stage, help=text, parents=[shared])
        command.add_argument("--run", type=Path, required=True, help="folder of the run")
        command.add_argument("--cache", metavar=KEPT, help=f"{CACHE_HELP} (default RUN/cache)")
        command.add_argument("--workers", type=int, help="processes that load frames ahead (default: config)")
        command.add_argument("--compile", action="store_true", help="run the model through torch.compile")
        command.add_argument("--pretrained", help="SAM 2 for model.base.pretrained: hub name, folder or .pt")
        command.add_argument("--base", type=Path, help="weights to start experts from (default RUN/base)")
        text = "whole trained model to start experts from, projections excepted (in place of --base)"
        command.add_argument("--weights", type=Path, help=text)
        command.add_argument("--until", type=Path, help="file with the time (seconds since 1970) to end by")
        command.add_argument("--no-graph", action="store_true", help="no CUDA graph of the step")
        command.add_argument("--resume", action="store_true", help="go on from the last checkpoint, if any")
    text = "decode a split into the arrays that training maps, and say how large they are"
    command = commands.add_parser("decode", help=text)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--data", type=Path, required=True, help="root of the data set")
    command.add_argument("--cache", type=Path, required=True, help="folder of decoded frames")
    command.add_argument("--splits", nargs="+", default=["train", "val"])
    command.add_argument("--workers", type=int, default=2, help="threads that decode")
    text = "frames a second that loader processes give, without training"
    command = commands.add_parser("throughput", help=text)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--data", type=Path, required=True, help="root of the data set")
    command.add_argument("--cache", metavar=KEPT, default="none", help=f"{CACHE_HELP} (default none)")
    command.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="processes, one row each")
    command.add_argument("--batches", type=int, default=12, help="timed, after one for each process")
    command.add_argument("--augmentation", choices=("loader", "device"), default="loader")
    text = "GPU memory that training a configuration on DELIVER takes, worked out without a GPU"
    command = commands.add_parser("memory", help=text)
    command.add_argument("--config", type=Path, nargs="+", required=True)
    text = "decode the training frames of one or more data sets while they are being rendered"
    command = commands.add_parser("follow", help=text)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--data", type=Path, nargs="+", required=True, help="roots, of one rig")
    command.add_argument("--cache", type=Path, required=True, help="folder of decoded frames")
    command.add_argument("--capacity", type=int, default=12000, help="frames at most")
    command.add_argument("--workers", type=int, default=2, help="threads that decode")
    command.add_argument("--seconds", type=float, default=3600, help="how long new frames are looked for")
    command.add_argument("--patience", type=float, default=40, help="seconds a data set is waited for")
    text = "copy the first frames that `follow` has decoded into arrays that change no more"
    command = commands.add_parser("snapshot", help=text)
    command.add_argument("--cache", type=Path, required=True, help="folder that `follow` fills")
    command.add_argument("--out", type=Path, required=True, help="folder of the copy")
    command.add_argument("--frames", type=int, default=4000, help="at most")
    command.add_argument("--patience", type=float, default=0, help="seconds the first frame is waited for")
    text = "train and score the eight variants on equal budgets"
    command = commands.add_parser("ablation", help=text, parents=[shared])
    command.add_argument("--run", type=Path, required=True, help="folder of all runs and of ablation.md")
    command.add_argument("--base", type=Path, help="trained base to start all from (default: trained first)")
    command.add_argument("--seeds", type=int, nargs="+", default=[7])
    command.add_argument("--variants", nargs="+", help="some of the eight (default all)")
    command.add_argument("--split", default="val")
    command.add_argument("--frames", type=int, help="score on as many frames of the split (default all)")


def _add_claims(commands: argparse._SubParsersAction) -> None:
    text = "MLE-SAM against fair counterparts on equal budgets, or (--report) the page that says how it went"
    command = commands.add_parser("claims", help=text)
    command.add_argument("--config", type=Path, help="of all variants, such as training/configs/claims.yaml")
    command.add_argument("--data", type=Path, help="root of the data set")
    command.add_argument("--cache", type=Path, help="folder of decoded frames (default RUN/cache)")
    command.add_argument("--base", type=Path, help="weights to start from (default random)")
    command.add_argument("--run", type=Path, help="folder of the runs; one that has some goes on")
    command.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    command.add_argument("--variants", nargs="+", help="some of them (default all)")
    command.add_argument("--minutes", type=float, help="for everything; the steps are fitted to it")
    command.add_argument("--steps", type=int, help="of each run, instead of fitting them")
    command.add_argument("--jobs", type=int, default=1, help="processes side by side on the device")
    command.add_argument("--no-graph", action="store_true", help="no CUDA graph, step by step")
    command.add_argument("--split", default="test", help="to score on (default test)")
    command.add_argument("--frames", type=int, default=200, help="to score on, evenly spread (default 200)")
    command.add_argument(
        "--report", type=Path, metavar="RUN", help="write the page from this folder or claims.json"
    )
    command.add_argument("--docs", type=Path, default=Path("docs/claims.md"), help="the page")
    command.add_argument("--card", type=Path, help="model card that gets the table as a section")


def _add_scoring(commands: argparse._SubParsersAction) -> None:
    text = "score every subset of the modalities"
    command = commands.add_parser("evaluate", help=text, parents=[_trained("val"), _cached()])
    command.add_argument("--out", type=Path, help="JSON report")
    command.add_argument(
        "--protocol",
        nargs="+",
        choices=("absent", "both", "emm", "rmm", "nm"),
        default=["both"],
        help="what stands for a missing sensor: nothing, as on the robot (absent), zeros (emm), zeros in a "
        "part of it (rmm); nm: noise on all; both (default): absent and emm",
    )
    command.add_argument(
        "--size",
        type=_size,
        help="WxH that truth and masks are compared at (default: as the set's published tables)",
    )
    command.add_argument(
        "--convention",
        choices=("cityscapes", "cmnext"),
        help="a class without any pixel is left out, or counts 0 (default: cityscapes, on DELIVER cmnext)",
    )
    command.add_argument(
        "--predictions",
        type=Path,
        help="save masks at the set's own size; of MUSES as its benchmark takes them",
    )
    command.add_argument("--seed", type=int, default=1, help="of what rmm and nm draw")
    command.add_argument("--every", type=int, default=1, help="only every n-th frame, as in `mle-sam`")
    text = "spoil one sensor at a time and see what weight it keeps"
    command = commands.add_parser("routing", help=text, parents=[_trained("val"), _cached()])
    command.add_argument("--frames", type=int, help="on as many frames, evenly spread (default all)")
    command.add_argument("--out", type=Path, help="JSON report")
    text = "write PyTorch's label images, to compare with the robot's"
    command = commands.add_parser("predict", help=text, parents=[_trained("test")])
    command.add_argument("--limit", type=int, default=20)
    command.add_argument("--out", type=Path, required=True)


def _add_export(commands: argparse._SubParsersAction) -> None:
    precision = argparse.ArgumentParser(add_help=False)
    text = "float16 for GPUs; int8 for CPUs: linear layers of the encoder in bytes"
    precision.add_argument(
        "--precision", choices=("float32", "float16", "int8"), default="float32", help=text
    )
    text = "write a bundle: two ONNX graphs, golden sample, model card"
    command = commands.add_parser("export", help=text, parents=[_trained("val"), _cached(), precision])
    command.add_argument("--scores", type=Path, required=True, help="JSON report of `evaluate`")
    command.add_argument("--routing", type=Path, help="JSON report of `routing`, for the model card")
    command.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    text = "store each modality's own projections, which is faster, or the experts' factors, which is smaller"
    command.add_argument("--experts", choices=("merged", "factored"), help=f"{text} (default: by size)")
    command.add_argument(
        "--fused", action="store_true", help="also write encoder and head as one graph, for GPUs"
    )
    command.add_argument(
        "--per-head-logits", action="store_true", help="let the head hand out each head's logits"
    )
    command.add_argument("--weights", type=Path, help="also save the weights as this .safetensors file")
    command.add_argument("--note", default="", help="what else the model card must say about the training")
    text = "write a bundle's model card and scores anew, its graphs left as they are"
    command = commands.add_parser("card", help=text)
    command.add_argument("bundle", type=Path)
    command.add_argument("checkpoint", type=Path, help="the weights the bundle was exported from")
    command.add_argument("--scores", type=Path, required=True, help="JSON report of `evaluate`")
    command.add_argument(
        "--routing", type=Path, help="JSON report of `routing` (default: the card's as it was)"
    )
    command.add_argument("--note", help="what else the card must say about the training (default: as it was)")
    text = "a line of the card's limits, repeatable (default: as they were)"
    command.add_argument("--limit", action="append", dest="limits", help=text)
    text = (
        "noise of its distances from which on the robot leaves a sensor out, repeatable (default: as it was)"
    )
    command.add_argument("--max-scatter", action="append", type=_share, metavar="MODALITY=SHARE", help=text)
    text = "write the two ONNX graphs alone, to compare them"
    command = commands.add_parser("graphs", help=text, parents=[precision])
    command.add_argument("checkpoint", type=Path, help="checkpoint file or run folder")
    command.add_argument("--out", type=Path, required=True, help="folder of the graphs")
    text = "`plain` exports the modules as they were trained"
    command.add_argument("--form", choices=("served", "plain"), default="served", help=text)
    command.add_argument("--opset", type=int, help="of the operators (default: that of bundles)")
    text = (
        "write what a bundle's inputs look like in a data set into its model.json, as `export` does by itself"
    )
    command = commands.add_parser("statistics", help=text)
    command.add_argument("bundle", type=Path)
    command.add_argument("--data", type=Path, required=True, help="root of the data set")
    command.add_argument("--split", default="train")
    command.add_argument("--cache", type=Path, required=True, help="folder of decoded frames")
    text = "latency, memory and labels of a configuration in PyTorch on this machine's GPU, on random weights"
    command = commands.add_parser("bench", help=text)
    command.add_argument("--config", type=Path, nargs="+", required=True)
    command.add_argument("--out", type=Path, required=True, help="JSON report, anew after each row")
    command.add_argument("--precision", nargs="+", default=["bfloat16", "float16"])
    command.add_argument(
        "--mode", nargs="+", choices=("eager", "graph", "compiled"), default=["graph", "eager"]
    )
    command.add_argument("--modalities", type=int, nargs="+", default=[1, 2, 3, 4])
    command.add_argument("--repeats", type=int, default=60, help="runs of each part")
    command.add_argument("--seconds", type=float, default=0.5, help="at most, of each part")
    command.add_argument(
        "--reference", choices=("cpu", "none"), default="cpu", help="for the labels, in float32"
    )
    text = "size, memory and time of a configuration, on random weights"
    command = commands.add_parser("footprint", help=text, parents=[precision])
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True, help="folder of the graphs")
    command.add_argument(
        "--modalities", type=int, nargs="+", default=[1, 4], help="how many to run at once (default 1 and 4)"
    )


def _share(text: str) -> tuple[str, float]:
    """A name and a share, as `depth=0.03`."""
    name, found, number = text.partition("=")
    try:
        share = float(number)
    except ValueError:
        share = 0.0
    if not found or not 0 < share <= 1:
        raise argparse.ArgumentTypeError(
            f"expected MODALITY=SHARE, a share above 0 and up to 1, but received {text}"
        )
    return name, share


def _size(text: str) -> tuple[int, int]:
    """`1024x512`."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"expected a size such as 1024x512 but received {text!r}")
    return int(width), int(height)
