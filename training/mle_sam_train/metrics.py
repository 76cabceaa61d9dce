"""Integer confusion matrix and mIoU in Cityscapes' convention."""

from __future__ import annotations

import numpy as np

IGNORE = 255


class ConfusionMatrix:
    """Counts `[truth, prediction]` as int64, pixels whose truth is 255 left out."""

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes), np.int64)

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add class ids of equal shape."""
        classes = len(self.counts)
        valid = truth != IGNORE
        pairs = truth[valid].astype(np.int64) * classes + prediction[valid]
        self.counts += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)

    def iou(self) -> np.ndarray:
        """IoU per class in percent, NaN for a class with neither truth nor prediction."""
        hits = np.diag(self.counts).astype(np.float64)
        union = self.counts.sum(axis=0) + self.counts.sum(axis=1) - hits
        with np.errstate(invalid="ignore"):
            return 100 * hits / union

    def miou(self) -> float:
        """Mean over the classes that have any pixel; NaN when there is none."""
        values = self.iou()
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
