"""A token trie cut into tiles: each is one ordinary attention call of a run of nodes on their ancestors. No torch."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from probe.prompts.trie import Trie

__all__ = ["EXACT_KEYS", "Tile", "cut", "cut_exactly"]

EXACT_KEYS = 512
"""In exact mode keys are padded to a multiple of this, so that a key's place in a kernel's block never changes."""

INNER_CUT = 128
"""Nodes between the places inside a chain where a tile may begin."""

_CALL = {"cpu": 1e6, "cuda": 1e9}
"""Price of one more tile, in multiplied pairs of elements: about 60 and 25 microseconds of a machine's time."""

_KEY = 12
"""Price of gathering one key and value, in pairs of a query and a key."""


@dataclass(frozen=True, eq=False)
class Tile:
    """Queries ``start .. stop`` and everything that any of them may see.

    Attributes:
        start: First node.
        stop: End, exclusive.
        keys: Nodes to attend to, the tile's own at the end, in the order of their depth; then padding.
        padding: How many of `keys`, at their end, are only there to fill a block.
    """

    start: int
    stop: int
    keys: NDArray[np.int64]
    padding: int = 0

    def visible(self, trie: Trie, window: int | None) -> NDArray[np.bool_]:
        """For each query and key, whether the key is the query or above it and inside the window."""
        queries = np.arange(self.start, self.stop)[:, None]
        seen = (self.keys <= queries) & (queries < trie.last[self.keys])
        if window is not None:
            seen &= trie.depths[queries] - trie.depths[self.keys] < window
        if self.padding:
            seen[:, -self.padding :] = False
        return seen


def cut(trie: Trie, window: int | None, device: str, width: int) -> tuple[Tile, ...]:
    """The cheapest tiles of a trie.

    A tile costs a constant, its keys, and its queries times its keys. It may begin where a chain begins, and at some
    places inside long chains; among all such cuts the cheapest is found by dynamic programming.

    Args:
        trie: What is read.
        window: How far back a layer sees, if it does not see everything.
        device: Type of the device, whose calls have their own price.
        width: Elements of a query over all heads.
    """
    starts = _cut_points(trie)
    bounds = np.append(starts, trie.size)
    above = trie.depths[starts] if window is None else np.minimum(trie.depths[starts], window - 1)
    call = _CALL.get(device, _CALL["cuda"]) / width
    cheapest = np.zeros(bounds.size)
    begins = np.zeros(bounds.size, np.int64)
    for end in range(1, bounds.size):
        queries = bounds[end] - bounds[:end]
        keys = above[:end] + queries
        price = cheapest[:end] + call + _KEY * keys + queries * keys
        if _is_chain(trie, int(bounds[end])):
            price[0] -= _KEY * keys[0] + queries[0] * keys[0] / 2
        begins[end] = price.argmin()
        cheapest[end] = price[begins[end]]
    ends = [bounds.size - 1]
    while ends[-1]:
        ends.append(int(begins[ends[-1]]))
    ends.reverse()
    cuts = [int(bounds[end]) for end in ends]
    return tuple(_tile(trie, start, stop, window) for start, stop in itertools.pairwise(cuts))


def cut_exactly(trie: Trie) -> tuple[Tile, ...]:
    """One tile to a chain, keys padded to whole blocks: a node's sums do not depend on what else is in the trie."""
    bounds = np.append(trie.segments(), trie.size).tolist()
    tiles = []
    for start, stop in itertools.pairwise(bounds):
        keys = np.concatenate((trie.ancestors(start), np.arange(start, stop)))
        padding = -keys.size % EXACT_KEYS
        tiles.append(Tile(start, stop, np.pad(keys, (0, padding), mode="edge"), padding))
    return tuple(tiles)


def _cut_points(trie: Trie) -> NDArray[np.int64]:
    starts = trie.segments()
    ends = np.append(starts[1:], trie.size)
    inner = [np.arange(a + INNER_CUT, b, INNER_CUT) for a, b in zip(starts, ends, strict=True) if b - a > INNER_CUT]
    return np.sort(np.concatenate([starts, *inner]))


def _is_chain(trie: Trie, stop: int) -> bool:
    """Whether the first `stop` nodes are one line without a branch between them."""
    return int(trie.depths[stop - 1]) == stop - 1


def _tile(trie: Trie, start: int, stop: int, window: int | None) -> Tile:
    above = trie.ancestors(start)
    if window is not None:
        above = above[trie.depths[above] > trie.depths[start:stop].min() - window]
    return Tile(start, stop, np.concatenate((above, np.arange(start, stop))))
