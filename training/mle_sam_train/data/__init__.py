"""Data sets in DELIVER's layout, held in memory-mapped uint8 arrays, sampled and augmented per step."""

from .cache import FrameCache, open_cache
from .layout import DatasetInfo, Frame, list_frames, read_dataset_info
from .sampling import Batch, TrainingSampler

__all__ = [
    "Batch",
    "DatasetInfo",
    "Frame",
    "FrameCache",
    "TrainingSampler",
    "list_frames",
    "open_cache",
    "read_dataset_info",
]
