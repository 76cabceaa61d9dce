"""The model card, filled from the run and its evaluation."""

from __future__ import annotations

from typing import Any

from .model import MleSam
from .tables import blinded_table, evaluation_table

TEMPLATE = """# Model card: {name}

{description}

**{warning}**

## What it is
MLE-SAM: a SAM 2 vision encoder as base, one LoRA expert per modality on its attention, a router that
weighs the modalities present, SAM's mask decoder with one token per class and an auxiliary multi-scale head.
{origin}

| | |
|---|---|
| input | {width} x {height} pixels, uint8 RGB order, one image per modality present |
| modalities | {modalities} |
| classes | {classes} |
| parameters | base {base:,} ({frozen}), experts {experts:,}, {others} {rest:,} |
| LoRA | rank {rank}, alpha {alpha:g}, on {targets} of every attention block |
{projection}| training data | {data} |
| training | {training} |
| ONNX against PyTorch | features within {features:.1e}, {labels:.3f} % of labels differ |

## Scores
{frames} frames of the split `{split}`, none of them seen in training. Absent protocol: a missing modality is
not run, and router and mean go over the ones present. mIoU convention: {convention}.

{tables}
{blinded}
## Limits
{limits}"""

# Of every model of this kind; a manifest's own come behind them.
LIMITS = (
    "One rig: sensors mounted elsewhere or other representations need training anew.",
    "Thin and far objects (poles, signs, people far off) are a few pixels wide at this size and often "
    "missed.",
    "The confidence is a softmax, not calibrated.",
)

BLINDED_HEADING = "## One sensor blinded"
BLINDED = """
{heading}
{frames} frames of the split `{split}` without a failure of their own. One sensor is spoilt in every frame, by
a failure of those drawn in training; the others, and the ground truth, stay. Weights are the spoilt sensor's
own, at strides 4 / 8 / 16, the mean over the frames.

{table}
"""

WARNING = "The scores below hold for the data set they were measured on, and for none other."
SIMULATED_WARNING = (
    "The scores below come from simulated scenes. They show that the machine works, are no claim about the "
    "real world, and the model must not be used to drive anything. For real data, train on it: the same code "
    "takes DELIVER's layout."
)
SMALL_BASE = (
    "The base is not Meta's checkpoint but a Hiera of the same classes, small enough to train on a CPU."
)

PROJECTION = (
    "| projections | a matrix for each modality and level before the router: our addition, "
    "not the paper's |\n"
)


def model_card(
    model: MleSam, manifest: dict[str, Any], report: dict[str, Any], parity: dict[str, float]
) -> str:
    """Markdown text."""
    base = sum(p.numel() for _, p in model.base_parameters())
    experts = sum(p.numel() for _, p in model.expert_parameters())
    lora = model.config.model.lora
    stages = manifest["training"].get("stages", [])
    pretrained = model.config.model.base.pretrained
    stages = [stage for stage in stages if "steps" in stage]
    return TEMPLATE.format(
        origin=SMALL_BASE if pretrained is None else f"The base is {pretrained}, unchanged.",
        name=manifest["name"],
        description=manifest["description"],
        warning=SIMULATED_WARNING if manifest["training"]["data"] == "simulated scenes" else WARNING,
        data=" ".join(filter(None, [f"{manifest['training']['data']}.", manifest["training"]["note"]])),
        width=manifest["input"]["width"],
        height=manifest["input"]["height"],
        modalities=", ".join(f"{m['name']} ({m['representation']['kind']})" for m in manifest["modalities"]),
        classes=", ".join(c["name"] for c in manifest["classes"]),
        base=base,
        frozen="trained on in stage two"
        if pretrained is None and model.config.experts.trainable == "all"
        else "frozen in stage two",
        experts=experts,
        rest=sum(p.numel() for p in model.parameters()) - base - experts,
        others="router and heads" if model.projections is None else "projections, router and heads",
        projection="" if model.projections is None else PROJECTION,
        rank=lora.rank,
        alpha=lora.alpha,
        targets=" and ".join(lora.targets),
        training="; ".join(f"{s['stage']}: {s['steps']} steps in {s['minutes']:.0f} min" for s in stages),
        features=parity["featureDifference"],
        labels=100 * parity["labelDifference"],
        frames=report["frames"],
        split=report["split"],
        convention=report["convention"],
        tables=evaluation_table(report),
        blinded=_blinded_section(report.get("blinded")),
        limits="".join(f"- {limit}\n" for limit in _limits(manifest)),
    )


def _limits(manifest: dict[str, Any]) -> list[str]:
    """The general ones first; whoever added lines may have named them again."""
    return list(dict.fromkeys([*LIMITS, *manifest["training"].get("limits", [])]))


def _blinded_section(report: dict[str, Any] | None) -> str:
    return (
        ""
        if report is None
        else BLINDED.format(heading=BLINDED_HEADING, **report, table=blinded_table(report))
    )
