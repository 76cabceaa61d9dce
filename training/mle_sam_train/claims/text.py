"""The words around the tables of the comparison."""

from __future__ import annotations

from .verdict import THRESHOLD

CARD_HEADING = "## Against other ways to fuse"
PAGE = """# The claim, against fair counterparts

<!-- Written by `mle-sam-train claims --report`; do not edit. -->

The paper (arXiv 2412.04220) says that MLE-SAM is better than others, above all where modalities are
missing: its abstract states 32.15 % there. Its code and weights are not published, so its numbers cannot be
made again. We ask whether the claim holds **in kind**: MLE-SAM and counterparts that a good engineer would
try first, with the same base, data, steps, batch and augmentation.

## The answer
{threshold}
This was fixed before the runs, in `training/mle_sam_train/claims/verdict.py`.

{verdicts}

{conclusion}

How far MLE-SAM is ahead of each counterpart alone, zero-filled, in points of mIoU and as a share of the
counterpart's score, as the abstract counts:

{relative}

{reading}
## How it was made
{commands}

{machine}. Every run: {steps} steps of batch {batch} on {trainFrames} frames ({source}), seeds: {seeds}.
Trunk, neck and heads start from {start}, and **all weights are trained in every variant**. The paper
freezes SAM 2; our base is small and has seen simulated cameras only, so that freezing it would handicap
whoever relies on it. Scored on {scoredFrames} frames of the split `{split}`, whose worlds no run has seen.
{missing}

{startTable}

- *With absence*: a sample keeps all sensors with the configured probability, else a random proper subset.
  Variants that can leave a sensor out meet both forms in training: in half of those samples the missing
  ones are zeros, in the others they are left out.
- *With failures*: the sensor failures of `data/degrade.py` (blackout, noise, lost sectors and so on) are
  drawn alike for all variants that meet them. A blackout of depth, events or LiDAR is zeros after
  normalisation: who meets failures meets some absence, too. Published counterparts are usually trained
  with neither.
- *Early fusion*: the patch embedding takes all channels. *Camera branch, fused auxiliaries*: CMNeXt's plan
  on our base; not CMNeXt itself. *Concatenated*: router and mean replaced by a 1 x 1 convolution over the
  features of all sensors.
{changes}- *GFLOPs a frame*: additions and multiplications of products and convolutions, for one frame with
  all sensors. Variants with an encoder pass for each sensor cost more, in training as on the robot; steps and
  samples are equal here, not operations.

## Zero-filled, all variants
A missing modality is zeros after normalisation (arXiv 2503.18445). mIoU in percent, mean ± deviation over
the seeds. EMM Avg: mean over the {subsets} non-empty subsets. E p: expectation where each modality is
missing with probability p.

{zeroFilled}

## Absent, where a variant can leave a modality out
What the node does. Not to be compared with the columns above.

{absent}

## Subset by subset
Zero-filled, mean over the seeds:

{subsetTable}

Absent, mean over the seeds:

{absentSubsets}

## What the router's own weights are worth
All sensors present; one of them spoilt in every frame by a failure that training draws. *own*: the router's
weights; *constant*: their mean over the clean frames, whatever is seen; *uniform*: equal weights. The
branch of the plain mean is the same in all three. mIoU in percent, mean over the seeds.

{router}

## What this does not show
- Budgets are short: read differences, not levels, and take them for how soon a way to fuse learns. The
  reference, MLE-SAM trained for longer, is far above all of them; which variant is ahead there is not known.
- The variants without absence learn from whole sets alone, which is where they are then best.
- One rig, a small Hiera. Nothing is said here about SAM 2's own weights.
- The spread is over training seeds alone. All variants are scored on the same frames, so that differences
  suffer less from the choice of frames than the scores do, but {scoredFrames} frames are few.
- Channels that the base does not have begin at zero in the joint variants. A longer training may bring them
  nearer.
- The counterparts are ours. Published numbers of other methods are in no column.
"""
CARD = """{heading}
{steps} steps of batch {batch} for every variant, seeds: {seeds}, {scoredFrames} frames of the split
`{split}`, missing modalities zero-filled, on {machine}. {missing} These are short trainings of their own,
not the bundled weights. More: `docs/claims.md`.

{zeroFilled}

{relative}

{threshold}

{verdicts}

Zero-filled, subset by subset, mean over the seeds:

{subsetTable}

The router's own weights against their mean over clean frames (constant) and equal ones (uniform), all sensors
present, one of them spoilt:

{ownRouter}
"""


def page(about: dict[str, str], tables: dict[str, str], conclusion: str, reading: str) -> str:
    """The whole of `docs/claims.md`."""
    words = {"threshold": THRESHOLD, "conclusion": conclusion, "reading": reading}
    return PAGE.format(**tables, **about, **words)


def card_section(about: dict[str, str], tables: dict[str, str]) -> str:
    """The model card's section."""
    return CARD.format(**about, **tables, heading=CARD_HEADING, threshold=THRESHOLD)
