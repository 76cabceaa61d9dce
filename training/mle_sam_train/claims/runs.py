"""All runs of the comparison: seed by seed, side by side, each in a file as soon as it ends."""

from __future__ import annotations

import json
import math
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..checkpoint import load_model
from ..errors import InputError
from .lab import Source
from .variants import VARIANTS, checked_variants
from .workers import Inline, Pool, Task, workers_for

PLAN, TOGETHER = "plan.json", "claims.json"
"""What holds for all runs of a folder, and the runs that have ended in one file, for taking along."""
PACE = ("start", "step", "score")
USED_SHARE = 0.9
"""Of the time that is left once the pace is known: a pace may fall."""
FEWEST_STEPS = 20
FITTING_SHARE = 0.8
"""A run is begun if that much of what it should take is left."""


@dataclass(frozen=True)
class Plan:
    """What holds for all runs in a folder."""

    steps: int
    variants: list[str]
    seeds: list[int]
    machine: dict[str, Any]
    pace: dict[str, dict[str, float]]
    """Per variant seconds until the first step, of a step and of scoring, as measured before `steps` was
    fixed; empty if given."""

    def seconds_of(self, name: str) -> float:
        """Of a run, as far as known."""
        pace = self.pace.get(name)
        return 0.0 if pace is None else pace["start"] + self.steps * pace["step"] + pace["score"]


def run_claims(
    source: Source,
    run: Path,
    seeds: list[int],
    *,
    variants: list[str] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    jobs: int = 1,
) -> list[Path]:
    """Train and score whatever is not done yet; returns the files of all runs that are.

    The number of steps is the same for all: given, or fitted to `minutes` (of everything, start to end) by
    the pace of each variant, measured first with as many processes as will run. A folder that has a plan goes
    on by it. What no longer fits into `minutes` is left out.

    Args:
        jobs: processes side by side on one device. Small models keep a CPU core busy, not a GPU.
    """
    deadline = time.time() + 60 * (minutes if minutes is not None else math.inf)
    names = checked_variants(variants)
    if source.base is not None:
        source = replace(source, base=_kept_base(source.base, run))
    run.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with workers_for(source, jobs) as workers:
        plan = _plan(run, workers, names, seeds, steps, deadline, jobs)
        tasks = in_order(plan)
        todo = [task for task in tasks if not _file(run, task).exists()]
        starts = [deadline - FITTING_SHARE * plan.seconds_of(task[0]) for task in todo]
        for task, result in workers.run(list(zip(todo, starts, strict=True)), deadline):
            if isinstance(result, str):
                print(f"{task[0]}, seed {task[1]}: {result}", flush=True)
                failed += [f"{task[0]} with seed {task[1]}"] if result.startswith("failed") else []
                continue
            _write(_file(run, task), {**result, "machine": plan.machine})
            _write(run / TOGETHER, together(run))
            print(
                f"{task[0]}, seed {task[1]}: {result['full']:.1f} with all, "
                f"{result['zeroFilled']['subsetMean']:.1f} on the mean of subsets, zero-filled; "
                f"{result['trainedParameters']:,} parameters, {result['trainSeconds']:.0f} s",
                flush=True,
            )
    done = [_file(run, task) for task in tasks if _file(run, task).exists()]
    print(f"{len(done)} of {len(tasks)} runs done, {plan.steps} steps each", flush=True)
    if failed:
        raise InputError(
            f"Expected all runs to end well but {', '.join(failed)} failed; the same command makes them "
            "again, with --no-graph step by step."
        )
    return done


def _kept_base(base: Path, run: Path) -> Path:
    """A copy in the folder of the runs: the base may still be in training, and all must start alike."""
    kept = run / "base.safetensors"
    if not kept.exists():
        load_model(base)  # what cannot be read is told before anything is decoded
        run.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(base, kept.with_suffix(".tmp"))
        kept.with_suffix(".tmp").replace(kept)
    return kept


def together(run: Path) -> dict[str, Any]:
    """The plan and all runs that a folder holds, in one value."""
    path = run / PLAN
    if not path.exists():
        raise InputError(f"Expected {PLAN} in {run} but found none; `mle-sam-train claims --run` makes it.")
    files = sorted(run.glob("seed-*/*.json"))
    return {"plan": json.loads(path.read_text()), "runs": [json.loads(file.read_text()) for file in files]}


def in_order(plan: Plan) -> list[Task]:
    """Seed by seed; what goes beyond the comparison itself after all seeds of that."""
    tasks = [(name, seed, plan.steps) for seed in plan.seeds for name in plan.variants]
    return sorted(tasks, key=lambda task: VARIANTS[task[0]].is_extra)


def _file(run: Path, task: Task) -> Path:
    return run / f"seed-{task[1]}" / f"{task[0]}.json"


def _write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(value, indent=2) + "\n")
    temporary.replace(path)


def _plan(
    run: Path,
    workers: Inline | Pool,
    names: list[str],
    seeds: list[int],
    steps: int | None,
    deadline: float,
    jobs: int,
) -> Plan:
    """The folder's, or a new one."""
    path = run / PLAN
    if path.exists():
        plan = Plan(**json.loads(path.read_text()))
        asked = {"variants": names, "seeds": seeds, **({} if steps is None else {"steps": steps})}
        for key, value in asked.items():
            if getattr(plan, key) != value:
                raise InputError(
                    f"Expected {key} {getattr(plan, key)}, as {path} says, but received {value}; "
                    "choose another folder with --run."
                )
        return plan
    if steps is None and math.isinf(deadline):
        raise InputError("Expected --steps or --minutes for the comparison but received neither.")
    pace: dict[str, dict[str, float]] = {}
    if steps is None:
        pace = workers.measure(names)
        steps = fitted_steps(pace, len(seeds), deadline - time.time(), jobs)
    plan = Plan(steps, names, seeds, workers.machine(), pace)
    _write(path, asdict(plan))
    print(f"{steps} steps for each of {len(names) * len(seeds)} runs; measured: {pace}", flush=True)
    return plan


def fitted_steps(pace: dict[str, dict[str, float]], seeds: int, seconds: float, jobs: int) -> int:
    """Steps that all variants can take `seeds` times in `seconds` with `jobs` side by side."""
    rounds = math.ceil(seeds * len(pace) / jobs)
    start, step, score = (sum(p[key] for p in pace.values()) / len(pace) for key in PACE)
    steps = math.floor((USED_SHARE * seconds / rounds - start - score) / step)
    if steps < FEWEST_STEPS:
        raise InputError(
            f"Expected time for {FEWEST_STEPS} steps or more a run but received {seconds:.0f} s for "
            f"{seeds * len(pace)} runs ({step:.2f} s a step, {score:.1f} s to score); raise --minutes, "
            "or name fewer --variants."
        )
    return steps
