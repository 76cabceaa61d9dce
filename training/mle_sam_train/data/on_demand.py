"""Frames that are kept nowhere: each is decoded from its files whenever it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class OnDemand:
    """Indexed like a uint8 array whose first axis counts frames.

    Args:
        shape: of the whole.
        decode: gives one frame.
    """

    def __init__(self, shape: tuple[int, ...], decode: Callable[[int], np.ndarray]) -> None:
        self.shape, self.size, self._decode = shape, int(np.prod(shape, dtype=np.int64)), decode

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        chosen, *rest = key if isinstance(key, tuple) else (key,)
        frames = np.arange(len(self))[chosen]
        if frames.ndim == 0:
            return self._decode(int(frames))[tuple(rest)]
        decoded = np.empty((len(frames), *self.shape[1:]), np.uint8)
        for place, frame in enumerate(frames):
            decoded[place] = self._decode(int(frame))
        return decoded[(slice(None), *rest)]
