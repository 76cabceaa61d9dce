"""Whether there is room for decoded frames, before any of them is decoded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..errors import InputError

MEMORY_INFO = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
"""Where a container's own bound stands (control groups, version 2)."""
SHARED_MEMORY = Path("/dev/shm")
MEMORY_SHARE = 0.8
"""Of the memory that is available; the rest is for the training itself."""


def gibibytes(size: int) -> str:
    """`12.34 GiB`."""
    return f"{size / 2**30:.2f} GiB"


def local_processes() -> int:
    """How many processes train on this machine: `torchrun` says so."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def free_disk(folder: Path) -> int:
    """Bytes that may still be written in a folder, which need not exist yet."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


def free_memory() -> int | None:
    """Bytes of memory that can be had without swapping, in a container at most what its bound leaves; None
    where the system does not tell."""
    told = [1024 * size for size in _told(MEMORY_INFO, "MemAvailable:")]
    try:
        used = int((GROUP / "memory.current").read_text())
        reclaimable = sum(_told(GROUP / "memory.stat", "inactive_file", "active_file"))
        told.append(int((GROUP / "memory.max").read_text()) - used + reclaimable)
    except (OSError, ValueError):  # none, or `max`: no bound
        pass
    return min(told, default=None)


def _told(path: Path, *names: str) -> list[int]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [int(line.split()[1]) for line in lines if line.split()[:1] and line.split()[0] in names]


def check_disk(folder: Path, needed: int, what: str) -> None:
    """Refuse what the disk has no room for."""
    free = free_disk(folder)
    if needed > free:
        raise InputError(
            f"Expected {gibibytes(needed)} free in {folder} for {what} but received {gibibytes(free)}; "
            "free some, name another folder with --cache FOLDER, or keep none with --cache none."
        )


def check_memory(needed: int, what: str) -> None:
    """Refuse what the memory has no room for. Each process of this machine needs as much."""
    free, processes = free_memory(), local_processes()
    if free is not None and needed * processes > MEMORY_SHARE * free:
        each = f" in each of {processes} processes" if processes > 1 else ""
        raise InputError(
            f"Expected at most {gibibytes(int(MEMORY_SHARE * free))} for {what}, {MEMORY_SHARE:.0%} of the "
            f"memory available, but received {gibibytes(needed)}{each}; use --cache disk or --cache none."
        )


def check_shared_memory(needed: int, workers: int) -> None:
    """Refuse what `/dev/shm` has no room for: a process that runs into its end dies without a word."""
    if not SHARED_MEMORY.exists():
        return
    free, needed = shutil.disk_usage(SHARED_MEMORY).free, needed * local_processes()
    if needed > free:
        raise InputError(
            f"Expected {gibibytes(needed)} free in {SHARED_MEMORY} for {workers} loader processes but "
            f"received {gibibytes(free)}; use fewer --workers, or give the container a larger --shm-size."
        )
