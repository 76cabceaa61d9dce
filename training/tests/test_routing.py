"""The routing report: one sensor spoilt at a time, all else as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mle_sam_train.data import FrameCache
from mle_sam_train.data.degrade import CAMERA_FAILURES, FAILURES, SPARSE_FAILURES
from mle_sam_train.errors import InputError
from mle_sam_train.metrics import ConfusionMatrix
from mle_sam_train.model import MleSam, Rig
from mle_sam_train.routing import routing_report
from mle_sam_train.tables import blinded_table


def trial_of(report: dict, modality: str, failure: str) -> dict:
    return next(t for t in report["trials"] if (t["modality"], t["failure"]) == (modality, failure))


@torch.inference_mode()
def plain_run(
    model: MleSam, cache: FrameCache, images: np.ndarray, present: list[bool]
) -> tuple[float, np.ndarray]:
    """mIoU and mean weights `[levels, M]`, each frame alone and by the model's own forward pass."""
    matrix, weights = ConfusionMatrix(len(model.rig.classes)), []
    for image, truth in zip(images, cache.labels, strict=True):
        output = model(torch.from_numpy(image.copy())[None], torch.tensor([present]))
        matrix.add(np.array(truth), model.full_size(output.joined).argmax(dim=1)[0].numpy())
        weights.append(output.routing[0].numpy())
    return matrix.miou(), np.mean(weights, axis=0)


def test_a_blacked_out_sensor_is_scored_like_frames_in_which_it_is_black(
    model: MleSam, val_cache: FrameCache
) -> None:
    report = routing_report(model, val_cache)
    for m, name in enumerate(model.rig.names):
        images = np.array(val_cache.images)
        clean_miou, clean_weights = plain_run(model, val_cache, images, [True] * 4)
        without_miou, _ = plain_run(model, val_cache, images, [i != m for i in range(4)])
        images[:, m] = 0
        black_miou, black_weights = plain_run(model, val_cache, images, [True] * 4)
        trial = trial_of(report, name, "blackout")
        assert trial["cleanWeights"] == pytest.approx(clean_weights[:, m].tolist(), abs=2e-4)
        assert trial["spoiltWeights"] == pytest.approx(black_weights[:, m].tolist(), abs=2e-4)
        assert report["cleanMiou"] == pytest.approx(clean_miou, abs=0.05)
        assert trial["spoiltMiou"] == pytest.approx(black_miou, abs=0.05)
        assert trial["withoutMiou"] == pytest.approx(without_miou, abs=0.05)


def test_every_sensor_meets_every_failure_of_its_kind_once_and_always_alike(
    model: MleSam, val_cache: FrameCache
) -> None:
    report = routing_report(model, val_cache, frames=2)
    assert report["frames"] == 2
    met = {
        name: [t["failure"] for t in report["trials"] if t["modality"] == name] for name in model.rig.names
    }
    assert sorted(met["camera"]) == sorted(set(CAMERA_FAILURES))
    assert all(sorted(met[name]) == sorted(set(SPARSE_FAILURES)) for name in ("depth", "events", "lidar"))
    assert routing_report(model, val_cache, frames=2) == report
    assert routing_report(model, val_cache, frames=2, seed=9) != report


def test_frames_with_a_failure_of_their_own_are_left_out(model: MleSam, val_cache: FrameCache) -> None:
    frames = [replace(frame, case="motionblur" if i else "none") for i, frame in enumerate(val_cache.frames)]
    assert routing_report(model, replace(val_cache, frames=frames))["frames"] == 1
    with pytest.raises(InputError, match="Expected frames without a failure of their own"):
        routing_report(model, replace(val_cache, frames=[frames[1]] * 4))


def test_a_router_that_ignores_the_image_is_found_out(model: MleSam, val_cache: FrameCache) -> None:
    with torch.no_grad():
        for layer in model.router.linear:
            layer.weight.zero_()
    report = routing_report(model, val_cache, frames=2)
    for trial in report["trials"]:
        assert trial["cleanWeights"] == trial["spoiltWeights"] == [0.25] * 3
    table = blinded_table(report)
    assert table.count("0 of 3") == len(report["trials"]) == len(FAILURES) - 2 + 3 * len(SPARSE_FAILURES)


def test_a_single_sensor_has_nothing_to_be_weighed_against(config, info, val_cache) -> None:
    alone = MleSam(config, Rig(info.rig.modalities[:1], info.rig.classes))
    with pytest.raises(
        InputError, match="Expected a model of two modalities or more but received one for camera"
    ):
        routing_report(alone, val_cache)
