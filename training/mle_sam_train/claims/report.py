"""`docs/claims.md` and the model card's table, from the files of the runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ..errors import InputError
from ..tables import markdown_table
from .runs import together
from .scores import WEIGHTS
from .text import CARD_HEADING, card_section, page
from .variants import CONCATENATION, MLE_SAM, VARIANTS
from .verdict import Comparison, compare

Run = dict[str, Any]
Runs = dict[str, list[Run]]
"""By variant, in the order of the seeds."""
FIGURES: dict[str, Callable[[Run], float]] = {
    "all four": lambda run: run["full"],
    "EMM Avg": lambda run: run["zeroFilled"]["subsetMean"],
    "E 0.2": lambda run: run["zeroFilled"]["subsetExpected"]["0.2"],
    "E 0.1": lambda run: run["zeroFilled"]["subsetExpected"]["0.1"],
    "E 0.05": lambda run: run["zeroFilled"]["subsetExpected"]["0.05"],
}
"""Zero-filled. `all four` is the full set, which both protocols share."""
ABSENT: dict[str, Callable[[Run], float]] = {
    "absent Avg": lambda run: run["absent"]["subsetMean"],
    "absent E 0.1": lambda run: run["absent"]["subsetExpected"]["0.1"],
}


def write_report(runs: Path, docs: Path, card: Path | None) -> str:
    """Write the page and, where named, the card's section; returns the verdicts' table."""
    plan, found = read_runs(runs)
    docs.parent.mkdir(parents=True, exist_ok=True)
    docs.write_text(page(about(found, plan), tables(found), _conclusion(found)))
    if card is not None:
        section = card_section(about(found, plan), _zero_filled_table(found), _verdict_table(found))
        card.write_text(with_section(card.read_text(), section))
    return _verdict_table(found)


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
    missing = [
        f"{name} with seed {seed}"
        for seed in plan["seeds"]
        for name in plan["variants"]
        if seed not in [run["seed"] for run in found.get(name, [])]
    ]
    device = machine.get("device", f"{machine['cpus']} CPU cores")
    return {
        "machine": f"{device}, PyTorch {machine['torch']}",
        "steps": f"{first['steps']:,}",
        "batch": str(first["batch"]),
        "trainFrames": f"{first['trainFrames']:,}",
        "scoredFrames": str(first["scoredFrames"]),
        "split": first["split"],
        "seeds": ", ".join(str(seed) for seed in plan["seeds"]),
        "seedList": " ".join(str(seed) for seed in plan["seeds"]),
        "source": first["source"],
        "subsets": str(len(first["zeroFilled"]["subsets"])),
        "start": first["startsFrom"],
        "missing": "All runs were made." if not missing else f"**Not made**: {', '.join(missing)}.",
    }


def tables(found: Runs) -> dict[str, str]:
    """The page's tables by name."""
    return {
        "verdicts": _verdict_table(found),
        "zeroFilled": _zero_filled_table(found),
        "absent": _figure_table({n: r for n, r in found.items() if r[0]["absent"]}, ABSENT),
        "subsetTable": _subset_table(found, "zeroFilled"),
        "absentSubsets": _subset_table({n: r for n, r in found.items() if r[0]["absent"]}, "absent"),
        "router": _router_table(found),
        "startTable": _start_table(found),
    }


def comparisons(found: Runs) -> dict[str, Comparison]:
    """The claims, each judged; those whose runs are missing are left out."""

    def scores(name: str, figure: Callable[[Run], float]) -> list[float]:
        return [figure(run) for run in found[name]]

    others = [name for name in found if not VARIANTS[name].is_ours]
    usual = [name for name in others if not VARIANTS[name].has_absence]
    judged = {}
    for figure, text in (
        ("EMM Avg", "missing modalities"),
        ("E 0.1", "each missing at 10 %"),
    ):
        read = FIGURES[figure]
        judged[f"{text} ({figure})"] = compare(
            scores(MLE_SAM, read), {name: scores(name, read) for name in others}
        )
        if usual:
            judged[f"{text} ({figure}), against training without absence"] = compare(
                scores(MLE_SAM, read), {name: scores(name, read) for name in usual}
            )
    read = FIGURES["all four"]
    judged["all modalities"] = compare(scores(MLE_SAM, read), {name: scores(name, read) for name in others})
    if CONCATENATION in found:
        read = ABSENT["absent Avg"]
        judged["missing modalities left out (absent Avg), against concatenation"] = compare(
            scores(MLE_SAM, read), {CONCATENATION: scores(CONCATENATION, read)}
        )
    for which, text in ((False, "clean"), (True, "one sensor spoilt")):
        own, constant, uniform = ([_routed(run, name, which) for run in found[MLE_SAM]] for name in WEIGHTS)
        judged[f"the router's own weights, {text}"] = compare(
            own, {"its constant mean": constant, "equal weights": uniform}
        )
    for name in found:
        if VARIANTS[name].is_ours and name != MLE_SAM:
            read = FIGURES["EMM Avg"]
            judged[f"a better router? {VARIANTS[name].text} (EMM Avg)"] = compare(
                scores(name, read), {n: scores(n, read) for n in (MLE_SAM, *others)}
            )
    return judged


