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

    folds_shares = True
    """Whether what each head counts for in the sum is multiplied into its weights."""

    def __init__(self, model: MleSam) -> None:
        super().__init__()
        self.config = model.config.model.head
        self.router, self.decoder, self.auxiliary = model.router, model.decoder, model.auxiliary
        decoder, subpixels = model.decoder, model.decoder.subpixel**2
        self.classes, self.channels = decoder.class_tokens.num_embeddings, decoder.refine.in_channels
        self.factor = FINEST_STRIDE // decoder.subpixel
        self.shares = self._shares(model)
        of_decoder, of_auxiliary = self.shares if self.folds_shares else (1.0, 1.0)
        with torch.no_grad():
            refine = decoder.refine.weight.reshape(self.channels, -1) * of_decoder
            refine_bias = decoder.refine.bias.reshape(self.channels, subpixels) * of_decoder
            bias = (decoder.class_bias * of_decoder).repeat_interleave(subpixels)
            if self.auxiliary is not None:
                self.register_buffer("classify", self.auxiliary.classify.weight[:, :, 0, 0] * of_auxiliary)
                auxiliary_bias = self.auxiliary.classify.bias * of_auxiliary
                if self.folds_shares:
                    bias = bias + auxiliary_bias
                else:
                    self.register_buffer("auxiliary_bias", auxiliary_bias[:, None].clone())
        self.register_buffer("refine", refine.clone())
        self.register_buffer("refine_bias", refine_bias.clone())
        self.register_buffer("bias", bias.clone())
        self.register_buffer("ones", torch.ones(1, self.classes))

    def _shares(self, model: MleSam) -> tuple[float, float]:
        """What decoder and auxiliary head count for in the logits that are upsampled, over its gains."""
        share = 1 / gain(self.factor) ** 2  # upsampling multiplies by its gain along each side
        if self.auxiliary is not None and self.config.join == "mean":
            return share / 2, share / 2
        return share, share * float(model.join.detach())

    def forward(
        self, features_0: Tensor, features_1: Tensor, features_2: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fuse, classify, upsample, take the best class and its probability (255 = certain)."""
        routing, decoder, auxiliary = self._heads((features_0, features_1, features_2))
        return self._answer(decoder if auxiliary is None else decoder + auxiliary, routing)

    def _heads(self, features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor | None]:
        """Routing weights `[1, levels, M]`, and each head's logits `[classes * subpixel ** 2, h, w]`."""
        present = torch.ones_like(features[0][:, 0, 0, 0], dtype=torch.bool).unsqueeze(0)
        routing = self.router([level.unsqueeze(0) for level in features], present)
        unified = mean_weights(present)
        branches = {"routed": [routing[0, i] for i in range(len(features))], "mean": [unified[0]] * 3}
        branches["both"] = [(r + unified[0]) / 2 for r in branches["routed"]]
        image, kernels = self.decoder.embed(_weigh(features, branches[self.config.decoder_branch]))
        side = self.decoder.refine.kernel_size[0]
        weight = (kernels[0] @ self.refine).reshape(-1, self.channels, side, side)
        bias = (kernels[0] @ self.refine_bias).flatten() + self.bias
        decoder = F.conv2d(image, weight, bias, padding=side // 2)[0]
        if self.auxiliary is None:
            return routing, decoder, None
        embedded = self.auxiliary.embed(_weigh(features, branches[self.config.auxiliary_branch]))
        auxiliary = self.classify @ embedded[0].flatten(1)
        if not self.folds_shares:
            auxiliary = auxiliary + self.auxiliary_bias
        return routing, decoder, auxiliary.reshape(decoder.shape)

    def _answer(self, logits: Tensor, routing: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, confidence and routing of both heads' joined logits `[classes * subpixel ** 2, h, w]`."""
        step = self.decoder.subpixel
        logits = logits.reshape(self.classes, step, step, *logits.shape[1:])
        planes = upsample_columns(upsample_rows(logits, self.factor), self.factor)
        labels, best = best_class(planes)
        # exp(best) / sum(exp) without materialising every class's probability
        exponentials = (planes - best).exp().reshape(self.classes, -1)
        confidence = (255 / (self.ones @ exponentials).reshape(best.shape)).round()
        return weave(labels).to(torch.uint8), weave(confidence).to(torch.uint8), routing[0]


class ServingLogitsHead(ServingHead):
    """Also hands out each head's logits float32 `[classes, h', w']`, as they are before they are joined."""

    folds_shares = False

    def forward(self, features_0: Tensor, features_1: Tensor, features_2: Tensor) -> tuple[Tensor, ...]:
        """As `ServingHead`, then the logits of SAM's decoder and of the auxiliary head, if there is one."""
        routing, decoder, auxiliary = self._heads((features_0, features_1, features_2))
        of_decoder, of_auxiliary = self.shares
        joined = decoder * of_decoder
        if auxiliary is not None:
            joined = joined + auxiliary * of_auxiliary
        heads = [head for head in (decoder, auxiliary) if head is not None]
        subpixels = (F.pixel_shuffle(head[None], self.decoder.subpixel)[0] for head in heads)
        return (*self._answer(joined, routing), *subpixels)


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
