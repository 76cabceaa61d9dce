"""When a claim counts as holding here. Fixed before any run; the report states it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, stdev
from typing import Literal

RELATIVE_GAIN = 0.05
"""Least gain over the best counterpart, as a share of it, which is how the abstract states its 32.15 % for
missing modalities. A twentieth is far less than that, and more than the deviations of short runs."""
SPREADS = 2.0
"""Least difference, in deviations over the seeds (the larger of both sides')."""
LEAST_SPREAD = 0.5
"""Points of mIoU that count as the deviation at least: two or three seeds may agree by chance."""
THRESHOLD = f"""A claim **holds in kind** where the mean over the seeds is ahead of the best counterpart's by
{100 * RELATIVE_GAIN:.0f} % of it or more, and by {SPREADS:.0f} deviations over the seeds or more (the larger
of both sides', at least {LEAST_SPREAD} points). Ahead by the deviations but by less than that share:
**ahead, but less**. Within the deviations: **no difference**. Behind by them: **does not hold**."""
Verdict = Literal["holds in kind", "ahead, but less", "no difference", "does not hold"]


@dataclass(frozen=True)
class Comparison:
    """Ours against the best of several counterparts; points of mIoU."""

    ours: float
    best: str
    theirs: float
    difference: float
    relative: float
    """Of the counterpart's, as a share."""
    needed: float
    """Difference that counts, given the spread over the seeds."""
    verdict: Verdict


def compare(ours: list[float], counterparts: dict[str, list[float]]) -> Comparison:
    """Judge scores per seed; the best counterpart is the one with the highest mean."""
    best = max(counterparts, key=lambda name: mean(counterparts[name]))
    own, theirs = mean(ours), mean(counterparts[best])
    needed = SPREADS * max(LEAST_SPREAD, _deviation(ours), _deviation(counterparts[best]))
    difference = own - theirs
    relative = difference / theirs
    verdict: Verdict
    if difference <= -needed:
        verdict = "does not hold"
    elif difference < needed:
        verdict = "no difference"
    else:
        verdict = "holds in kind" if relative >= RELATIVE_GAIN else "ahead, but less"
    return Comparison(own, best, theirs, difference, relative, needed, verdict)


def _deviation(values: list[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0
