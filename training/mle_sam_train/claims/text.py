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

## How it was made
```sh
mle-sam-train claims --config training/configs/claims.yaml --data DATA --cache CACHE --base BASE --run RUN \\
                     --seeds {seedList} --minutes MINUTES
mle-sam-train claims --report RUN --docs docs/claims.md --card models/reference/MODEL_CARD.md
```
{machine}. Every run: {steps} steps of batch {batch} on {trainFrames} frames ({source}), seeds {seeds}.
Trunk, neck and heads start from {start}, and **all weights are trained in every variant**. The paper
freezes SAM 2; our base is small and has seen simulated cameras only, so that freezing it would handicap
whoever relies on it. Scored on {scoredFrames} frames of the split `{split}`, which no run has seen.
{missing}

{startTable}

- *With absence*: a sample keeps all sensors with the configured probability, else a random proper subset.
  Variants that can leave a sensor out meet both forms in training: in half of those samples the missing
  ones are zeros, in the others they are left out. The sensor failures of `data/degrade.py` are
  drawn alike for all variants.
- *Early fusion*: the patch embedding takes all channels. *Camera branch, fused auxiliaries*: CMNeXt's plan
  on our base; not CMNeXt itself. *Concatenated*: router and mean replaced by a 1 x 1 convolution over the
  features of all sensors.
- Of the two changes to MLE-SAM, one gives a weight to each pixel and trains the router to tell spoilt
  sensors from sound ones; the other gives each sensor a matrix of its own before the sum.

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
- Budgets are short: read differences, not levels. The reference is trained longer.
- One rig, a small Hiera. Nothing is said here about SAM 2's own weights.
- The counterparts are ours. Published numbers of other methods are in no column. """
CARD = """{heading}
{steps} steps of batch {batch} for every variant, seeds {seeds}, {scoredFrames} frames of the split
`{split}`, missing modalities zero-filled, on {machine}. {missing} These are short trainings of their own,
not the bundled weights. More: `docs/claims.md`.

{zeroFilled}

{threshold}

{verdicts}
"""


def page(about: dict[str, str], tables: dict[str, str], conclusion: str) -> str:
    """The whole of `docs/claims.md`."""
    words = {"threshold": THRESHOLD, "conclusion": conclusion}
    return PAGE.format(**tables, **about, **words)


def card_section(about: dict[str, str], zero_filled: str, verdicts: str) -> str:
    """The model card's section."""
    return CARD.format(
        **about, heading=CARD_HEADING, zeroFilled=zero_filled, verdicts=verdicts, threshold=THRESHOLD
    )
