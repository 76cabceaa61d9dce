"""GPU memory of a training step, worked out on tensors without contents: in seconds, on any machine."""

from __future__ import annotations

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from .config import Config
from .data.published import DELIVER_CLASSES, DELIVER_MODALITIES
from .losses import total_loss
from .model import MleSam, Rig
from .optimizer import build_optimizer
from .precision import DTYPES
from .tables import markdown_table


def measure_memory(config: Config) -> str:
    """What stage `experts` of a configuration with DELIVER's rig holds on its device, as a table.

    Activations are those that autograd keeps for the backward pass, attention written out: an upper bound for
    GPUs, whose fused attention keeps less. What libraries hold for themselves is not counted.
    """
    every = len(DELIVER_MODALITIES)
    one, all_of_them = (_kept(config, count) for count in (1, every))
    image = (all_of_them[0] - one[0]) / (every - 1)
    sample = one[0] - image
    samples = config.experts.batch // config.experts.accumulate
    rows = [
        ["weights", _gibibytes(one[1])],
        ["gradients and optimiser", _gibibytes(one[2])],
        ["activations of one image", _gibibytes(image)],
        ["activations of heads and loss, of one sample", _gibibytes(sample)],
        [
            f"a step of {samples} samples at once, all {every} modalities",
            _gibibytes(one[1] + one[2] + samples * (every * image + sample)),
        ],
    ]
    return markdown_table(
        [f"{config.name}, {config.precision}, {config.width}x{config.height}", "memory"], rows
    )


def _kept(config: Config, count: int) -> tuple[int, int, int]:
    """Bytes of activations of one sample with `count` modalities, of weights, of gradients and optimiser."""
    held: dict[int, tuple[int, Tensor]] = {}
    with FakeTensorMode():
        model = MleSam(config, Rig(DELIVER_MODALITIES, DELIVER_CLASSES))
        optimizer = build_optimizer(model, "experts", config.experts)
        everything = [*model.parameters(), *model.buffers()]
        own = {tensor.untyped_storage()._cdata for tensor in everything}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in own:
                held[storage._cdata] = (storage.nbytes(), tensor)  # held: else its number is given anew
            return tensor

        images = torch.zeros((1, len(DELIVER_MODALITIES), config.height, config.width, 3), dtype=torch.uint8)
        labels = torch.zeros((1, config.height, config.width), dtype=torch.int64)
        weights, present = torch.ones(len(DELIVER_CLASSES)), torch.zeros(images.shape[:2], dtype=torch.bool)
        places = (torch.zeros(count, dtype=torch.int64), torch.arange(count))
        dtype = DTYPES.get(config.precision, torch.float32)
        with (
            torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
            torch.autocast("cpu", dtype, enabled=config.precision in DTYPES),
        ):
            output = model(images, present, places=places)
            loss = total_loss(output, labels, config.loss, weights, (0, 0))
        del loss
        trained = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
    # A gradient, and AdamW's two moments, in single precision.
    return sum(size for size, _ in held.values()), sum(t.nbytes for t in everything), 3 * 4 * trained


def _gibibytes(size: float) -> str:
    return f"{size / 2**30:.2f} GiB"
