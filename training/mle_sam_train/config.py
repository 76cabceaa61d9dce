"""Configuration of the model and of the two training stages, read from YAML into checked dataclasses."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from .errors import InputError

EXPONENT = re.compile(r"[-+]?\d+[eE][-+]?\d+")
"""What YAML 1.1 takes for a word, since it has no point: `6e-05`, as JSON writes it too."""
PrecisionName = Literal["bfloat16", "float16", "float32"]


@dataclass(frozen=True)
class BaseConfig:
    """The Hiera trunk and its FPN neck, in the terms of transformers' `Sam2HieraDetConfig`.

    The sizes are given per stage, fine to coarse. Two traps: a global attention block must not be the first
    block of a stage (transformers divides by its window size there), and `pos_embed` starts at zero.
    """

    width: int = 32
    blocks: tuple[int, ...] = (1, 2, 3, 1)
    heads: tuple[int, ...] = (1, 2, 4, 8)
    windows: tuple[int, ...] = (8, 8, 12, 6)
    global_blocks: tuple[int, ...] = (4, 5)
    position_background: tuple[int, int] = (6, 10)
    fpn_channels: int = 64
    fpn_top_down: tuple[int, ...] = (0, 1, 2, 3)
    """Levels that receive the coarser level; SAM 2 itself uses (2, 3)."""
    pretrained: str | None = None
    """Published SAM 2 weights to start from: hub name, local folder or original `.pt` file. Such a base is
    never trained, so a run has the stage `experts` alone."""


@dataclass(frozen=True)
class LoraConfig:
    """One expert per modality: low-rank additions to the projections named in `targets`."""

    rank: int = 16
    alpha: float = 16.0
    targets: tuple[Literal["q", "k", "v"], ...] = ("q", "v")
    dropout: float = 0.0
    """Of an expert's input, in training."""
    stages: tuple[int, ...] = (0, 1, 2, 3)
    """Stages of the trunk whose attention blocks have experts. A stage transition belongs to the coarser."""
    sharing: Literal["per-modality", "one"] = "per-modality"
    """`one`: all modalities use the same expert, to measure what one each is worth."""


@dataclass(frozen=True)
class RouterConfig:
    """Weights per image and level: softmax over present modalities of `scale * sigmoid(linear(pooled))`."""

    pool: Literal["mean", "mean-std"] = "mean-std"
    """`mean` is the published form; the deviation lets the router see that an image is empty."""
    scale: Literal["one", "learned"] = "learned"
    """With scale one, a sigmoid bounds the ratio of two weights to e; a learned scale lifts that bound."""
    initial_scale: float = 2.0
    top_k: int | None = None


@dataclass(frozen=True)
class HeadConfig:
    """SAM mask decoder (one token per class) on one branch, multi-scale convolution head on the other.

    A branch is made of the routed features, of their plain mean, or of half the sum of both.
    """

    decoder_branch: Literal["routed", "mean", "both"] = "routed"
    auxiliary_branch: Literal["routed", "mean", "both", "none"] = "mean"
    join: Literal["learned", "sum", "mean"] = "learned"
    """Joined logits: decoder + s * auxiliary with a learned s, with s = 1, or the mean of both."""
    layers: int = 2
    heads: int = 4
    mlp_channels: int = 256
    upscale_channels: tuple[int, int] = (32, 32)
    """Channels after the first and second upscaling; SAM 2 itself uses C/4 and C/8."""
    subpixel: int = 2
    """Logits are produced at stride 4 / subpixel (SAM: 1), then upsampled bilinearly."""


@dataclass(frozen=True)
class ModelConfig:
    """All of MLE-SAM."""

    base: BaseConfig = field(default_factory=BaseConfig)
    lora: LoraConfig = field(default_factory=LoraConfig)
    projection: Literal["none", "per-modality"] = "none"
    """`per-modality`: a matrix for each modality and level between encoder and router, so that features fit
    each other before they are added. Our addition; `docs/claims.md` says what it is worth."""
    router: RouterConfig = field(default_factory=RouterConfig)
    head: HeadConfig = field(default_factory=HeadConfig)


@dataclass(frozen=True)
class LossConfig:
    """OHEM cross-entropy on each head and on their sum, plus soft Dice on the sum."""

    ohem_threshold: float = 0.7
    ohem_min_fraction: float = 1 / 16
    head_weight: float = 0.4
    resolution: Literal["grid", "full"] = "grid"
    """Where the sum of the heads is judged: on the logits' own grid, or upsampled to every label pixel, as it
    is scored; for GPUs."""
    dice_weight: float = 0.5
    class_weight_power: float = 0.3
    """Weight of a class = (median frequency / its frequency) ** power, clipped to [0.5, 3]."""


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes to training samples. Geometry is shared by all modalities of a sample and its label."""

    flip: float = 0.5
    zoom_probability: float = 0.6
    zoom_min: float = 0.6
    """Smallest side of the crop that is enlarged to the full size, as a fraction."""
    colour_probability: float = 0.6
    rare_probability: float = 0.5
    """Share of samples drawn for a class at random, among frames that show it, instead of in order."""
    rare_power: float = 0.5
    """How much rarer classes are preferred then: a class's chance is its share of the pixels to minus this;
    with 0 all are alike. A frame's chance is the root of its pixels of that class."""
    focus_probability: float = 0.0
    """Share of those samples that are cut out around a pixel of the class: small things are seen large."""
    focus_min: float = 0.35
    """Smallest side of that cut-out, as a fraction."""
    full_set_probability: float = 0.4
    """Experts only: share of samples that keep every modality; the others draw a proper subset uniformly."""
    subset_shares: tuple[float, ...] = ()
    """Experts only, instead of `full_set_probability`: shares of samples that keep one, two, ... all
    modalities. Every batch then has the same number of images, as a CUDA graph needs."""
    first_alone: float = 0.4
    """With `subset_shares`: of samples with one modality, the share that keeps the first, the camera."""
    appearance_probability: float = 0.0
    """Where the device augments: share of samples whose camera image is painted anew: classes in other
    colours, exposure, white balance, gamma, blur, blocks, patches left out. For transfer to other cameras."""
    sensor_probability: float = 0.0
    """Where the device augments: share of samples whose other sensors lose rows and patches, or scale."""
    degrade_probability: float = 0.35
    """Experts only: share of samples in which one to all-but-one of the present modalities are spoilt."""


