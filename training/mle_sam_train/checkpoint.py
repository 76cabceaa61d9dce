"""Checkpoints. Weights are safetensors files that carry their own configuration; training state is apart."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .config import Config, config_from_dict, config_to_dict
from .errors import InputError, first_line
from .model import MleSam, Rig

FORMAT = "mle-sam-train/1"


def save_weights(model: MleSam, path: Path, summary: dict[str, Any]) -> None:
    """Write weights, configuration, rig and a free-form training summary to `path`, atomically."""
    metadata = {
        "format": FORMAT,
        "config": json.dumps(config_to_dict(model.config)),
        "modalities": json.dumps(model.rig.modalities),
        "classes": json.dumps(model.rig.classes),
        "summary": json.dumps(summary),
    }
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata)
    temporary.replace(path)


def load_model(path: Path) -> tuple[MleSam, dict[str, Any]]:
    """Model in evaluation mode and training summary from a file of `save_weights`, or from a run folder (its
    latest stage)."""
    path = resolve_checkpoint(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise InputError(f"Expected a checkpoint at {path} but could not read it: {error}.") from error
    if metadata.get("format") != FORMAT:
        raise InputError(
            f"Expected checkpoint format {FORMAT!r} but received {metadata.get('format')!r}: {path}."
        )
    rig = Rig(tuple(json.loads(metadata["modalities"])), tuple(json.loads(metadata["classes"])))
    model = MleSam(config_from_dict(json.loads(metadata["config"])), rig)
    load_tensors(model, tensors, path)
    return model.eval(), json.loads(metadata["summary"])


def load_tensors(model: MleSam, tensors: dict[str, torch.Tensor], source: Path) -> None:
    """Copy `tensors` into `model`; names and shapes must match exactly."""
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    received = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted(expected.keys() | received.keys()):
        if expected.get(name) != received.get(name):
            raise InputError(
                f"Expected shape {expected.get(name)} for {name} but received {received.get(name)} "
                f"from {source}; the checkpoint belongs to another model size or rig."
            )
    model.load_state_dict(tensors)


def load_base(model: MleSam, path: Path) -> dict[str, Any]:
    """Copy trunk, neck and heads of a trained base into `model` and return its summary. Experts and router
    stay as they are, so the base may come from a rig with other modalities, but not with other classes."""
    trained, summary = load_model(path)
    _check_names("classes", model.rig.classes, trained.rig.classes, path)
    fresh = {name: t for name, t in model.state_dict().items() if _is_of_experts(name)}
    base = {name: t for name, t in trained.state_dict().items() if not _is_of_experts(name)}
    if model.auxiliary is None:
        base = {name: t for name, t in base.items() if not name.startswith("auxiliary.")}
    load_tensors(model, {**base, **fresh}, path)
    return summary


def load_whole(model: MleSam, path: Path) -> dict[str, Any]:
    """Copy all weights of a trained model of the same size and rig into `model` and return its summary.
    Projections that it does not have stay as they are, and so do nothing yet."""
    trained, summary = load_model(path)
    _check_names("modalities", model.rig.modalities, trained.rig.modalities, path)
    _check_names("classes", model.rig.classes, trained.rig.classes, path)
    tensors = trained.state_dict()
    if trained.projections is None:
        own = model.state_dict()
        tensors |= {name: own[name] for name in own if name.startswith("projections.")}
    load_tensors(model, tensors, path)
    return summary


def _check_names(
    what: str, own: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]], path: Path
) -> None:
    """Modalities or classes of a model and of the weights for it must be the same, in the same order."""
    expected, received = ([entry["name"] for entry in entries] for entries in (own, other))
    if expected != received:
        raise InputError(f"Expected weights for the {what} {expected} but received {received}: {path}.")


def _is_of_experts(name: str) -> bool:
    return ".expert_" in name or name.startswith(("router.", "projections."))


def resolve_checkpoint(path: Path) -> Path:
    """A file itself; for a run folder the weights of its latest stage."""
    if not path.is_dir():
        return path
    for stage in ("experts", "base"):
        candidate = path / stage / "model.safetensors"
        if candidate.exists():
            return candidate
    raise InputError(f"Expected a checkpoint file or a run folder but found no trained stage in {path}.")


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a training state atomically: a kill at any moment leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_state(path: Path) -> dict[str, Any]:
    """Read a training state."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load's errors share no base class
        reason = first_line(error)
        raise InputError(f"Expected a training state at {path} but could not read it: {reason}") from error


def write_config(config: Config, path: Path) -> None:
    """Write the configuration of a run as JSON (which is YAML), atomically: a run that goes on reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(config_to_dict(config), indent=2) + "\n")
    temporary.replace(path)
