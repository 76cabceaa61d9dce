"""Ways of taking modalities away: by the benchmark of sensor failures (arXiv 2503.18445), as on the robot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..evaluation import Subset, all_subsets

ProtocolName = Literal["absent", "emm", "rmm", "nm"]
PROTOCOL_NAMES: tuple[ProtocolName, ...] = ("absent", "emm", "rmm", "nm")
ZERO_RATES = (0.75, 0.5, 0.25)
"""RMM: shares of elements that are zero, in the order of the published tables."""
NOISE_LEVELS = {"low": (0.05, 0.1), "mid": (0.1, 0.2), "high": (0.2, 0.5)}
"""NM: density of salt and pepper, sigma of the Gaussian."""
Key = tuple[str, int, float | str]
EVENT_KINDS = ("polarity", "counts-recency")


@dataclass(frozen=True)
class Setting:
    """One way to show a frame.

    `present` keep their images; what the others get is said by `protocol`: nothing (`absent`), zeros after
    normalisation (`emm`), zeros in a share `rate` of the elements (`rmm`). Under `nm` all are noisy, by
    `level`.
    """

    protocol: ProtocolName
    present: Subset
    rate: float = 0.0
    level: str = ""


def settings(protocols: tuple[ProtocolName, ...], modalities: int) -> list[Setting]:
    """All of them; the frame as it is comes first."""
    everything = tuple(range(modalities))
    found = [Setting("absent", everything)]
    for protocol in protocols:
        if protocol == "nm":
            found += [Setting("nm", everything, level=level) for level in NOISE_LEVELS]
            continue
        rates = ZERO_RATES if protocol == "rmm" else (0.0,)
        found += [Setting(protocol, subset, rate) for rate in rates for subset in all_subsets(modalities)]
    return list(dict.fromkeys(found))


@dataclass
class Shown:
    """Images of one frame in every way a setting may want them, normalised `[3, H, W]`; each is made once."""

    frame: str
    kinds: list[str]
    pixels: Tensor
    seed: int
    made: dict[Key, Tensor] = field(default_factory=dict)

    def image(self, setting: Setting, modality: int) -> tuple[Key, Tensor] | None:
        """A key that names the image, and the image; None where the modality is absent."""
        if setting.protocol == "nm":
            return self._kept(("nm", modality, setting.level), lambda: self._noisy(modality, setting.level))
        if modality in setting.present:
            return self._kept(("whole", modality, 0.0), lambda: self.pixels[modality])
        if setting.protocol == "absent":
            return None
        if setting.protocol == "emm":
            return self._kept(("emm", modality, 0.0), lambda: torch.zeros_like(self.pixels[modality]))
        return self._kept(("rmm", modality, setting.rate), lambda: self._zeroed(modality, setting.rate))

    def _kept(self, key: Key, make: Callable[[], Tensor]) -> tuple[Key, Tensor]:
        if key not in self.made:
            self.made[key] = make()
        return key, self.made[key]

    def _random(self, *about: object) -> np.random.Generator:
        """Numbers of its own for each frame, modality and setting, so that a score depends on no order."""
        digest = hashlib.sha256("/".join(map(str, (self.seed, self.frame, *about))).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))

    def _zeroed(self, modality: int, rate: float) -> Tensor:
        own = self.pixels[modality]
        zero = self._random("rmm", modality, rate).random(own.shape) < rate
        return own.masked_fill(torch.from_numpy(zero).to(own.device), 0)

    def _noisy(self, modality: int, level: str) -> Tensor:
        density, sigma = NOISE_LEVELS[level]
        own, random = self.pixels[modality], self._random("nm", modality, level)
        values = own.flatten().clone()
        largest, smallest = values.max(), values.min()
        count = int(np.ceil(density * values.numel() / 2))
        for value in (largest, smallest):  # drawn with replacement, pepper after salt
            drawn = torch.from_numpy(random.integers(0, values.numel(), count)).to(own.device)
            values[drawn] = value
        if self.kinds[modality] not in EVENT_KINDS:
            noise = random.standard_normal(values.numel(), dtype=np.float32)
            values += sigma * torch.from_numpy(noise).to(own.device)
        return values.view_as(own)
