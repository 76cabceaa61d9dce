"""The head as it is served: what is linear is multiplied out before it meets the pixels.

What differs from `MleSam.decode` and `full_size`, all of it equal up to rounding:

- each class's kernel is multiplied into the last 3 x 3 convolution, whose output channels then are classes;
- both heads are added before subpixels are woven in, and upsampling leaves them apart too (see `phases`);
- labels come from comparing class after class, the sum of exponentials from one matrix product.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..model import MleSam
from ..model.router import mean_weights
from .phases import gain, upsample_columns, upsample_rows, weave

FINEST_STRIDE = 4
"""Pixels of the image along each side of one of the finest level's."""


def can_serve(model: MleSam) -> bool:
    """Whether the subpixels of the logits divide the finest level's stride, so that phases are whole."""
    return FINEST_STRIDE % model.decoder.subpixel == 0


class ServingHead(nn.Module):
    """features_0..2 -> labels uint8 `[H, W]`, confidence uint8 `[H, W]`, routing float32 `[levels, M]`."""

    def __init__(self, model: MleSam) -> None:
        super().__init__()
        self.config = model.config.model.head
        self.router, self.decoder, self.auxiliary = model.router, model.decoder, model.auxiliary
        decoder, subpixels = model.decoder, model.decoder.subpixel**2
        self.classes, self.channels = decoder.class_tokens.num_embeddings, decoder.refine.in_channels
        self.factor = FINEST_STRIDE // decoder.subpixel
        # Upsampling multiplies by its gain along each side.
        share = 1 / gain(self.factor) ** 2
        is_mean = self.auxiliary is not None and self.config.join == "mean"
        of_decoder = share / 2 if is_mean else share
        with torch.no_grad():
            of_auxiliary = share / 2 if is_mean else share * model.join
            refine = decoder.refine.weight.reshape(self.channels, -1) * of_decoder
            refine_bias = decoder.refine.bias.reshape(self.channels, subpixels) * of_decoder
            bias = (decoder.class_bias * of_decoder).repeat_interleave(subpixels)
            if self.auxiliary is not None:
                bias = bias + self.auxiliary.classify.bias * of_auxiliary
                self.register_buffer("classify", self.auxiliary.classify.weight[:, :, 0, 0] * of_auxiliary)
        self.register_buffer("refine", refine.clone())
        self.register_buffer("refine_bias", refine_bias.clone())
        self.register_buffer("bias", bias.clone())
        self.register_buffer("ones", torch.ones(1, self.classes))

    def forward(
        self, features_0: Tensor, features_1: Tensor, features_2: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fuse, classify, upsample, take the best class and its probability (255 = certain)."""
        features = (features_0, features_1, features_2)
        present = torch.ones_like(features_0[:, 0, 0, 0], dtype=torch.bool).unsqueeze(0)
        routing = self.router([level.unsqueeze(0) for level in features], present)
        logits = self._logits(features, routing, mean_weights(present))
        planes = upsample_columns(upsample_rows(logits, self.factor), self.factor)
        labels, best = best_class(planes)
        # exp(best) / sum(exp) without materialising every class's probability
        exponentials = (planes - best).exp().reshape(self.classes, -1)
        confidence = (255 / (self.ones @ exponentials).reshape(best.shape)).round()
        return weave(labels).to(torch.uint8), weave(confidence).to(torch.uint8), routing[0]

    def _logits(self, features: tuple[Tensor, ...], routing: Tensor, unified: Tensor) -> Tensor:
        """Both heads' joined logits `[classes, subpixel, subpixel, h, w]`, over the upsampling's gains."""
        branches = {"routed": [routing[0, i] for i in range(len(features))], "mean": [unified[0]] * 3}
        branches["both"] = [(r + unified[0]) / 2 for r in branches["routed"]]
        image, kernels = self.decoder.embed(_weigh(features, branches[self.config.decoder_branch]))
        side = self.decoder.refine.kernel_size[0]
        weight = (kernels[0] @ self.refine).reshape(-1, self.channels, side, side)
        bias = (kernels[0] @ self.refine_bias).flatten() + self.bias
        logits = F.conv2d(image, weight, bias, padding=side // 2)[0]
        if self.auxiliary is not None:
            embedded = self.auxiliary.embed(_weigh(features, branches[self.config.auxiliary_branch]))
            logits = logits + (self.classify @ embedded[0].flatten(1)).reshape(logits.shape)
        step = self.decoder.subpixel
        return logits.reshape(self.classes, step, step, *logits.shape[1:])


def _weigh(features: tuple[Tensor, ...], weights: list[Tensor]) -> list[Tensor]:
    """Weighted sums over modalities: levels `[M, C, h, w]` by `[M]` to `[1, C, h, w]`."""
    return [
        (weight.to(level.dtype)[None] @ level.flatten(1)).reshape(1, *level.shape[1:])
        for level, weight in zip(features, weights, strict=True)
    ]


def best_class(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The index of the largest of `[classes, ...]`, the first of equals, and the largest itself.

    ONNX Runtime's ArgMax goes through memory in strides; a comparison a class takes half the time. The index
    is a float, since TensorRT knows bytes as inputs and outputs only.
    """
    classes = scores.unbind(0)
    best, index = classes[0], torch.zeros(())
    for number, score in enumerate(classes[1:], start=1):
        index = torch.where(score > best, float(number), index)
        best = torch.maximum(score, best)
    return index, best
