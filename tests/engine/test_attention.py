"""Guards: attention over a trie is one softmax over everything above a node, and what it cannot give is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import tiny_model

from probe.engine import tiles
from probe.engine.attention import IMPLEMENTATION, TrieAttention, TrieError, attend, installed
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


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize(("softcap", "sinks"), [(None, False), (2.0, False), (None, True)])
@pytest.mark.parametrize(("exact", "call"), [(False, 1e6), (False, 1.0), (True, 1e6)])
def test_equal_to_one_dense_softmax(window, softcap, sinks, exact, call, monkeypatch):
    """The definition, in float64, over one mask of all nodes; two heads of queries to one of keys; few tiles or many."""
    monkeypatch.setitem(tiles._CALL, "cpu", call)
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


def test_cheap_calls_make_tiles_whose_keys_lie_apart(monkeypatch):
    """Else nothing here would read a key that is not where a contiguous run has it."""
    monkeypatch.setitem(tiles._CALL, "cpu", 1.0)
    laid = TrieAttention(bushy(3)).tiles(torch.zeros(1, 4, bushy(3).size, 8), None, masked=False)
    assert sum(tile.keys is not None for tile in laid) >= 3
    assert any(tile.keys is None for tile in laid)


def test_layers_of_two_windows_do_not_share_their_tiles():
    trie = bushy(3)
    states = torch.randn(1, 2, trie.size, 8, generator=torch.Generator().manual_seed(5))
    given = {"query": states, "key": states, "value": states}

    def read(windows):
        with installed(tiny_model("llama").config, TrieAttention(trie)):
            return [attend(torch.nn.Module(), **given, sliding_window=window)[0] for window in windows]

    both, (wide,), (narrow,) = read([None, 5]), read([None]), read([5])
    assert torch.equal(both[0], wide)
    assert torch.equal(both[1], narrow)
    assert not torch.allclose(wide, narrow)


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
