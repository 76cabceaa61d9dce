"""`docs/claims.md` and the model card's table, from the files of the runs."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

from ..errors import InputError
from .figures import FIGURES, Runs
from .runs import together
from .tables import tables, verdict_table
from .text import CARD_HEADING, card_section, page
from .variants import MLE_SAM, VARIANTS

CPU_CONFIG = "claims-cpu"
"""That of `npm run claims`."""


def write_report(runs: Path, docs: Path, card: Path | None) -> str:
    """Write the page and, where named, the card's section; returns the verdicts' table.

    A file of `runs`' name that ends in `.md` says what a reader makes of these results; the page takes it in.
    """
    plan, found = read_runs(runs)
    docs.parent.mkdir(parents=True, exist_ok=True)
    reading = runs.with_suffix(".md")
    words = reading.read_text().strip() + "\n" if reading.is_file() else ""
    docs.write_text(page(about(found, plan), tables(found), _conclusion(found), words))
    if card is not None:
        section = card_section(about(found, plan), tables(found))
        card.write_text(with_section(card.read_text(), section))
    return verdict_table(found)


def read_runs(source: Path) -> tuple[dict[str, Any], Runs]:
    """The plan and all whole runs in a folder of `run_claims`, or in its `claims.json`."""
    if source.is_dir():
        held = together(source)
    else:
        try:
            held = json.loads(source.read_text())
        except (OSError, json.JSONDecodeError) as error:
            raise InputError(f"Expected runs at {source} but could not read them ({error}).") from error
    found: Runs = {}
    for name in VARIANTS:
        runs = sorted((run for run in held["runs"] if run["variant"] == name), key=lambda run: run["seed"])
        if runs:
            found[name] = runs
    counterparts = [name for name in found if not VARIANTS[name].is_ours]
    if MLE_SAM not in found or not counterparts:
        raise InputError(
            f"Expected runs of {MLE_SAM} and of a counterpart in {source} "
            f"but found {sorted(found) or 'none'}."
        )
    steps = {(run["steps"], run["batch"], run["trainFrames"]) for runs in found.values() for run in runs}
    if len(steps) > 1:
        raise InputError(
            f"Expected runs of equal steps, batch and frames in {source} but found {sorted(steps)}."
        )
    return held["plan"], found


def about(found: Runs, plan: dict[str, Any]) -> dict[str, str]:
    """What the page says of the runs as a whole."""
    first = found[MLE_SAM][0]
    machine = plan["machine"]
    threads = machine.get("threads", machine["cpus"])
    device = machine.get("device", f"{threads} CPU thread{'' if threads == 1 else 's'}")
    return {
        "machine": f"{device}, PyTorch {machine['torch']}",
        "commands": _commands(found, plan),
        "changes": _changes(found),
        "steps": f"{first['steps']:,}",
        "batch": str(first["batch"]),
        "trainFrames": f"{first['trainFrames']:,}",
        "scoredFrames": str(first["scoredFrames"]),
        "split": first["split"],
        "seeds": ", ".join(
            str(seed) for seed in sorted({r["seed"] for runs in found.values() for r in runs})
        ),
        "source": first["source"],
        "subsets": str(len(first["zeroFilled"]["subsets"])),
        "start": first["startsFrom"],
        "missing": _not_made(found, plan),
    }


def _not_made(found: Runs, plan: dict[str, Any]) -> str:
    """Which planned runs are missing, if any."""
    parts = []
    for seed in plan["seeds"]:
        made = [name for name, runs in found.items() if seed in [run["seed"] for run in runs]]
        names = [name for name in plan["variants"] if name not in made]
        if names:
            parts.append(f"{', '.join(names) if made else 'all variants'} with seed {seed}")
    if not parts:
        return "All runs were made."
    return (
        f"**Not made**: {'; '.join(parts)}. A variant of one seed counts with the least deviation, and its "
        "scores may be off by as much as another seed would change them."
    )


def _commands(found: Runs, plan: dict[str, Any]) -> str:
    """How to make the runs and the page again."""
    first = found[MLE_SAM][0]
    config = first.get("config", "claims")
    budget = "--minutes MINUTES" if plan["pace"] else f"--steps {plan['steps']}"
    seeds = " ".join(str(seed) for seed in plan["seeds"])
    results = f"training/results/{config}.json"
    whole = "npm run claims -- --write     # all of it, from simulated frames to this page\n"
    whole = whole if config == CPU_CONFIG else ""
    return f"""```sh
{whole}mle-sam-train claims --config training/configs/{config}.yaml --data DATA --base BASE --run RUN \\
                     {budget} --frames {first["scoredFrames"]} --seeds {seeds} \\
                     --variants {" ".join(plan["variants"])}
mle-sam-train claims --report {results} --docs docs/claims.md --card models/reference/MODEL_CARD.md
```"""


def _changes(found: Runs) -> str:
    """What the changes to MLE-SAM are, of those that were made."""
    variants = [VARIANTS[name] for name in found if VARIANTS[name].change]
    lines = [f"  - *{variant.text}*: {variant.change}" for variant in variants]
    return "\n".join(["- Changes to MLE-SAM, to see what its router lacks:", *lines, ""]) if lines else ""


def _conclusion(found: Runs) -> str:
    """Which of all variants is ahead, in words."""
    lines = []
    for figure in ("EMM Avg", "all four"):
        means = {name: mean(FIGURES[figure](run) for run in runs) for name, runs in found.items()}
        ranked = sorted(means, key=lambda name: -means[name])
        first, second = ranked[0], ranked[1]
        lines.append(
            f"- {figure}: {VARIANTS[first].text} is first ({means[first]:.1f}), {VARIANTS[second].text} "
            f"second ({means[second]:.1f}), MLE-SAM number {ranked.index(MLE_SAM) + 1} of {len(ranked)} "
            f"({means[MLE_SAM]:.1f})."
        )
    return "\n".join(lines)


def with_section(card: str, section: str) -> str:
    """A model card with the section in place of an earlier one, else before its limits."""
    start = card.find(CARD_HEADING)
    if start >= 0:
        end = card.find("\n## ", start + 1)
        return card[:start] + section + (card[end:] if end >= 0 else "")
    place = card.find("## Limits")
    if place < 0:
        raise InputError("Expected a model card with a section `## Limits` but found none.")
    return f"{card[:place]}{section}\n{card[place:]}"
