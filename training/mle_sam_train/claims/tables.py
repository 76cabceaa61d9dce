"""The tables of `docs/claims.md` and of the model card's section."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, stdev

from ..tables import markdown_table
from .figures import ABSENT, FIGURES, Run, Runs, comparisons, routed
from .scores import WEIGHTS
from .variants import MLE_SAM, VARIANTS


def tables(found: Runs) -> dict[str, str]:
    """The page's tables by name."""
    return {
        "verdicts": verdict_table(found),
        "zeroFilled": _zero_filled_table(found),
        "relative": _relative_table(found),
        "absent": _figure_table({n: r for n, r in found.items() if r[0]["absent"]}, ABSENT),
        "subsetTable": _subset_table(found, "zeroFilled"),
        "absentSubsets": _subset_table({n: r for n, r in found.items() if r[0]["absent"]}, "absent"),
        "router": _router_table(found),
        "ownRouter": _router_table({MLE_SAM: found[MLE_SAM]}),
        "startTable": _start_table(found),
    }


def verdict_table(found: Runs) -> str:
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
            _giga(runs[0].get("forwardOperations")),
            str(len(runs)),
        ]
        for name, runs in found.items()
    ]
    costs = ["trained parameters", "GFLOPs a frame"]
    return markdown_table(["variant", *figures, *costs, "seeds"], rows)


def _giga(operations: int | None) -> str:
    return "not counted" if operations is None else f"{operations / 1e9:.2f}"


def _relative_table(found: Runs) -> str:
    """MLE-SAM ahead of each counterpart, in points and as a share of it, as the abstract counts."""
    rows = []
    for name, runs in found.items():
        if VARIANTS[name].is_ours:
            continue
        cells = [VARIANTS[name].text]
        for figure in ("all four", "EMM Avg", "E 0.1"):
            ours, theirs = (mean(FIGURES[figure](run) for run in group) for group in (found[MLE_SAM], runs))
            cells.append(f"{ours - theirs:+.1f} ({100 * (ours / theirs - 1):+.1f} %)")
        rows.append(cells)
    return markdown_table(["MLE-SAM against", "all four", "EMM Avg", "E 0.1"], rows)


def _subset_table(found: Runs, protocol: str) -> str:
    subsets = list(next(iter(found.values()))[0][protocol]["subsets"])
    rows = [
        [subset, *(_mean([run[protocol]["subsets"][subset] for run in runs]) for runs in found.values())]
        for subset in subsets
    ]
    return markdown_table(["modalities kept", *found], rows)


def _router_table(found: Runs) -> str:
    """Rows: clean, each sensor and failure. Columns: own, constant, uniform of each variant with a router."""
    with_router = {name: runs for name, runs in found.items() if runs[0]["router"] is not None}
    rows = []
    for index, trial in enumerate(with_router[MLE_SAM][0]["router"]["trials"]):
        cells = [trial["modality"] or "none", trial["failure"]]
        for runs in with_router.values():
            cells += [_mean([run["router"]["trials"][index][kind] for run in runs]) for kind in WEIGHTS]
        rows.append(cells)
    cells = ["each in turn", "mean of all spoilt"]
    for runs in with_router.values():
        cells += [_mean([routed(run, kind, True) for run in runs]) for kind in WEIGHTS]
    rows.append(cells)
    header = ["sensor", "spoilt by", *(f"{name}: {kind}" for name in with_router for kind in WEIGHTS)]
    return markdown_table(header, rows)


def _start_table(found: Runs) -> str:
    rows = [
        [
            VARIANTS[name].text,
            VARIANTS[name].begins_as,
            "yes" if VARIANTS[name].has_absence else "no",
            "yes" if VARIANTS[name].has_spoiling else "no",
            _mean([run["trainSeconds"] for run in runs]),
            _mean([run["trainProcessSeconds"] for run in runs])
            if "trainProcessSeconds" in runs[0]
            else "not kept",
            " → ".join(f"{loss:.2f}" for loss in runs[0]["loss"]),
        ]
        for name, runs in found.items()
    ]
    header = ["variant", "begins as", "with absence", "with failures", "seconds of training"]
    header += ["seconds of processor", "loss, first → last steps"]
    return markdown_table(header, rows)


def _spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def _mean(values: list[float]) -> str:
    return f"{mean(values):.1f}"
