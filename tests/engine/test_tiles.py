"""Guards: whatever the cut, each node attends to itself and what is above it inside the window, and to nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.engine.tiles import EXACT_KEYS, cut, cut_exactly
from probe.prompts.pack import Prompt
from probe.prompts.trie import grow


def bushy(seed, root=40, length=6, branches=(2, 3, 2)):
    """A trie with a long stem and branches of branches."""
    rng = np.random.default_rng(seed)
    stems = [tuple(rng.integers(0, 50, root).tolist())]
    for width in branches:
        stems = [stem + tuple(rng.integers(0, 50, length).tolist()) for stem in stems for _ in range(width)]
    return grow((row, Prompt(stem, ((51,), (52, 53)))) for row, stem in enumerate(stems))


def dense(trie, window=None):
    nodes = np.arange(trie.size)
    seen = (nodes[None] <= nodes[:, None]) & (nodes[:, None] < trie.last[None])
    return seen if window is None else seen & (trie.depths[:, None] - trie.depths[None] < window)


def seen_by(trie, tiles, window):
    """For each pair of nodes, whether one sees the other through the tiles."""
    seen = np.zeros((trie.size, trie.size), dtype=np.int64)
    for tile in tiles:
        queries, keys = np.nonzero(tile.visible(trie, window))
        np.add.at(seen, (tile.start + queries, tile.keys[keys]), 1)
    return seen


@given(seed=st.integers(0, 99), root=st.integers(1, 300), length=st.integers(1, 9), width=st.sampled_from([8, 1024]))
@pytest.mark.parametrize("window", [None, 1, 4, 30])
@settings(max_examples=15, derandomize=True, deadline=None)
def test_every_pair_that_should_meet_meets_once(window, seed, root, length, width):
    trie = bushy(seed, root, length)
    for tiles in (cut(trie, window, "cpu", width), cut_exactly(trie)):
        assert [tile.start for tile in tiles] == [0, *(tile.stop for tile in tiles[:-1])]
        assert tiles[-1].stop == trie.size
        assert np.array_equal(seen_by(trie, tiles, window), dense(trie, window))


def test_no_cut_is_cheaper():
    """Against every way to cut a small trie."""
    from itertools import combinations

    from probe.engine import tiles as module

    trie = bushy(1, root=12, length=3, branches=(3,))
    bounds = [*module._cut_points(trie).tolist(), trie.size]
    width = 4096

    def price(tiles):
        total = 0.0
        for tile in tiles:
            queries, keys = tile.stop - tile.start, tile.keys.size
            chain = tile.start == 0 and trie.depths[tile.stop - 1] == tile.stop - 1
            total += module._CALL["cpu"] / width + queries * keys / (2 if chain else 1) + (0 if chain else 12 * keys)
        return total

    best = min(
        price([module._tile(trie, a, b, None) for a, b in zip((0, *inner), (*inner, trie.size), strict=True)])
        for count in range(len(bounds) - 1)
        for inner in combinations(bounds[1:-1], count)
    )
    assert price(cut(trie, None, "cpu", width)) == pytest.approx(best)


def test_exact_tiles_are_chains_with_whole_blocks_of_keys():
    trie = bushy(2, root=700)
    tiles = cut_exactly(trie)
    assert [tile.start for tile in tiles] == trie.segments().tolist()
    assert {tile.keys.size % EXACT_KEYS for tile in tiles} == {0}
    for tile in tiles:
        real = tile.keys[: tile.keys.size - tile.padding]
        assert trie.depths[real].tolist() == list(range(real.size))
