"""Simulated and published data sets, held in memory-mapped uint8 arrays, sampled and augmented per step."""

from .cache import (
    CacheChoice,
    FrameCache,
    content_digest,
    describe_cache,
    measure_statistics,
    open_cache,
    open_frames,
)
from .dataset import DatasetInfo, Frame
from .device_batch import DeviceAugmentation
from .device_sampler import DeviceSampler
from .growing import GrowingCache, follow, is_growing, same_rig
from .input_statistics import measure_input_statistics
from .layouts import list_frames, read_dataset_info
from .loader import FrameLoader
from .sampling import Batch, Sampler, TrainingSampler

__all__ = [
    "Batch",
    "CacheChoice",
    "DatasetInfo",
    "DeviceAugmentation",
    "DeviceSampler",
    "Frame",
    "FrameCache",
    "FrameLoader",
    "GrowingCache",
    "Sampler",
    "TrainingSampler",
    "content_digest",
    "describe_cache",
    "follow",
    "is_growing",
    "list_frames",
    "measure_input_statistics",
    "measure_statistics",
    "open_cache",
    "open_frames",
    "read_dataset_info",
    "same_rig",
]
