"""`mle-sam-train`: base, experts, evaluate, export, predict."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from .errors import InputError


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
    from .checkpoint import load_base, write_config
    from .config import load_config
    from .data import open_cache, read_dataset_info
    from .model import MleSam
    from .schedule import Budget
    from .training import Trainer

    stage, run = options.stage, options.run
    info = read_dataset_info(options.data)
    config = load_config(options.config)
    if (info.width, info.height) != (config.width, config.height):
        raise InputError(
            f"Expected images of {config.width}x{config.height} pixels as configured "
            f"but the data set has {info.width}x{info.height}."
        )
    budget = Budget.of(getattr(config, stage), options.steps, options.minutes)
    torch.manual_seed(config.seed)
    model = MleSam(config, info.rig)
    earlier = []
    if stage == "experts":
        source = options.base or run / "base" / "model.safetensors"
        if not source.exists():
            raise InputError(
                f"Expected a trained base at {source} but found none; run `mle-sam-train base` first."
            )
        earlier = load_base(model, source)["stages"]
    cache = options.cache or run / "cache"
    train, val = (open_cache(info, split, cache) for split in ("train", "val"))
    trainer = Trainer(model, train, val, run, stage, budget, earlier)
    if trainer.state_path.exists():
        if not options.resume:
            raise InputError(
                f"Expected a fresh run but found {trainer.state_path}; add --resume to continue it, "
                "or choose another folder with --run."
            )
        trainer.resume()
    write_config(config, run / stage / "config.json")
    print(f"{stage}: {len(train)} training frames, {len(val)} validation frames, from step {trainer.step}")
    trainer.run()


def _evaluate(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .data import open_cache, read_dataset_info
    from .evaluation import evaluate
    from .tables import evaluation_table

    model, _ = load_model(options.checkpoint)
    info = read_dataset_info(options.data)
    cache = open_cache(info, options.split, options.cache or _cache_beside(options.checkpoint))
    report = {"split": options.split, "frames": len(cache), **evaluate(model, cache).report()}
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(evaluation_table(report))


def _export(options: argparse.Namespace) -> None:
    from .bundle import TrainingData, write_bundle
    from .checkpoint import load_model, save_weights
    from .data import open_cache, read_dataset_info

    try:
        report = json.loads(options.scores.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"Expected an evaluation report at {options.scores} but could not read it ({error}); "
            "write one with `mle-sam-train evaluate --split test --out`."
        ) from error
    model, summary = load_model(options.checkpoint)
    info = read_dataset_info(options.data)
    cache = open_cache(info, options.split, options.cache or _cache_beside(options.checkpoint))
    data = TrainingData(info.source, options.note)
    parity = write_bundle(model, cache, options.out, summary, report, data)
    if options.weights:
        save_weights(model, options.weights, summary)
    print(
        f"Wrote {options.out}: features within {parity['featureDifference']:.1e} of PyTorch, "
        f"{100 * parity['labelDifference']:.3f} % of labels differ."
    )


def _predict(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .data import list_frames, read_dataset_info
    from .predict import write_predictions

    model, _ = load_model(options.checkpoint)
    info = read_dataset_info(options.data)
    frames = list_frames(info, options.split)
    count = min(options.limit, len(frames))
    # Spread over the whole split: frames are sorted by condition.
    chosen = [frames[index * len(frames) // count] for index in range(count)]
    write_predictions(model, info, chosen, options.out)
    print(f"Wrote {len(frames)} label images to {options.out}.")


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
    command.add_argument("--cache", type=Path, help="folder of decoded frames (default CHECKPOINT/cache)")
    command = commands.add_parser("export", help="write a bundle: two ONNX graphs, golden sample, model card")
    command.set_defaults(command=_export)
    command.add_argument("checkpoint", type=Path, help="a run folder or a .safetensors file")
    command.add_argument("--data", type=Path, required=True, help="data set the golden sample is taken from")
    command.add_argument("--split", default="val")
    command.add_argument("--scores", type=Path, required=True, help="JSON report of `evaluate`")
    command.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    command.add_argument("--weights", type=Path, help="also save the weights as this .safetensors file")
    command.add_argument("--note", default="", help="what else the model card must say about the training")
    command.add_argument("--cache", type=Path, help="folder of decoded frames (default CHECKPOINT/cache)")
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
