"""What must be as it was for a run to go on: a resumed run is the one that was begun, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .config import Config, config_to_dict, load_config
from .data import DatasetInfo, content_digest, list_frames
from .data.plan import StageName
from .errors import InputError

FIXED = ("width", "height", "seed", "normalisation", "modalities", "model", "loss", "augment")
"""Of the configuration; of the stage, its batch. Rates, precision, parts, loaders and the number of processes
may change."""
DATA_FILE = "data.json"


def check_config(config: Config, folder: Path, stage: StageName, resume: bool) -> None:
    """A run goes on only when asked to, and only as what it began as."""
    if not resume:
        raise InputError(
            f"Expected a fresh run but found one in {folder}; add --resume to continue it, "
            "or choose another folder with --run."
        )
    path = folder / "config.json"
    begun, now = (_fixed(c, stage) for c in (load_config(path), config))
    for key in sorted(begun.keys() | now.keys()):
        if begun.get(key) != now.get(key):
            raise InputError(
                f"Expected {key} {begun.get(key)}, as {path} was begun with, but received {now.get(key)}; "
                "choose another folder with --run."
            )


def describe_data(info: DatasetInfo) -> dict[str, Any]:
    """What a run trains on: its root, the number of frames, a digest of their names and sizes."""
    frames = list_frames(info, "train")
    return {"root": str(info.root), "frames": len(frames), "digest": content_digest(info, frames)}


def check_data(data: dict[str, Any], folder: Path) -> None:
    """A run goes on with the frames it began with, wherever they lie now."""
    path = folder / DATA_FILE
    if not path.exists():
        return
    begun = json.loads(path.read_text())
    if begun["digest"] != data["digest"]:
        raise InputError(
            f"Expected the {_told(begun)}, which {folder} was begun with, but received the {_told(data)}; "
            "resume with the same data, or choose another folder with --run."
        )


def write_data(data: dict[str, Any], folder: Path) -> None:
    """Keep what a run trains on."""
    (folder / DATA_FILE).write_text(json.dumps(data, indent=2) + "\n")


def _told(data: dict[str, Any]) -> str:
    return f"{data['frames']} training frames of {data['root']} (digest {data['digest']})"


def _fixed(config: Config, stage: StageName) -> dict[str, Any]:
    plain = config_to_dict(config)
    return _flat({**{key: plain[key] for key in FIXED}, stage: {"batch": plain[stage]["batch"]}})


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