def _routed(run: Run, weights: str, is_spoilt: bool) -> float:
    """mIoU of a kind of weights: clean, or the mean over all spoilt trials."""
    trials = [t for t in run["router"]["trials"] if (t["modality"] is not None) == is_spoilt]
    return mean(trial[weights] for trial in trials)


def _verdict_table(found: Runs) -> str:
    rows = []
    for claim, c in comparisons(found).items():
        best = VARIANTS[c.best].text if c.best in VARIANTS else c.best
        rows.append(
            [
                claim,
                f"{c.ours:.1f}",
                f"{c.theirs:.1f}, {best}",
                f"{c.difference:+.1f}",
                f"{100 * c.relative:+.1f} %",
                f"{c.needed:.1f}",
                f"**{c.verdict}**",
            ]
        )
    header = [
        "claim",
        "ours",
        "best counterpart",
        "difference",
        "relative",
        "what counts",
        "verdict",
    ]
    return markdown_table(header, rows)


def _zero_filled_table(found: Runs) -> str:
    return _figure_table(found, FIGURES)


def _figure_table(found: Runs, figures: dict[str, Callable[[Run], float]]) -> str:
    rows = [
        [
            f"{VARIANTS[name].text} (`{name}`)",
            *(_spread([figure(run) for run in runs]) for figure in figures.values()),
            f"{runs[0]['trainedParameters']:,}",
            str(len(runs)),
        ]
        for name, runs in found.items()
    ]
    return markdown_table(["variant", *figures, "trained parameters", "seeds"], rows)


def _subset_table(found: Runs, protocol: str) -> str:
    subsets = list(next(iter(found.values()))[0][protocol]["subsets"])
    rows = [
        [subset, *(_mean([run[protocol]["subsets"][subset] for run in runs]) for runs in found.values())]
        for subset in subsets
    ]
    return markdown_table(["modalities kept", *found], rows)


def _router_table(found: Runs) -> str:
    """Rows: clean, each sensor and failure. Columns: own, constant, uniform of each variant with a router."""
    routed = {name: runs for name, runs in found.items() if runs[0]["router"] is not None}
    rows = []
    for index, trial in enumerate(routed[MLE_SAM][0]["router"]["trials"]):
        cells = [trial["modality"] or "none", trial["failure"]]
        for runs in routed.values():
            cells += [_mean([run["router"]["trials"][index][kind] for run in runs]) for kind in WEIGHTS]
        rows.append(cells)
    cells = ["each in turn", "mean of all spoilt"]
    for runs in routed.values():
        cells += [_mean([_routed(run, kind, True) for run in runs]) for kind in WEIGHTS]
    rows.append(cells)
    header = ["sensor", "spoilt by", *(f"{name}: {kind}" for name in routed for kind in WEIGHTS)]
    return markdown_table(header, rows)


def _start_table(found: Runs) -> str:
    rows = [
        [
            VARIANTS[name].text,
            VARIANTS[name].begins_as,
            "yes" if VARIANTS[name].has_absence else "no",
            _mean([run["trainSeconds"] for run in runs]),
            " → ".join(f"{loss:.2f}" for loss in runs[0]["loss"]),
        ]
        for name, runs in found.items()
    ]
    header = ["variant", "begins as", "with absence", "seconds of training", "loss, first → last steps"]
    return markdown_table(header, rows)


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


def _spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def _mean(values: list[float]) -> str:
    return f"{mean(values):.1f}"
