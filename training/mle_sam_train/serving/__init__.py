"""The networks as they are served: the functions of `MleSam`, written for what ONNX Runtime is fast at."""

from .encoder import ExpertsLayout, ServingEncoder, experts_layout
from .head import ServingHead, can_serve

__all__ = ["ExpertsLayout", "ServingEncoder", "ServingHead", "can_serve", "experts_layout"]
