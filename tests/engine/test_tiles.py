"""Guards: whatever the cut, each node attends to itself and what is above it inside the window, and to nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import tiny_model

from probe.engine.tiles import (
    EXACT_KEYS,
    IMPLEMENTATION,
    TrieAttention,
    TrieError,
    attend,
    cut,
    cut_exactly,
    installed,
)
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
    bounds = [*module._places_to_cut(trie).tolist(), trie.size]
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


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize(("softcap", "sinks"), [(None, False), (2.0, False), (None, True)])
@pytest.mark.parametrize("exact", [False, True])
def test_equal_to_one_dense_softmax(window, softcap, sinks, exact):
    """The definition, in float64, over one mask of all nodes; two heads of queries to one of keys."""
    trie = bushy(3)
    make = torch.Generator().manual_seed(5)
    query, key, value = (torch.randn(1, h, trie.size, w, generator=make) for h, w in ((4, 8), (2, 8), (2, 6)))
    s_aux = torch.randn(4, generator=make) if sinks else None
    scores = query.double() @ key.double().repeat_interleave(2, 1).transpose(2, 3) * 0.3
    if softcap:
        scores = torch.tanh(scores / softcap) * softcap
    scores = scores.masked_fill(~torch.from_numpy(dense(trie, window)), -torch.inf)
    if s_aux is not None:
        scores = torch.cat((scores, s_aux.double()[None, :, None, None].expand(1, 4, trie.size, 1)), -1)
    wanted = (scores.softmax(-1)[..., : trie.size] @ value.double().repeat_interleave(2, 1)).transpose(1, 2)
    with installed(tiny_model("llama").config, TrieAttention(trie, exact)):
        found, _ = attend(
            torch.nn.Module(), query, key, value, scaling=0.3, sliding_window=window, softcap=softcap, s_aux=s_aux
        )
    torch.testing.assert_close(found.double(), wanted, atol=2e-6, rtol=0)


def test_a_stem_needs_no_mask():
    trie = grow([(0, Prompt(tuple(range(200)), ((7,), (8,))))])
    tiles = TrieAttention(trie).tiles(torch.zeros(1, 2, trie.size, 512), None, masked=False)
    assert tiles[0].mask is None
    assert tiles[0].queries.stop >= 200 - 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"attention_mask": torch.zeros(1, 1, 3, 3)}, "a mask"),
        ({"position_bias": torch.zeros(3)}, "position_bias"),
        ({"is_causal": False}, "both directions"),
        ({"dropout": 0.1}, "dropout"),
    ],
)
def test_what_a_trie_cannot_give_is_refused(given, said):
    trie = grow([(0, Prompt((1, 2), ((3,),)))])
    states = torch.zeros(1, 2, 3, 4)
    with installed(tiny_model("llama").config, TrieAttention(trie)), pytest.raises(TrieError, match=said):
        attend(torch.nn.Module(), states, states, states, **given)


def test_another_number_of_keys_is_refused():
    trie = grow([(0, Prompt((1, 2), ((3,),)))])
    query, key = torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 5, 4)
    with installed(tiny_model("llama").config, TrieAttention(trie)), pytest.raises(TrieError, match="5 keys"):
        attend(torch.nn.Module(), query, key, key)


def test_the_models_own_attention_comes_back():
    config = tiny_model("llama").config
    before = config._attn_implementation

    def fail():
        with installed(config, TrieAttention(grow([(0, Prompt((1,), ((3,),)))]))):
            assert config._attn_implementation == IMPLEMENTATION
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert config._attn_implementation == before
