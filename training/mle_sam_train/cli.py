"""`mle-sam-train`: what each command reads, calls and prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .errors import InputError

if TYPE_CHECKING:
    from .data import DatasetInfo
    from .model import MleSam


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns 0, or 2 after printing the one sentence of an `InputError`."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        options.command(options)
    except InputError as error:
        print(f"mle-sam-train: {error}", file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    from .config import load_config
    from .processes import join_processes
    from .stages import train_stage

    config = load_config(options.config)
    with join_processes() as processes:
        trainer = train_stage(
            config,
            options.data,
            options.run,
            options.stage,
            processes,
            steps=options.steps,
            minutes=options.minutes,
            base=options.base,
            cache=options.cache,
            resume=options.resume,
        )
    if not trainer.is_finished:
        raise InputError(
            f"Expected {options.stage} to use up its budget but it was stopped at step {trainer.step}; "
            "its state is saved, go on with --resume."
        )


def _ablation(options: argparse.Namespace) -> None:
    from .ablation import run_ablation
    from .config import load_config

    table = run_ablation(
        load_config(options.config),
        options.data,
        options.run,
        seeds=options.seeds,
        variants=options.variants,
        steps=options.steps,
        minutes=options.minutes,
        base=options.base,
        split=options.split,
        frames=options.frames,
    )
    print(table)


def _evaluate(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .data import open_cache
    from .evaluation import PROTOCOLS, evaluation_report
    from .processes import join_processes
    from .tables import evaluation_table

    protocols = PROTOCOLS if options.protocol == "both" else (PROTOCOLS[0],)
    with join_processes() as processes:
        model = load_model(options.checkpoint)[0].to(processes.device)
    cache = open_cache(
        _info(model, options), options.split, options.cache or _cache_beside(options.checkpoint)
    )
    if options.every < 1:
        raise InputError(f"Expected 1 or more for --every but received {options.every}.")
    frames = np.arange(0, len(cache), options.every)
    about = {"split": options.split, "frames": len(frames), "every": options.every}
    _write_report(
        {**about, **evaluation_report(model, cache, protocols, frames)}, options.out, evaluation_table
    )


def _routing(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .data import open_cache
    from .processes import join_processes
    from .routing import routing_report
    from .tables import blinded_table

    with join_processes() as processes:
        model = load_model(options.checkpoint)[0].to(processes.device)
    cache = open_cache(
        _info(model, options), options.split, options.cache or _cache_beside(options.checkpoint)
    )
    report = {"split": options.split, **routing_report(model, cache, options.frames)}
    _write_report(report, options.out, blinded_table)


def _write_report(report: dict[str, Any], out: Path | None, table: Callable[[dict[str, Any]], str]) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))


def _export(options: argparse.Namespace) -> None:
    from .bundle import TrainingData, write_bundle
    from .checkpoint import load_model, save_weights
    from .data import open_cache

    report = _read_report(options.scores, "evaluate")
    if options.routing is not None:
        report["blinded"] = _read_report(options.routing, "routing")
    model, summary = load_model(options.checkpoint)
    info = _info(model, options)
    cache = open_cache(info, options.split, options.cache or _cache_beside(options.checkpoint))
    parity = write_bundle(
        model,
        cache,
        options.out,
        summary,
        report,
        TrainingData(info.source, options.note),
        options.precision,
        logits="per-head" if options.per_head_logits else "joined",
        encoders="merged-too" if options.merged else "gathered",
    )
    if options.weights:
        save_weights(model, options.weights, summary)
    print(
        f"Wrote {options.out}: features within {parity['featureDifference']:.1e} of PyTorch, "
        f"{100 * parity['labelDifference']:.3f} % of labels differ."
    )


def _read_report(path: Path, command: str) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"Expected a report at {path} but could not read it ({error}); "
            f"write one with `mle-sam-train {command} --split test --out`."
        ) from error


def _footprint(options: argparse.Namespace) -> None:
    from .config import load_config
    from .footprint import measure_footprint

    config = load_config(options.config)
    print(measure_footprint(config, options.out, options.precision, options.threads, options.modalities))


def _predict(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .data import list_frames
    from .predict import write_predictions

    model, _ = load_model(options.checkpoint)
    info = _info(model, options)
    frames = list_frames(info, options.split)
    count = min(options.limit, len(frames))
    # Spread over the whole split: frames are sorted by condition.
    chosen = [frames[index * len(frames) // count] for index in range(count)]
    write_predictions(model, info, chosen, options.out)
    print(f"Wrote {len(chosen)} label images to {options.out}.")


def _info(model: MleSam, options: argparse.Namespace) -> DatasetInfo:
    """The data set at the model's size; its modalities and classes must be those the model was trained on."""
    from .data import read_dataset_info

    info = read_dataset_info(options.data, (model.config.width, model.config.height))
    if (info.width, info.height) != (model.config.width, model.config.height):
        raise InputError(
            f"Expected images of {model.config.width}x{model.config.height} pixels as trained on "
            f"but the data set has {info.width}x{info.height}."
        )
    for what in ("modalities", "classes"):
        own, other = ([entry["name"] for entry in getattr(rig, what)] for rig in (model.rig, info.rig))
        if own != other:
            raise InputError(f"Expected the {what} {own} of the checkpoint but the data set has {other}.")
    return info


