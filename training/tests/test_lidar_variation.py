"""LiDAR images of other devices and mounts: what may change, by how much, and what must stay."""

from __future__ import annotations

import numpy as np
import torch

from mle_sam_train.data.appearance import vary_sensor
from mle_sam_train.data.lidar_variation import HEIGHT_METRES, LARGEST_SHIFT, LARGEST_TILT, vary_lidar

METRES = np.geomspace(2, 70, 48)
LEVELS_A_METRE = 254 / (HEIGHT_METRES[1] - HEIGHT_METRES[0])
ABOVE = 4.0


def ground(batch: int, intensity: float = 90) -> torch.Tensor:
    """A flat road: rows at ranges `METRES`, all at one height, which no change takes beyond the limits."""
    distance = 255 * (1 - np.log(METRES) / np.log(80))
    rows = np.stack([distance, np.full(48, intensity), np.full(48, 1 + ABOVE * LEVELS_A_METRE)], axis=-1)
    return torch.tensor(rows, dtype=torch.float64)[None, :, None].expand(batch, 48, 33, 3)


def varied(images: torch.Tensor, seed: int = 5) -> np.ndarray:
    return vary_lidar(images, torch.Generator().manual_seed(seed)).numpy()


def test_ranges_stay_and_a_seed_gives_the_same_again() -> None:
    images = ground(40)
    changed = varied(images)
    assert np.array_equal(changed[..., 0], images[..., 0].numpy())
    assert np.array_equal(changed, varied(images))
    assert not np.array_equal(changed, varied(images, seed=6))


def test_a_flat_ground_becomes_the_plane_of_a_mount_that_is_a_little_off() -> None:
    heights = (varied(ground(400))[..., 2] - 1) / LEVELS_A_METRE - ABOVE
    shifts, pitches = [], []
    for height in heights:
        middle = height[:, 16]
        pitch, shift = np.polyfit(METRES, middle, 1)
        assert np.allclose(middle, shift + pitch * METRES, atol=1e-6)
        # Roll lifts one side by as much as it lowers the other, in proportion to the distance.
        assert np.allclose(height[:, 0] + height[:, -1], 2 * middle, atol=1e-6)
        side = (height[:, -1] - middle) / METRES
        assert np.allclose(side, side[0], atol=1e-9)
        shifts.append(shift)
        pitches.append(pitch)
    assert np.abs(shifts).max() <= LARGEST_SHIFT + 1e-9
    assert np.abs(pitches).max() <= LARGEST_TILT + 1e-9
    assert 0.05 < np.median(np.abs(shifts)) < 0.13  # a quarter of the largest
    assert abs(np.mean(np.sign(shifts))) < 0.2


def test_intensities_keep_their_order_at_one_range_and_may_be_one_value_everywhere() -> None:
    dark, bright = varied(ground(400, 60))[..., 1], varied(ground(400, 120))[..., 1]
    assert (bright >= dark - 1e-9).all()
    assert dark.min() >= 0 and bright.max() <= 255
    constant = (bright.max(axis=(1, 2)) - bright.min(axis=(1, 2)) < 1e-9) & (
        np.abs(bright - dark).max(axis=(1, 2)) < 1e-9
    )
    assert 15 <= constant.sum() <= 60  # one of twelve
    near, far = bright[~constant, 5, 0], bright[~constant, -5, 0]
    assert (near > far).mean() > 0.4 and (near < far).mean() > 0.15


def test_nothing_known_stays_nothing_known_and_what_is_known_stays_above_it() -> None:
    images = ground(16).round().to(torch.uint8).clone()
    images[:, ::2] = 0
    changed = vary_sensor(images, "range-intensity-height", torch.Generator().manual_seed(1))
    assert (changed[:, ::2] == 0).all()
    kept = changed[:, 1::2].sum(dim=-1) > 0
    assert (changed[:, 1::2][kept][:, 2] >= 1).all()
    assert 0.2 < kept.float().mean() < 1
