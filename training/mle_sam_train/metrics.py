"""Integer confusion matrix, and scores of it in two conventions."""

from __future__ import annotations

from typing import Literal

import numpy as np

IGNORE = 255
Convention = Literal["cityscapes", "cmnext"]
"""What a class counts that has neither truth nor prediction: `cityscapes` leaves it out of the mean;
`cmnext`, as the code of CMNeXt and so the tables of DELIVER, counts it 0."""
CONVENTIONS: tuple[Convention, ...] = ("cityscapes", "cmnext")


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
        hits, truth, predicted = self._sums()
        return _percent(hits, truth + predicted - hits)

    def miou(self, convention: Convention = "cityscapes") -> float:
        """Mean over classes, percent; NaN when there is no pixel."""
        return self._mean(self.iou(), convention)

    def mean_accuracy(self, convention: Convention = "cityscapes") -> float:
        """Mean over classes of the share of their pixels that were found, percent."""
        hits, truth, _ = self._sums()
        return self._mean(_percent(hits, truth), convention)

    def mean_f1(self, convention: Convention = "cityscapes") -> float:
        """Mean over classes of 2 hits / (pixels of the truth + pixels predicted), percent."""
        hits, truth, predicted = self._sums()
        return self._mean(_percent(2 * hits, truth + predicted), convention)

    def pixel_accuracy(self) -> float:
        """Share of all pixels, percent."""
        return float(_percent(np.trace(self.counts).astype(np.float64), self.counts.sum()))

    def _sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.diag(self.counts).astype(np.float64), self.counts.sum(axis=1), self.counts.sum(axis=0)

    def _mean(self, values: np.ndarray, convention: Convention) -> float:
        if not np.isfinite(values).any():
            return float("nan")
        return float(np.nanmean(values) if convention == "cityscapes" else np.nan_to_num(values).mean())


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100 * part / whole
