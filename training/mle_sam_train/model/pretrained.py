"""Published SAM 2 weights as the base: from a hub name, a local folder, or an original `.pt` file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import Sam2Model

from ..errors import InputError, first_line
from .mle_sam import MleSam
from .sam_names import from_original

VISION, DECODER = "vision_encoder.", "mask_decoder."
FIRST_MASK = "output_hypernetworks_mlps.0."
"""SAM's MLP for the first of its mask tokens, the one that stands for a whole object's single mask."""


def load_pretrained(model: MleSam, source: str) -> int:
    """Copy SAM 2's trunk and neck into the base of `model`, and of its mask decoder whatever fits.

    Args:
        source: `facebook/sam2.1-hiera-...`, a folder of `save_pretrained`, or an original `sam2.1_*.pt`.

    Returns:
        How many tensors of the mask decoder were reused; trunk and neck always fit whole or are refused.
    """
    tensors = read_sam(source)
    vision = {name.removeprefix(VISION): t for name, t in tensors.items() if name.startswith(VISION)}
    own = dict(model.base_parameters())
    for name in sorted(own.keys() | vision.keys()):
        expected, received = (tuple(side[name].shape) if name in side else None for side in (own, vision))
        if expected != received:
            raise InputError(
                f"Expected shape {expected} for {name} but received {received} from {source}; "
                "set model.base to the sizes of that SAM 2."
            )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(vision[name])
    return _reuse_decoder(model, tensors)


def read_sam(source: str) -> dict[str, Tensor]:
    """Weights of SAM 2 under the names of transformers' `Sam2Model`."""
    path = Path(source)
    if path.suffix in (".pt", ".pth"):
        return _read_original(path)
    try:
        return Sam2Model.from_pretrained(source).state_dict()
    except (OSError, ValueError, RuntimeError) as error:
        reason = first_line(error)
        raise InputError(
            f"Expected a SAM 2 at {source!r} (hub name, folder or .pt file) but could not load it: {reason}"
        ) from error


def _read_original(path: Path) -> dict[str, Tensor]:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load's errors share no base class
        reason = first_line(error)
        raise InputError(
            f"Expected an original SAM 2 checkpoint at {path} but could not read it: {reason}"
        ) from error
    tensors = stored.get("model", stored) if isinstance(stored, dict) else {}
    converted = from_original({name: t for name, t in tensors.items() if isinstance(t, Tensor)})
    if not any(name.startswith(VISION) for name in converted):
        raise InputError(
            f"Expected weights under image_encoder.* in {path} but received {sorted(tensors)[:3]}."
        )
    return converted


def _reuse_decoder(model: MleSam, tensors: dict[str, Tensor]) -> int:
    """Start the class decoder from SAM's mask decoder, where name and shape fit.

    All classes start from the token and hypernetwork of SAM's first mask, which are shared here. SAM adds two
    constants to an image without prompt and memory; their sum starts our one.
    """
    offered = {name.removeprefix(DECODER): t for name, t in tensors.items() if name.startswith(DECODER)}
    for name in [name for name in offered if name.startswith(FIRST_MASK)]:
        offered[f"output_hypernetwork.{name.removeprefix(FIRST_MASK)}"] = offered[name]
    constant = [tensors.get("prompt_encoder.no_mask_embed.weight"), tensors.get("no_memory_embedding")]
    if all(part is not None for part in constant):
        offered["no_mask_embed.weight"] = constant[0] + constant[1].reshape(1, -1)
    if "shared_image_embedding.positional_embedding" in tensors:
        offered["shared_embedding.positional_embedding"] = tensors[
            "shared_image_embedding.positional_embedding"
        ]
    own = model.decoder.state_dict()
    fitting = {name: t for name, t in offered.items() if name in own and own[name].shape == t.shape}
    model.decoder.load_state_dict({**own, **fitting})
    tokens = offered.get("mask_tokens.weight")
    with torch.no_grad():
        classes = model.decoder.class_tokens.weight
        if tokens is not None and tokens.shape[1] == classes.shape[1]:
            classes.mul_(float(tokens.std())).add_(tokens[0])
        if model.decoder.subpixel == 1:  # an added layer that must not disturb what was learned
            nn.init.dirac_(model.decoder.refine.weight)
            nn.init.zeros_(model.decoder.refine.bias)
    return len(fitting)
