"""Simulated and published data sets, held in memory-mapped uint8 arrays, sampled and augmented per step."""

from .cache import FrameCache, measure_statistics, open_cache
from .dataset import DatasetInfo, Frame
from .device_sampler import DeviceSampler
from .growing import GrowingCache, follow, is_growing, same_rig
from .input_statistics import measure_input_statistics
from .layouts import list_frames, read_dataset_info
from .sampling import Batch, Sampler, TrainingSampler

__all__ = [
    "Batch",
    "DatasetInfo",
    "DeviceSampler",
    "Frame",
    "FrameCache",
    "GrowingCache",
    "Sampler",
    "TrainingSampler",
    "follow",
    "is_growing",
    "list_frames",
    "measure_input_statistics",
    "measure_statistics",
    "open_cache",
    "read_dataset_info",
    "same_rig",
]