@dataclass(frozen=True)
class StageConfig:
    """One training stage."""

    batch: int = 8
    """Samples of an update, over all processes."""
    accumulate: int = 1
    """Parts a process's share of the batch is cut into, to fit into memory; their gradients are averaged.
    Which pixels are hard, and Dice, are then judged part by part."""
    learning_rate: float = 1e-3
    lora_learning_rate: float = 2e-3
    weight_decay: float = 0.05
    trainable: Literal["experts", "all"] = "experts"
    """Stage `experts` only: `all` also trains trunk and neck, to measure what freezing them costs."""
    warmup: float = 0.03
    """Fraction of the budget."""
    power: float = 0.9
    clip: float = 1.0
    minutes: float | None = None
    steps: int | None = None
    log_every: int = 20
    data: Literal["disk", "device"] = "disk"
    """Where decoded frames lie: `disk` loads a batch at a time, from where `--cache` keeps them; `device`
    holds them all in the GPU's memory and augments there."""
    workers: int = 0
    """With `data: disk`, processes that load batches ahead; 0: a thread. Their number changes no batch."""
    augmentation: Literal["auto", "loader", "device"] = "auto"
    """With `data: disk`, where frames are augmented: where they are loaded, or on the device that trains.
    `auto`: on a GPU, else by the loader. The plans are the same, the noise is not."""
    compiled: Literal["off", "on"] = "off"
    """`on`: the model runs through torch.compile, which takes minutes at first. No CUDA graph then."""
    graph: Literal["auto", "off"] = "auto"
    """On a GPU, `auto` runs a step as one CUDA graph where the batch has the same number of images each step
    (stage `base`, or `subset_shares`), and step by step where that fails."""
    average: float = 0.0
    """Decay per step of an exponential moving average of the weights, which is then what is validated and
    kept; 0: none."""
    select: Literal["last", "best"] = "last"
    """Which weights are kept: the last ones, or those that validated best."""
    validate_every_minutes: float = 10.0
    validate_frames: int = 48
    checkpoint_every_minutes: float = 3.0


@dataclass(frozen=True)
class Config:
    """A whole run."""

    name: str = "mle-sam"
    width: int = 320
    height: int = 192
    seed: int = 7
    precision: PrecisionName = "bfloat16"
    """Of activations in training; weights and their sums stay float32. float16 (on GPUs) scales gradients."""
    normalisation: Literal["divide", "statistics"] = "divide"
    """`divide`: ImageNet statistics for the camera, all else by 255 (CMNeXt). `statistics`: each modality by
    its own mean and deviation, the data set's published ones or measured on the training split."""
    modalities: tuple[str, ...] = ()
    """Of the data set, those the model gets, for rows such as R-D of a published table; empty: all."""
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    base: StageConfig = field(default_factory=StageConfig)
    experts: StageConfig = field(default_factory=lambda: StageConfig(batch=4))


def load_config(path: Path) -> Config:
    """Read a YAML file. Keys that are absent keep their defaults; unknown keys are refused."""
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"Expected a YAML configuration at {path} but could not read it: {error}") from error
    return config_from_dict(raw or {})


def config_from_dict(raw: dict[str, Any]) -> Config:
    """Build a checked `Config` from plain values."""
    return _build(Config, raw, "config")


def config_to_dict(config: Any) -> dict[str, Any]:
    """Plain values for JSON or YAML; the inverse of `config_from_dict`."""
    return {
        f.name: config_to_dict(value) if dataclasses.is_dataclass(value) else _plain(value)
        for f in dataclasses.fields(config)
        for value in [getattr(config, f.name)]
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _build(cls: type, raw: Any, name: str) -> Any:
    if not isinstance(raw, dict):
        raise InputError(f"Expected a mapping for {name} but received {raw!r}.")
    hints = get_type_hints(cls)
    known = {f.name for f in dataclasses.fields(cls)}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise InputError(f"Expected keys of {name} among {sorted(known)} but received {unknown[0]!r}.")
    return cls(**{key: _check(hints[key], value, f"{name}.{key}") for key, value in raw.items()})


def _check(hint: Any, value: Any, name: str) -> Any:
    """Convert `value` to the annotated type `hint` or raise `InputError`."""
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, name)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return (
            None if value is None else _check(next(a for a in arguments if a is not type(None)), value, name)
        )
    if origin is Literal:
        if value in arguments:
            return value
        raise InputError(f"Expected one of {list(arguments)} for {name} but received {value!r}.")
    if origin is tuple:
        if isinstance(value, (list, tuple)):
            return tuple(_check(arguments[0], item, f"{name}[{i}]") for i, item in enumerate(value))
        raise InputError(f"Expected a list for {name} but received {value!r}.")
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint is float and isinstance(value, str) and EXPONENT.fullmatch(value):
        return float(value)
    if hint in (int, str) and isinstance(value, hint) and not isinstance(value, bool):
        return value
    raise InputError(f"Expected a value of type {hint.__name__} for {name} but received {value!r}.")
