"""Fills the kernels of other GPUs in a CUDA library with zeros, so that it packs to a fraction, for one kind of GPU.

The library keeps its size and layout. Kernels lie in fat binaries: a header of 16 bytes (magic number, version, size of
the header, size of what follows), then entries of a header and a payload each, one entry a compute capability and kind
(1: PTX, 2: machine code). The driver takes the entry that fits its GPU and reads no other.
"""

from __future__ import annotations

import argparse
import collections
import struct
import sys
from pathlib import Path

MAGIC = struct.pack("<I", 0xBA55ED50)
HEADER = struct.Struct("<IHHQ")
ENTRY = struct.Struct("<HHIQ")
CAPABILITY = struct.Struct("<I")
CAPABILITY_OFFSET = 28
MACHINE_CODE = 2


def keep(library: bytearray, capability: int) -> dict[tuple[int, int], int]:
    """Zero all payloads but machine code of `capability` (90 is 9.0), in place.

    Returns:
        Bytes of payload found, by kind and capability.
    """
    found: collections.Counter[tuple[int, int]] = collections.Counter()
    at = library.find(MAGIC)
    while at >= 0:
        _, version, header, size = HEADER.unpack_from(library, at)
        end = at + header + size
        if version != 1 or header != HEADER.size or end > len(library):
            at = library.find(MAGIC, at + 4)
            continue
        at += header
        while at < end:
            kind, _, header, size = ENTRY.unpack_from(library, at)
            (made_for,) = CAPABILITY.unpack_from(library, at + CAPABILITY_OFFSET)
            at += header
            found[kind, made_for] += size
            if (kind, made_for) != (MACHINE_CODE, capability):
                library[at : at + size] = bytes(size)
            at += size
        at = library.find(MAGIC, end)
    return dict(found)


def main() -> None:
    """Read the options, write the trimmed library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--capability", type=int, required=True)
    options = parser.parse_args()
    library = bytearray(options.library.read_bytes())
    found = keep(library, options.capability)
    kept = found.get((MACHINE_CODE, options.capability), 0)
    if kept == 0:
        made_for = sorted({capability for kind, capability in found if kind == MACHINE_CODE})
        sys.exit(f"Expected one of {made_for} for --capability but received {options.capability}.")
    options.out.write_bytes(library)
    print(f"kept {kept / 1e6:.1f} of {sum(found.values()) / 1e6:.1f} MB of kernels")


if __name__ == "__main__":
    main()
