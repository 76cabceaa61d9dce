"""What is compared: each variant's model, its training data, and what it starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..checkpoint import load_base
from ..config import Config
from ..errors import InputError
from ..model.mle_sam import Rig
from ..optimizer import trainable_parameters
from .joint import CameraFused, EarlyFusion, JointEncoder
from .separate import Concatenated, PixelRouted, SeparateEncoders

Contender = SeparateEncoders | JointEncoder
MLE_SAM, CONCATENATION, PLAIN = "mle-sam", "concatenation", "early-fusion-plain"


@dataclass(frozen=True)
class Variant:
    """A row of the table."""

    text: str
    model: type[Contender]
    begins_as: str
    """What the weights that the base does not have are at the start."""
    has_absence: bool = True
    has_spoiling: bool = True
    """Whether it meets sensor failures in training."""
    has_projection: bool = False
    """Whether each modality has projections of its own; the configuration's are not used."""
    is_ours: bool = False
    """MLE-SAM or a change to it, and so no counterpart."""
    is_extra: bool = False
    """Made after all seeds of the others: where time ends early, the comparison itself is whole."""
    change: str = ""
    """Of a change to MLE-SAM, what it changes."""


VARIANTS: dict[str, Variant] = {
    MLE_SAM: Variant("MLE-SAM", SeparateEncoders, "the base for every sensor, equal weights", is_ours=True),
    "early-fusion-absence": Variant(
        "early fusion, with absence", EarlyFusion, "the base on the camera, other channels 0"
    ),
    "early-fusion": Variant(
        "early fusion, without absence",
        EarlyFusion,
        "the base on the camera, other channels 0",
        has_absence=False,
    ),
    PLAIN: Variant(
        "early fusion, without absence or failures",
        EarlyFusion,
        "the base on the camera, other channels 0",
        has_absence=False,
        has_spoiling=False,
        is_extra=True,
    ),
    CONCATENATION: Variant(
        "MLE-SAM's encoders, concatenated", Concatenated, "the base for every sensor, their mean"
    ),
    "camera-fused": Variant(
        "camera branch, fused auxiliaries", CameraFused, "the base on the camera, nothing added"
    ),
    "mle-sam-pixel": Variant(
        "MLE-SAM, weights per pixel, told what is spoilt",
        PixelRouted,
        "the base for every sensor, equal weights",
        is_ours=True,
        is_extra=True,
        change="a weight for each pixel, and the router is trained to tell spoilt sensors from sound ones.",
    ),
    "mle-sam-projected": Variant(
        "MLE-SAM, a projection for each sensor",
        SeparateEncoders,
        "the base for every sensor, equal weights",
        has_projection=True,
        is_ours=True,
        is_extra=True,
        change="each sensor has a matrix of its own before the sum, as concatenation has.",
    ),
}


def checked_variants(names: list[str] | None) -> list[str]:
    """All, or those named."""
    unknown = [name for name in names or [] if name not in VARIANTS]
    if unknown:
        raise InputError(f"Expected variants among {list(VARIANTS)} but received {unknown[0]!r}.")
    return list(names or VARIANTS)


def variant_config(config: Config, name: str, seed: int) -> Config:
    """`config` as a variant is trained: every weight, on the same samples but for absence and failures."""
    augment = config.augment
    if not VARIANTS[name].has_absence:
        augment = replace(augment, full_set_probability=1.0, subset_shares=())
    if not VARIANTS[name].has_spoiling:
        augment = replace(augment, degrade_probability=0.0)
    experts = replace(config.experts, trainable="all", data="device", average=0.0)
    projection = "per-modality" if VARIANTS[name].has_projection else "none"
    model = replace(config.model, projection=projection)
    return replace(config, seed=seed, model=model, augment=augment, experts=experts)


def build_variant(
    config: Config, name: str, rig: Rig, base: Path | None, modalities: tuple[dict, ...]
) -> Contender:
    """A variant before training.

    Args:
        base: trunk, neck and heads to start from; random when None.
        modalities: the rig's, with the statistics inputs are normalised by.
    """
    torch.manual_seed(config.seed)
    model = VARIANTS[name].model(config, rig)
    if base is not None:
        load_base(model, base)
    model.normalise_as(modalities)
    model.extend()
    return model


def forward_operations(model: Contender) -> int:
    """Multiplications and additions for one frame with all sensors, as PyTorch counts them: products and
    convolutions, nothing else."""
    config, count = model.config, len(model.rig.modalities)
    device = model.pixel_gain.device
    images = torch.zeros(1, count, config.height, config.width, 3, dtype=torch.uint8, device=device)
    present = torch.ones(1, count, dtype=torch.bool)
    with FlopCounterMode(display=False) as counter:
        model(images, present, torch.zeros_like(present))
    return counter.get_total_flops()


def trained_count(model: Contender) -> int:
    """Parameters that training changes."""
    groups = trainable_parameters(model, model.trained_stage)
    return sum(p.numel() for group in groups.values() for _, p in group)
