"""What a CUDA library keeps of its kernels when it is packed for one kind of GPU."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "gpu" / "keep_capability.py"
spec = importlib.util.spec_from_file_location("keep_capability", SCRIPT)
assert spec is not None and spec.loader is not None
keep_capability = importlib.util.module_from_spec(spec)
spec.loader.exec_module(keep_capability)


def entry(kind: int, capability: int, payload: bytes) -> bytes:
    """A header of 64 bytes, as compilers of CUDA 13 write it, and the payload."""
    header = struct.pack("<HHIQ", kind, 0x0101, 64, len(payload)).ljust(28, b"\0")
    return (header + struct.pack("<I", capability)).ljust(64, b"\0") + payload


def fat_binary(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def test_only_machine_code_of_the_capability_stays() -> None:
    host = b"host code, and a magic number that begins no fat binary: " + struct.pack("<I", 0xBA55ED50)
    first = [entry(2, 80, b"a" * 40), entry(2, 90, b"b" * 24), entry(1, 90, b"c" * 16)]
    library = bytearray(host + fat_binary(*first) + host + fat_binary(entry(2, 90, b"d" * 8)) + b"end")
    expected = [entry(2, 80, bytes(40)), entry(2, 90, b"b" * 24), entry(1, 90, bytes(16))]

    found = keep_capability.keep(library, 90)

    assert library == host + fat_binary(*expected) + host + fat_binary(entry(2, 90, b"d" * 8)) + b"end"
    assert found == {(2, 80): 40, (2, 90): 32, (1, 90): 16}
