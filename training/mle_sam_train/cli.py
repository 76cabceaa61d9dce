"""`mle-sam-train`: what each command reads, calls and prints."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .arguments import parse_arguments
from .errors import InputError

if TYPE_CHECKING:
    from .data import DatasetInfo, FrameCache
    from .model import MleSam


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns 0, or 2 after printing the one sentence of an `InputError`."""
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    try:
        COMMANDS[options.command](options)
    except InputError as error:
        print(f"mle-sam-train: {error}", file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    from .config import load_config
    from .data import CacheChoice
    from .processes import join_processes
    from .stages import train_stage

    config = load_config(options.config)
    changes: dict[str, Any] = {"graph": "off"} if options.no_graph else {}
    changes |= {"compiled": "on"} if options.compile else {}
    changes |= {} if options.workers is None else {"workers": options.workers}
    config = replace(config, **{options.command: replace(getattr(config, options.command), **changes)})
    if options.pretrained is not None:
        base = replace(config.model.base, pretrained=options.pretrained)
        config = replace(config, model=replace(config.model, base=base))
    with join_processes() as processes:
        trainer = train_stage(
            config,
            options.data,
            options.run,
            options.command,
            processes,
            steps=options.steps,
            minutes=options.minutes,
            base=options.base,
            weights=options.weights,
            cache=CacheChoice.of(options.cache, options.run / "cache"),
            resume=options.resume,
            until=options.until,
        )
    if not trainer.is_finished:
        raise InputError(
            f"Expected {options.command} to use up its budget but it was stopped at step {trainer.step}; "
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


def _claims(options: argparse.Namespace) -> None:
    from .claims.lab import Source
    from .claims.report import write_report
    from .claims.runs import run_claims
    from .config import load_config

    if options.report is not None:
        print(write_report(options.report, options.docs, options.card))
        return
    for name in ("config", "data", "run"):
        if getattr(options, name) is None:
            raise InputError(f"Expected --{name} for the runs but received none; or --report RUN.")
    source = Source(
        load_config(options.config),
        options.data,
        options.cache or options.run / "cache",
        options.base,
        options.split,
        options.frames,
        "off" if options.no_graph else "auto",
    )
    budget = {"steps": options.steps, "minutes": options.minutes}
    run_claims(source, options.run, options.seeds, variants=options.variants, jobs=options.jobs, **budget)


def _evaluate(options: argparse.Namespace) -> None:
    from .benchmarks.command import benchmark_report, is_benchmark
    from .benchmarks.tables import benchmark_tables
    from .checkpoint import load_model
    from .evaluation import PROTOCOLS, evaluation_report
    from .processes import join_processes
    from .tables import evaluation_table

    torch.backends.cudnn.allow_tf32 = False  # scores of a GPU must be those of a CPU
    if options.every < 1:
        raise InputError(f"Expected 1 or more for --every but received {options.every}.")
    with join_processes() as processes:
        model = load_model(options.checkpoint)[0].to(processes.device)
    info = _info(model, options)
    if is_benchmark(info, options):
        _write_report(benchmark_report(model, info, options), options.out, benchmark_tables)
        return
    protocols = PROTOCOLS if options.protocol == ["both"] else (PROTOCOLS[0],)
    cache = _open_split(info, options)
    frames = np.arange(0, len(cache), options.every)
    about = {"split": options.split, "frames": len(frames), "every": options.every}
    _write_report(
        {**about, **evaluation_report(model, cache, protocols, frames)}, options.out, evaluation_table
    )


def _routing(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .processes import join_processes
    from .routing import routing_report
    from .tables import blinded_table

    with join_processes() as processes:
        model = load_model(options.checkpoint)[0].to(processes.device)
    cache = _open_split(_info(model, options), options)
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

    report = _read_report(options.scores, "evaluate")
    if options.routing is not None:
        report["blinded"] = _read_report(options.routing, "routing")
    model, summary = load_model(options.checkpoint)
    info = _info(model, options)
    cache = _open_split(info, options)
    parity = write_bundle(
        model,
        cache,
        options.out,
        summary,
        report,
        TrainingData(info.source, options.note),
        options.precision,
        logits="per-head" if options.per_head_logits else "joined",
        experts=options.experts,
        layout="fused-too" if options.fused else "split",
    )
    if options.weights:
        save_weights(model, options.weights, summary)
    print(
        f"Wrote {options.out}: features within {parity['featureDifference']:.1e} of PyTorch, "
        f"{100 * parity['labelDifference']:.3f} % of labels differ."
    )


def _card(options: argparse.Namespace) -> None:
    from .bundle import rewrite_card
    from .checkpoint import load_model

    report = _read_report(options.scores, "evaluate")
    if options.routing is not None:
        report["blinded"] = _read_report(options.routing, "routing")
    rewrite_card(
        load_model(options.checkpoint)[0],
        options.bundle,
        report,
        options.note,
        options.limits,
        dict(options.max_scatter or []),
    )
    print(f"Wrote {options.bundle / 'MODEL_CARD.md'} and the scores in model.json.")


def _graphs(options: argparse.Namespace) -> None:
    from .checkpoint import load_model
    from .export import OPSET, export_graphs

    model = load_model(options.checkpoint)[0]
    opset = options.opset or OPSET
    names = export_graphs(model, options.out, options.precision, form=options.form, opset=opset)
    print(f"Wrote {', '.join(f'{name}.onnx' for name in names)} to {options.out}.")


def _statistics(options: argparse.Namespace) -> None:
    from .bundle import add_input_statistics
    from .data import open_cache, read_dataset_info

    try:
        manifest = json.loads((options.bundle / "model.json").read_text())
        size = manifest["input"]["width"], manifest["input"]["height"]
        wanted = [m["name"] for m in manifest["modalities"]]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise InputError(f"Expected a bundle at {options.bundle} but could not read it ({error}).") from error
    info = read_dataset_info(options.data, size)
    names = [m["name"] for m in info.rig.modalities]
    if names != wanted:
        raise InputError(f"Expected the modalities {wanted} of the bundle but the data set has {names}.")
    cache = open_cache(info, options.split, options.cache)
    add_input_statistics(options.bundle, cache)
    print(f"Wrote the statistics of {len(cache)} frames into {options.bundle / 'model.json'}.")


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


def _bench(options: argparse.Namespace) -> None:
    from .config import load_config
    from .device_bench import bench, cases, machine, write_bench
    from .processes import join_processes

    configs = [load_config(path) for path in options.config]
    wanted = cases(options.mode, options.precision, options.modalities)
    with join_processes() as processes:
        device = processes.device
    limits = (options.repeats, options.seconds, options.reference == "cpu")
    rows = (row for config in configs for row in bench(config, device, wanted, *limits))
    write_bench(options.out, machine(device), rows)


def _decode(options: argparse.Namespace) -> None:
    from .config import load_config
    from .data import CacheChoice, describe_cache, open_frames, read_dataset_info

    config = load_config(options.config)
    info = read_dataset_info(options.data, (config.width, config.height), config.modalities)
    choice = CacheChoice("disk", options.cache)
    for split in options.splits:
        print(describe_cache(info, split, choice), flush=True)
        open_frames(info, split, choice, options.workers)


def _throughput(options: argparse.Namespace) -> None:
    from .config import load_config
    from .throughput import measure_throughput

    config = load_config(options.config)
    counts = (options.workers, options.batches)
    print(measure_throughput(config, options.data, options.cache, options.augmentation, *counts))


def _memory(options: argparse.Namespace) -> None:
    from .config import load_config
    from .training_memory import measure_memory

    for path in options.config:
        print(measure_memory(load_config(path)), flush=True)


def _follow(options: argparse.Namespace) -> None:
    from .config import load_config
    from .data import follow, read_dataset_info, same_rig

    end = time.monotonic() + options.seconds
    config = load_config(options.config)
    infos: dict[Path, DatasetInfo] = {}
    patience = time.monotonic() + options.patience
    while len(infos) < len(options.data) and (not infos or time.monotonic() < min(end, patience)):
        for root in options.data:
            try:
                infos[root] = read_dataset_info(root, (config.width, config.height))
            except InputError:  # the renderer has only begun
                if time.monotonic() > end:
                    raise
        time.sleep(0.5)
    for root in options.data:
        if root not in infos:
            print(f"Expected a data set in {root} but found none so far; it is left out.", file=sys.stderr)
    same_rig(list(infos.values()))
    count = follow(
        list(infos.values()), options.cache, options.capacity, options.workers, lambda: time.monotonic() < end
    )
    print(f"{count} frames in {options.cache}.")


def _snapshot(options: argparse.Namespace) -> None:
    from .data.growing import snapshot

    count = snapshot(options.cache, options.out, options.frames, options.patience)
    print(f"{count} frames in {options.out}.")


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

    size = (model.config.width, model.config.height)
    info = read_dataset_info(options.data, size, model.config.modalities)
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


def _open_split(info: DatasetInfo, options: argparse.Namespace) -> FrameCache:
    from .data import CacheChoice, open_frames

    checkpoint = options.checkpoint
    beside = checkpoint / "cache" if checkpoint.is_dir() else checkpoint.parent / "cache"
    return open_frames(info, options.split, CacheChoice.of(options.cache, beside))


COMMANDS = {
    "base": _train,
    "experts": _train,
    "evaluate": _evaluate,
    "routing": _routing,
    "ablation": _ablation,
    "claims": _claims,
    "export": _export,
    "card": _card,
    "graphs": _graphs,
    "footprint": _footprint,
    "bench": _bench,
    "decode": _decode,
    "throughput": _throughput,
    "memory": _memory,
    "follow": _follow,
    "snapshot": _snapshot,
    "statistics": _statistics,
    "predict": _predict,
}

if __name__ == "__main__":
    sys.exit(main())
