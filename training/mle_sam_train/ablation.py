"""What each part of the method is worth: eight variants on equal budgets, one table."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

from .checkpoint import load_model
from .config import Config, config_from_dict, config_to_dict
from .data import CacheChoice, open_cache, read_dataset_info
from .errors import InputError
from .evaluation import PROTOCOLS, evaluation_report, spread_indices
from .optimizer import count_trainable
from .processes import join_processes
from .stages import train_stage
from .tables import markdown_table

VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "full": {},
    "routed-only": {"head": {"decoder_branch": "routed", "auxiliary_branch": "routed"}},
    "mean-only": {"head": {"decoder_branch": "mean", "auxiliary_branch": "mean"}},
    "no-auxiliary-head": {"head": {"auxiliary_branch": "none"}},
    "one-shared-lora": {"lora": {"sharing": "one"}},
    "no-modality-absence": {"augment": {"full_set_probability": 1.0}},
    "no-absence-no-spoiling": {"augment": {"full_set_probability": 1.0, "degrade_probability": 0.0}},
    "full-fine-tuning": {"experts": {"trainable": "all"}},
}
"""Changes to a configuration, by section. Everything else stays equal, the trained base included."""
FIGURES = {
    "full": "all modalities",
    "absent": "mean of subsets, absent",
    "zeroFilled": "mean of subsets, zero-filled",
    "night": "night",
}


def run_ablation(
    config: Config,
    data: Path,
    run: Path,
    *,
    seeds: list[int],
    variants: list[str] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    base: Path | None = None,
    split: str = "val",
    frames: int | None = None,
) -> str:
    """Train and score whatever is not done yet, and write `run/ablation.md`, which is also returned.

    Goes through all variants seed by seed, so that there is a whole table after the first seed and each
    further one only narrows it. Started again after a kill it goes on where it was: finished variants are
    read from their `scores.json`. `frames` limits scoring to as many, evenly spread over `split`.
    """
    names = list(VARIANTS) if variants is None else variants
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        raise InputError(f"Expected variants among {list(VARIANTS)} but received {unknown[0]!r}.")
    cache = run / "cache"
    if base is None and config.model.base.pretrained is None:
        base = _trained_base(config, data, run, cache)
    table = ""
    for seed, name in product(seeds, names):
        folder = _folder(run, name, seed)
        if not (folder / "scores.json").exists():
            changed = variant_config(config, name, seed)
            score = _train_and_score(changed, data, folder, cache, base, steps, minutes, split, frames)
            (folder / "scores.json").write_text(json.dumps(score, indent=2) + "\n")
        table = _table(run, seeds)
        (run / "ablation.md").write_text(table + "\n")
    return table


def _folder(run: Path, name: str, seed: int) -> Path:
    return run / name / f"seed-{seed}"


def _table(run: Path, seeds: list[int]) -> str:
    """Every variant with scores in `run`, those of earlier calls included."""
    rows = []
    for name in VARIANTS:
        paths = [_folder(run, name, seed) / "scores.json" for seed in seeds]
        scores = [json.loads(path.read_text()) for path in paths if path.exists()]
        if scores:
            rows.append(_row(name, scores))
    header = ["variant", *(f"{text} (mIoU %)" for text in FIGURES.values())]
    return markdown_table([*header, "trainable parameters", "steps", "seeds"], rows)


def variant_config(config: Config, name: str, seed: int) -> Config:
    """`config` with a variant's changes."""
    raw = config_to_dict(config)
    raw["seed"] = seed
    for section, changes in VARIANTS[name].items():
        (raw if section in raw else raw["model"])[section].update(changes)
    return config_from_dict(raw)


def _trained_base(config: Config, data: Path, run: Path, cache: Path) -> Path:
    weights = run / "base" / "model.safetensors"
    with join_processes() as processes:
        train_stage(config, data, run, "base", processes, cache=CacheChoice("disk", cache), resume=True)
    return weights


def _train_and_score(
    config: Config,
    data: Path,
    folder: Path,
    cache: Path,
    base: Path | None,
    steps: int | None,
    minutes: float | None,
    split: str,
    frames: int | None,
) -> dict[str, Any]:
    with join_processes() as processes:
        trainer = train_stage(
            config,
            data,
            folder,
            "experts",
            processes,
            steps=steps,
            minutes=minutes,
            base=base,
            cache=CacheChoice("disk", cache),
            resume=True,
        )
    if not trainer.is_finished:
        raise InputError(
            f"Expected {folder.name} to use up its budget but it was stopped; start again to go on."
        )
    model, _ = load_model(folder)
    info = read_dataset_info(data, (config.width, config.height))
    scored = open_cache(info, split, cache)
    chosen = None if frames is None else spread_indices(len(scored), frames)
    report = evaluation_report(model, scored, PROTOCOLS, chosen)
    return {
        "full": report["full"]["miou"],
        "absent": report["subsetMean"],
        "zeroFilled": report["zeroFilled"]["subsetMean"],
        "night": report["full"]["night"],
        "trainable": count_trainable(model, "experts"),
        "steps": trainer.step,
    }


def _row(name: str, scores: list[dict[str, Any]]) -> list[str]:
    cells = [name]
    for figure in FIGURES:
        values = [score[figure] for score in scores if score[figure] is not None]
        if not values:
            cells.append("-")
        elif len(values) == 1:
            cells.append(f"{values[0]:.1f}")
        else:
            cells.append(f"{mean(values):.1f} ± {pstdev(values):.1f}")
    steps = mean(score["steps"] for score in scores)
    return [*cells, f"{scores[0]['trainable']:,}", f"{steps:.0f}", str(len(scores))]
