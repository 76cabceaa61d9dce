"""Writes test/fixtures/events-h5: events in the layout of MUSES, compressed as files are in the field.

Needs h5py and hdf5plugin. Event i: x = 7 i mod 1280, y = 11 i mod 720, p = i mod 2, t = 5,000,000 + 20 i.
"""

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

FOLDER = Path(__file__).parents[1] / "fixtures" / "events-h5"
COUNT = 2000
CODECS = {
    "plain": {},
    "gzip": {"compression": "gzip"},
    "blosc_zstd": hdf5plugin.Blosc(cname="zstd", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE),
    "blosc_lz4": hdf5plugin.Blosc(cname="lz4", shuffle=hdf5plugin.Blosc.BITSHUFFLE),
    "blosc_blosclz": hdf5plugin.Blosc(cname="blosclz"),
    "blosc_zlib": hdf5plugin.Blosc(cname="zlib"),
}

FOLDER.mkdir(parents=True, exist_ok=True)
i = np.arange(COUNT)
columns = {
    "x": (7 * i % 1280).astype(np.uint16),
    "y": (11 * i % 720).astype(np.uint16),
    "p": (i % 2).astype(np.uint8),
    "t": (5_000_000 + 20 * i).astype(np.int64),
}
for name, codec in CODECS.items():
    with h5py.File(FOLDER / f"{name}.h5", "w") as file:
        for column, values in columns.items():
            file.create_dataset(f"events/{column}", data=values, chunks=(512,), **codec)
