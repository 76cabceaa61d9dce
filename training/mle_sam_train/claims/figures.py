"""What is read from the files of the runs, and how the claims are judged by it."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean
from typing import Any

from .scores import WEIGHTS
from .variants import CONCATENATION, MLE_SAM, PLAIN, VARIANTS
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
        if PLAIN in found:
            judged[f"{text} ({figure}), against training without absence or failures"] = compare(
                scores(MLE_SAM, read), {PLAIN: scores(PLAIN, read)}
            )
    read = FIGURES["all four"]
    judged["all modalities"] = compare(scores(MLE_SAM, read), {name: scores(name, read) for name in others})
    if CONCATENATION in found:
        read = ABSENT["absent Avg"]
        judged["missing modalities left out (absent Avg), against concatenation"] = compare(
            scores(MLE_SAM, read), {CONCATENATION: scores(CONCATENATION, read)}
        )
    for which, text in ((False, "clean"), (True, "one sensor spoilt")):
        own, constant, uniform = ([routed(run, name, which) for run in found[MLE_SAM]] for name in WEIGHTS)
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


def routed(run: Run, weights: str, is_spoilt: bool) -> float:
    """mIoU of a kind of weights: clean, or the mean over all spoilt trials."""
    trials = [t for t in run["router"]["trials"] if (t["modality"] is not None) == is_spoilt]
    return mean(trial[weights] for trial in trials)
