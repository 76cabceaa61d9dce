"""The networks as they are served: the functions of `MleSam`, written for what ONNX Runtime is fast at."""

from .encoder import ExpertsLayout, ServingEncoder, beyond_if_negative, experts_layout
from .head import ServingHead, ServingLogitsHead, can_serve

__all__ = [
    "ExpertsLayout",
    "ServingEncoder",
    "ServingHead",
    "ServingLogitsHead",
    "beyond_if_negative",
    "can_serve",
    "experts_layout",
]
