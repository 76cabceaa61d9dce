"""Evaluation by both protocols: what stands for a missing sensor must not be mixed up."""

from __future__ import annotations

import pytest
import torch

from mle_sam_train.data import FrameCache
from mle_sam_train.evaluation import PROTOCOLS, evaluate_protocols, evaluation_report, expected_miou
from mle_sam_train.metrics import ConfusionMatrix
from mle_sam_train.model import MleSam
from mle_sam_train.tables import evaluation_table


@torch.inference_mode()
def test_zero_filled_means_zeros_after_normalisation(model: MleSam, val_cache: FrameCache) -> None:
    """Against a straightforward run: every modality encoded, the missing ones as normalised zeros."""
    subset = (1, 3)
    scores = evaluate_protocols(model, val_cache, PROTOCOLS, [subset])["zero-filled"]
    expected = ConfusionMatrix(len(model.rig.classes))
    for image, truth in zip(val_cache.images, val_cache.labels, strict=True):
        pixels = (
            torch.from_numpy(image.copy()) * model.pixel_gain[:, None, None]
            - model.pixel_shift[:, None, None]
        )
        pixels[[0, 2]] = 0
        encoded = model.vision(pixels.permute(0, 3, 1, 2), modality=torch.arange(4)).fpn_hidden_states
        output = model.decode([level[None] for level in encoded], torch.ones(1, 4, dtype=torch.bool))
        expected.add(truth, model.full_size(output.joined).argmax(dim=1)[0].numpy())
    difference = abs(scores.matrix(subset).counts - expected.counts).sum()
    assert difference <= 8  # sums in another order may turn a tie
    assert expected.counts.sum() > 1000


def test_both_protocols_agree_on_the_full_set_and_differ_on_the_rest(model, val_cache) -> None:
    scores = evaluate_protocols(model, val_cache, PROTOCOLS)
    absent, zeros = (scores[protocol] for protocol in PROTOCOLS)
    full = (0, 1, 2, 3)
    assert abs(absent.matrix(full).counts - zeros.matrix(full).counts).sum() <= 8
    assert (absent.matrix((2,)).counts != zeros.matrix((2,)).counts).any()


def test_the_report_keeps_them_apart(model, val_cache) -> None:
    report = {"split": "val", "frames": 4, **evaluation_report(model, val_cache)}
    assert list(report["subsets"]) == list(report["zeroFilled"]["subsets"])
    assert len(report["subsets"]) == 15
    assert report["zeroFilled"]["subsetMean"] != report["subsetMean"]
    table = evaluation_table(report)
    assert "mIoU (%), absent" in table
    assert "mIoU (%), zero-filled" in table
    plain = evaluation_report(model, val_cache, ("absent",))
    assert "zeroFilled" not in plain
    assert plain["subsets"] == report["subsets"]


def test_the_expected_score_weighs_subsets_by_their_chance() -> None:
    scores = {(0, 1): 60.0, (0,): 40.0, (1,): 10.0}
    # p = 0.2: 0.64 for both, 0.16 for each alone; nothing at all is left out.
    assert expected_miou(scores, 2, 0.2) == pytest.approx((0.64 * 60 + 0.16 * 40 + 0.16 * 10) / 0.96)
