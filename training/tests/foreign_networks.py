"""Networks of other makes with random weights, exported as their users export them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class SpreadScores(nn.Module):
    """Scores of random weights hardly differ from pixel to pixel: this makes them differ by some units."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("mix", torch.randn(classes, classes))

    def forward(self, scores: Tensor) -> Tensor:
        centred = (scores - scores.mean((2, 3), keepdim=True)) / (scores.std((2, 3), keepdim=True) + 1e-6)
        return torch.einsum("ij,bjhw->bihw", self.mix, centred)


class Segformer(nn.Module):
    """SegFormer-B0 of transformers with 19 classes: logits at a quarter of the size."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.spread = SpreadScores(19)
        self.network = SegformerForSemanticSegmentation(SegformerConfig(num_labels=19)).eval()

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.spread(self.network(pixel_values=pixel_values).logits)


def _convolution(
    inputs: int, outputs: int, stride: int = 1, groups: int = 1, kernel: int = 3
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.Hardswish(),
    )


class LiteRaspp(nn.Module):
    """A network like torchvision's LR-ASPP: two strides, a gate, logits at full size, 21 classes."""

    def __init__(self, classes: int = 21, *, aux: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.aux = aux
        self.low = nn.Sequential(
            _convolution(3, 16, 2), _convolution(16, 40, 2), _convolution(40, 40, 2, groups=40)
        )
        self.high = nn.Sequential(_convolution(40, 160, 2, groups=40), _convolution(160, 160, groups=160))
        self.features = _convolution(160, 128, kernel=1)
        self.scale = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(160, 128, 1, bias=False), nn.Sigmoid())
        self.low_classifier = nn.Conv2d(40, classes, 1)
        self.high_classifier = nn.Conv2d(128, classes, 1)
        self.spread = SpreadScores(classes)
        self.eval()

    def forward(self, input: Tensor) -> dict[str, Tensor]:
        low = self.low(input)
        high = self.high(low)
        gated = self.features(high) * self.scale(high)
        size = low.shape[-2:]
        gated = functional.interpolate(gated, size=size, mode="bilinear", align_corners=False)
        scores = self.spread(self.low_classifier(low) + self.high_classifier(gated))
        full = input.shape[-2:]
        out = functional.interpolate(scores, size=full, mode="bilinear", align_corners=False)
        if not self.aux:
            return {"out": out}
        return {"out": out, "aux": functional.interpolate(scores[:, :, ::2], size=full, mode="bilinear")}


class LabelMap(nn.Module):
    """As mmsegmentation and PaddleSeg export: bytes or normalised values in, class indices out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.body = nn.Sequential(
            _convolution(3, 16, 2), _convolution(16, 24, 2), nn.Conv2d(24, 19, 1)
        ).eval()
        self.spread = SpreadScores(19)

    def forward(self, input: Tensor) -> Tensor:
        scores = self.spread(self.body(input))
        scores = functional.interpolate(scores, size=input.shape[-2:], mode="bilinear", align_corners=False)
        return scores.argmax(1, keepdim=True)


class ChannelsLast(nn.Module):
    """As exports from TensorFlow are: [N,H,W,C] in and out, and probabilities."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.body = nn.Sequential(_convolution(3, 16, 2), nn.Conv2d(16, 5, 1)).eval()
        self.spread = SpreadScores(5)

    def forward(self, image: Tensor) -> Tensor:
        scores = self.spread(self.body(image.permute(0, 3, 1, 2)))
        return scores.softmax(1).permute(0, 2, 3, 1)


class FourInputs(nn.Module):
    """In the way of CMNeXt: a stage for each sensor, the camera's beside the best of the others."""

    def __init__(self, classes: int = 25) -> None:
        super().__init__()
        torch.manual_seed(5)
        stage = lambda: nn.Sequential(_convolution(3, 16, 2), _convolution(16, 24, 2))  # noqa: E731
        self.camera = stage()
        self.others = nn.ModuleList(stage() for _ in range(3))
        self.score = nn.ModuleList(nn.Conv2d(24, 1, 1) for _ in range(3))
        self.fusion = _convolution(48, 48, groups=48)
        self.head = nn.Conv2d(48, classes, 1)
        self.spread = SpreadScores(classes)
        self.eval()

    def forward(self, rgb: Tensor, depth: Tensor, event: Tensor, lidar: Tensor) -> Tensor:
        features = [stage(image) for stage, image in zip(self.others, (depth, event, lidar), strict=True)]
        scores = [torch.sigmoid(score(x)) * x for score, x in zip(self.score, features, strict=True)]
        chosen = torch.stack(scores).amax(0)
        return self.spread(self.head(self.fusion(torch.cat([self.camera(rgb), chosen], 1))))


class EarlyFusion(nn.Module):
    """Colour and depth stacked in four channels, as RGB-D networks take them; aligned corners at the end."""

    def __init__(self, classes: int = 19) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.body = nn.Sequential(_convolution(4, 16, 2), _convolution(16, 24, 2), nn.Conv2d(24, classes, 1))
        self.spread = SpreadScores(classes)
        self.eval()

    def forward(self, rgbd: Tensor) -> Tensor:
        scores = self.spread(self.body(rgbd))
        return functional.interpolate(scores, size=rgbd.shape[-2:], mode="bilinear", align_corners=True)


class Queries(nn.Module):
    """As MaskFormer and Mask2Former answer: class scores and mask of each query, at a quarter of the size."""

    def __init__(self, queries: int = 12, classes: int = 19) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.body = nn.Sequential(_convolution(3, 16, 2), _convolution(16, 24, 2), nn.Conv2d(24, queries, 1))
        self.spread = SpreadScores(queries)
        self.classes = nn.Parameter(3 * torch.randn(1, queries, classes + 1))
        self.eval()

    def forward(self, pixel_values: Tensor, pixel_mask: Tensor) -> tuple[Tensor, Tensor]:
        masks = self.spread(self.body(pixel_values * pixel_mask[:, None]))
        return self.classes + 0 * masks.mean(), masks


def export(
    network: nn.Module, path: Path, examples: Sequence[Tensor], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    """In one file, at the size of the examples."""
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(
            network,
            tuple(examples),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamo=True,
            external_data=False,
            opset_version=18,
            verbose=False,
        )


def main(folder: Path) -> None:
    """The networks that `npm run bench -- import` measures, at 1024x512."""
    example = [torch.rand(1, 3, 512, 1024)]
    export(Segformer(), folder / "segformer.onnx", example, ["pixel_values"], ["logits"])
    export(LiteRaspp(aux=False), folder / "lr-aspp.onnx", example, ["input"], ["out"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
