"""The order tokens lie in, chosen so that windows and pooling cells are neighbours in memory.

Attention, layer norms and linear layers do not depend on the order of tokens. So the encoder orders them
once, such that every window of every block is a run of consecutive tokens, and every pooling cell one in it.
Windows and pooling are reshapes then, where the original moves all tokens twice in every block.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

POOLED = 2
"""Tokens along each side that become one where a stage begins."""


@dataclass(frozen=True)
class BlockShape:
    """What a block does to a grid: attention in windows of `window` tokens a side (0: all), pooling."""

    window: int
    pools: bool


@dataclass(frozen=True)
class Windows:
    """Where windows do not divide the grid: how to cut it into padded ones and to put it together again."""

    cut: np.ndarray
    """int64 per place in the windows: the token that goes there; the number of tokens stands for padding."""
    join: np.ndarray
    """int64 per token that comes out: its place in the windows (pooled, where the block pools)."""
    tokens: int
    """In one window, before pooling."""


@dataclass(frozen=True)
class BlockPlan:
    """How one block finds its tokens."""

    reorder: np.ndarray | None
    """int64: which token goes where before the block; None where they lie right already."""
    windows: Windows | None
    """None where windows are runs of consecutive tokens."""
    tokens: int
    """In one window, before pooling."""
    places: np.ndarray
    """int64: place in the image's grid, row by row, of each token after the block."""


@dataclass(frozen=True)
class TrunkPlan:
    """Orders of a whole trunk."""

    first: np.ndarray
    """int64: place in the first grid of each token before the first block."""
    blocks: list[BlockPlan]


def plan_trunk(grid: tuple[int, int], blocks: list[BlockShape]) -> TrunkPlan:
    """Choose the order of tokens of a `grid` of (height, width) before and in every block."""
    first = _order(grid, _nested_sizes(grid, blocks))
    places, plans = first, []
    for index, block in enumerate(blocks):
        reorder = None
        if not all(_is_in_runs(places, grid, size) for size in _sizes(grid, block)):
            wanted = _order(grid, _nested_sizes(grid, blocks[index:]))
            reorder, places = _find(places, wanted), wanted
        pooled = _pool(places, grid) if block.pools else places
        windows = _padded_windows(places, pooled, grid, block) if _is_padded(grid, block) else None
        tokens = windows.tokens if windows else block.window**2 or places.size
        plans.append(BlockPlan(reorder, windows, tokens, pooled))
        places = pooled
        if block.pools:
            grid = grid[0] // POOLED, grid[1] // POOLED
    return TrunkPlan(first, plans)


def row_by_row(places: np.ndarray) -> np.ndarray:
    """Which token goes where to bring tokens at `places` into the image's order."""
    return np.argsort(places)


def _is_padded(grid: tuple[int, int], block: BlockShape) -> bool:
    return block.window > 0 and any(side % block.window for side in grid)


def _sizes(grid: tuple[int, int], block: BlockShape) -> list[int]:
    """Sides of the squares that must be runs of tokens in a block."""
    pooling = [POOLED] if block.pools else []
    return pooling if block.window == 0 or _is_padded(grid, block) else [*pooling, block.window]


def _nested_sizes(grid: tuple[int, int], blocks: list[BlockShape]) -> list[int]:
    """Sides, in the first block's tokens, of nested squares that serve it and as many of the next as fit."""
    sizes: list[int] = []
    (height, width), scale = grid, 1
    for block in blocks:
        own = _sizes((height // scale, width // scale), block)
        together = sorted({*sizes, *(size * scale for size in own)})
        nested = all(b % a == 0 for a, b in pairwise(together))
        if not nested or any(side % size for side in grid for size in together):
            break
        sizes = together
        scale *= POOLED if block.pools else 1
    return sizes


def _squares(places: np.ndarray, grid: tuple[int, int], size: int) -> np.ndarray:
    """Which square of `size` tokens a side each place belongs to."""
    rows, columns = places // grid[1], places % grid[1]
    return rows // size * -(-grid[1] // size) + columns // size


def _order(grid: tuple[int, int], sizes: list[int]) -> np.ndarray:
    """Places of a grid: the largest squares one after the other, in each the next smaller ones, and so on."""
    places = np.arange(grid[0] * grid[1])
    keys = [places, *(_squares(places, grid, size) for size in sizes)]
    return places[np.lexsort(keys)]


def _is_in_runs(places: np.ndarray, grid: tuple[int, int], size: int) -> bool:
    runs = _squares(places, grid, size).reshape(-1, size * size)
    return bool((runs == runs[:, :1]).all())


def _find(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each of `wanted` where it stands in `places`."""
    return np.argsort(places)[np.searchsorted(np.sort(places), wanted)]


def _pool(places: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Places in the pooled grid, in the order that pooling runs of tokens leaves."""
    rows, columns = places // grid[1], places % grid[1]
    return (rows // POOLED * (grid[1] // POOLED) + columns // POOLED)[:: POOLED * POOLED]


def _padded_windows(
    places: np.ndarray, pooled: np.ndarray, grid: tuple[int, int], block: BlockShape
) -> Windows:
    size = block.window
    padded = -(-grid[0] // size) * size, -(-grid[1] // size) * size
    order = _order(padded, [*([POOLED] if block.pools else []), size])
    rows, columns = order // padded[1], order % padded[1]
    is_padding = (rows >= grid[0]) | (columns >= grid[1])
    inside = np.where(is_padding, 0, rows * grid[1] + columns)
    cut = np.where(is_padding, places.size, _find(places, inside))
    out, out_padded, out_grid = order, padded, grid
    if block.pools:
        out = _pool(order, padded)
        out_padded = padded[0] // POOLED, padded[1] // POOLED
        out_grid = grid[0] // POOLED, grid[1] // POOLED
    wanted = pooled // out_grid[1] * out_padded[1] + pooled % out_grid[1]
    return Windows(cut, _find(out, wanted), size * size)
