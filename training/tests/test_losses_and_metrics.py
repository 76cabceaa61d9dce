"""Losses and scores against cases worked out by hand."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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


class Sharing:
    """Processes as the losses know them, here threads that wait for each other."""

    def __init__(self, rank: int, count: int, parts: list, barrier: threading.Barrier) -> None:
        self.rank, self.count, self._parts, self._barrier = rank, count, parts, barrier

    def _all(self, part: torch.Tensor) -> list[torch.Tensor]:
        self._parts[self.rank] = part.detach()
        self._barrier.wait()
        found = list(self._parts)
        self._barrier.wait()
        return found

    def total(self, part: torch.Tensor) -> torch.Tensor:
        return sum(self._all(part)) + (part - part.detach())

    def gathered(self, part: torch.Tensor) -> torch.Tensor:
        return torch.cat(self._all(part))


@pytest.mark.parametrize("threshold", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("count", [2, 4])
def test_the_parts_of_a_shared_loss_are_those_of_the_whole(threshold: float, count: int) -> None:
    """Values add up and gradients are equal, though hard pixels and classes are not spread evenly."""
    torch.manual_seed(6)
    scores = 3 * torch.randn(8, 5, 6, 7, dtype=torch.float64)
    scores[:3] *= 3
    truth = torch.randint(0, 5, (8, 6, 7))
    truth[2, :3], truth[5:] = 255, truth[5:].clamp(max=2)
    weights = torch.tensor([0.5, 1, 2, 3, 1], dtype=torch.float64)

    def loss(part: torch.Tensor, labels: torch.Tensor, *processes: Any) -> torch.Tensor:
        log_probability = part.log_softmax(dim=1)
        hard = ohem_cross_entropy(log_probability, labels, threshold, 0.2, weights, *processes)
        return hard + 0.5 * soft_dice(log_probability, labels, *processes)

    alone = scores.clone().requires_grad_()
    whole = loss(alone, truth)
    whole.backward()
    leaves = [scores[rank::count].clone().requires_grad_() for rank in range(count)]
    parts, barrier = [None] * count, threading.Barrier(count)

    def run(rank: int) -> float:
        own = loss(leaves[rank], truth[rank::count], Sharing(rank, count, parts, barrier))
        own.backward()
        return own.item()

    with ThreadPoolExecutor(count) as threads:
        values = list(threads.map(run, range(count)))
    assert sum(values) == pytest.approx(whole.item(), rel=1e-12)
    for rank, leaf in enumerate(leaves):
        torch.testing.assert_close(leaf.grad, alone.grad[rank::count], atol=1e-15, rtol=1e-9)


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
