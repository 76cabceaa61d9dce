"""MLE-SAM as PyTorch modules."""

from .mle_sam import MleSam, Output, Rig

__all__ = ["MleSam", "Output", "Rig"]
