"""Losses and scores against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mle_sam_train.losses import class_weights, ohem_cross_entropy, soft_dice
from mle_sam_train.metrics import ConfusionMatrix


def log_probability(of_class_one: list[float]) -> torch.Tensor:
    """Two classes, one row of pixels: `[1, 2, 1, W]`."""
    p = torch.tensor(of_class_one)
    return torch.stack((1 - p, p)).log()[None, :, None]


def labels(*values: int) -> torch.Tensor:
    return torch.tensor(values)[None, None]


def test_ohem_keeps_every_pixel_under_the_threshold() -> None:
    # Probabilities of the truth: 0.9, 0.6, 0.2 and one ignored; only 0.6 and 0.2 are below 0.7.
    loss = ohem_cross_entropy(log_probability([0.9, 0.6, 0.8, 0.1]), labels(1, 1, 0, 255), 0.7, 1 / 16)
    assert float(loss) == pytest.approx(-(math.log(0.6) + math.log(0.2)) / 2, rel=1e-5)


def test_ohem_falls_back_to_the_hardest_fraction() -> None:
    # All are easy; half of the four labelled pixels must stay: 0.8 and 0.85. The ignored one does not count.
    loss = ohem_cross_entropy(
        log_probability([0.9, 0.95, 0.8, 0.85, 0.01]), labels(1, 1, 1, 1, 255), 0.7, 0.5
    )
    assert float(loss) == pytest.approx(-(math.log(0.8) + math.log(0.85)) / 2, rel=1e-5)


def test_ohem_weighs_classes_but_ranks_without_weights() -> None:
    weights = torch.tensor([1.0, 3.0])
    loss = ohem_cross_entropy(log_probability([0.5, 0.8]), labels(1, 0), 0.7, 1 / 16, weights)
    assert float(loss) == pytest.approx(-(3 * math.log(0.5) + math.log(0.2)) / 4, rel=1e-5)


def test_ohem_of_an_unlabelled_batch_is_zero() -> None:
    loss = ohem_cross_entropy(log_probability([0.5, 0.8]), labels(255, 255), 0.7, 1 / 16, torch.ones(2))
    assert float(loss) == 0


def test_dice_by_hand() -> None:
    # Class 0: overlap 0.5, sizes 1 and 0.5 + 0.2; class 1: overlap 0.8, sizes 1 and 0.5 + 0.8; smoothing 1.
    loss = soft_dice(log_probability([0.5, 0.8, 0.3]), labels(0, 1, 255))
    dice = [(2 * 0.5 + 1) / (0.7 + 1 + 1), (2 * 0.8 + 1) / (1.3 + 1 + 1)]
    assert float(loss) == pytest.approx(1 - sum(dice) / 2, rel=1e-5)


def test_dice_leaves_out_classes_without_truth() -> None:
    loss = soft_dice(log_probability([0.9, 0.6]), labels(1, 1))
    assert float(loss) == pytest.approx(1 - (2 * 1.5 + 1) / (1.5 + 2 + 1), rel=1e-5)


def test_class_weights_rise_for_rare_classes_within_bounds() -> None:
    weights = class_weights(np.array([[10_000, 100, 1, 0]]), power=0.3)
    assert weights[0] == pytest.approx(0.5)
    assert weights[1] == pytest.approx(1.0)
    assert weights[2] == pytest.approx(3.0)
    assert weights[3] == 1.0


def test_miou_by_hand() -> None:
    matrix = ConfusionMatrix(4)
    truth = np.array([[0, 0, 0, 1], [1, 1, 255, 2]])
    guess = np.array([[0, 0, 1, 1], [1, 0, 2, 0]])
    matrix.add(truth, guess)
    # 0: 2 hits of 3 truths and 4 guesses; 1: 2 of 3 and 3; 2: 0 of 1 and 0 (its guess lies on an ignored
    # pixel); 3 has no pixel at all and is left out.
    expected = [100 * 2 / 5, 100 * 2 / 4, 0.0]
    np.testing.assert_allclose(matrix.iou()[:3], expected)
    assert np.isnan(matrix.iou()[3])
    assert matrix.miou() == pytest.approx(sum(expected) / 3)
    assert matrix.counts.sum() == 7


def test_confusion_counts_beyond_float32() -> None:
    matrix = ConfusionMatrix(2)
    matrix.counts[0, 0] = 2**53
    matrix.add(np.zeros(1, np.uint8), np.zeros(1, np.uint8))
    assert matrix.counts[0, 0] == 2**53 + 1


def test_miou_without_any_label_is_not_a_number() -> None:
    matrix = ConfusionMatrix(2)
    matrix.add(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8))
    assert math.isnan(matrix.miou())