def _cache_beside(checkpoint: Path) -> Path:
    return checkpoint / "cache" if checkpoint.is_dir() else checkpoint.parent / "cache"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mle-sam-train", description="Train, evaluate and export MLE-SAM.")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default 2)")
    commands = parser.add_subparsers(required=True)
    for stage, text in (
        ("base", "train trunk, neck and heads on the camera alone"),
        ("experts", "freeze the base; train experts, router and heads with absent and failing sensors"),
    ):
        command = commands.add_parser(stage, help=text)
        command.set_defaults(command=_train, stage=stage)
        command.add_argument("--config", type=Path, required=True)
        command.add_argument(
            "--data", type=Path, required=True, help="root of a data set in DELIVER's layout"
        )
        command.add_argument("--run", type=Path, required=True, help="folder of the run")
        command.add_argument("--cache", type=Path, help="folder of decoded frames (default RUN/cache)")
        command.add_argument("--base", type=Path, help="weights to start experts from (default RUN/base)")
        command.add_argument("--steps", type=int)
        command.add_argument("--minutes", type=float)
        command.add_argument(
            "--resume", action="store_true", help="continue from the last checkpoint, if any"
        )
    command = commands.add_parser("evaluate", help="score every subset of the modalities")
    command.set_defaults(command=_evaluate)
    command.add_argument("checkpoint", type=Path, help="a run folder or a .safetensors file")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--split", default="val")
    command.add_argument("--out", type=Path, help="JSON report")
    command.add_argument(
        "--protocol",
        choices=("absent", "both"),
        default="both",
        help="what stands for a missing sensor: nothing (as on the robot), or both that and zeros",
    )
    command.add_argument(
        "--every", type=int, default=1, help="only every n-th frame, as `mle-sam evaluate` does"
    )
    command.add_argument("--cache", type=Path, help="folder of decoded frames (default CHECKPOINT/cache)")
    command = commands.add_parser("routing", help="spoil one sensor at a time and see what weight it keeps")
    command.set_defaults(command=_routing)
    command.add_argument("checkpoint", type=Path, help="a run folder or a .safetensors file")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--split", default="val")
    command.add_argument("--frames", type=int, help="on as many frames, evenly spread (default all)")
    command.add_argument("--out", type=Path, help="JSON report")
    command.add_argument("--cache", type=Path, help="folder of decoded frames (default CHECKPOINT/cache)")
    command = commands.add_parser("ablation", help="train and score the eight variants on equal budgets")
    command.set_defaults(command=_ablation)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--run", type=Path, required=True, help="folder of all runs and of ablation.md")
    command.add_argument("--base", type=Path, help="trained base to start all from (default: trained first)")
    command.add_argument("--seeds", type=int, nargs="+", default=[7])
    command.add_argument("--variants", nargs="+", help="some of the eight (default all)")
    command.add_argument("--steps", type=int, help="budget of each variant")
    command.add_argument("--minutes", type=float, help="budget of each variant")
    command.add_argument("--split", default="val")
    command.add_argument("--frames", type=int, help="score on as many frames of the split (default all)")
    command = commands.add_parser("export", help="write a bundle: two ONNX graphs, golden sample, model card")
    command.set_defaults(command=_export)
    command.add_argument("checkpoint", type=Path, help="a run folder or a .safetensors file")
    command.add_argument("--data", type=Path, required=True, help="data set the golden sample is taken from")
    command.add_argument("--split", default="val")
    command.add_argument("--scores", type=Path, required=True, help="JSON report of `evaluate`")
    command.add_argument("--routing", type=Path, help="JSON report of `routing`, for the model card")
    command.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    command.add_argument("--precision", choices=("float32", "float16"), default="float32")
    command.add_argument(
        "--merged", action="store_true", help="also write an encoder for each modality alone"
    )
    command.add_argument(
        "--per-head-logits", action="store_true", help="let the head hand out each head's logits"
    )
    command.add_argument("--weights", type=Path, help="also save the weights as this .safetensors file")
    command.add_argument("--note", default="", help="what else the model card must say about the training")
    command.add_argument("--cache", type=Path, help="folder of decoded frames (default CHECKPOINT/cache)")
    command = commands.add_parser(
        "footprint", help="size, memory and time of a configuration, on random weights"
    )
    command.set_defaults(command=_footprint)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--precision", choices=("float32", "float16"), default="float32")
    command.add_argument("--out", type=Path, required=True, help="folder of the graphs")
    command.add_argument(
        "--modalities", type=int, nargs="+", default=[1, 4], help="how many to run at once (default 1 and 4)"
    )
    command = commands.add_parser("predict", help="write PyTorch's label images, to compare with the robot's")
    command.set_defaults(command=_predict)
    command.add_argument("checkpoint", type=Path, help="a run folder or a .safetensors file")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--split", default="test")
    command.add_argument("--limit", type=int, default=20)
    command.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
