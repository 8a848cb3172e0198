"""Guards: a trie holds every prefix once, in depth-first order; whoever is above a node is found by index alone; a
pack splits within its budget by a rule that knows nothing but the pack.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.prompts.pack import Pack, Prompt
from probe.prompts.trie import grow, shared_length, split, telling_rows

tokens = st.integers(0, 3)  # few, so that prompts share prefixes and one may begin another
continuations = st.lists(st.lists(tokens, min_size=1, max_size=3).map(tuple), min_size=0, max_size=3, unique=True)
prompts = st.builds(Prompt, st.lists(tokens, min_size=1, max_size=9).map(tuple), continuations.map(tuple))
packs = st.builds(Pack, st.lists(prompts, min_size=1, max_size=7).map(tuple), st.integers(1, 60))


def prefixes(pack, rows):
    found = set()
    for row in rows:
        prompt = pack.prompts[row]
        for more in prompt.continuations or ((),):
            whole = prompt.input_ids + more
            found |= {whole[:n] for n in range(1, len(whole) + 1)}
    return found


def sequence_to(trie, node):
    return tuple(trie.tokens[[*trie.ancestors(node), node]].tolist())


@given(pack=packs)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_every_prefix_is_one_node_after_its_ancestors(pack):
    trie = grow(enumerate(pack.prompts))
    nodes = [sequence_to(trie, node) for node in range(trie.size)]
    assert sorted(nodes) == sorted(prefixes(pack, range(len(pack.prompts))))
    assert nodes == sorted(nodes)
    assert trie.depths.tolist() == [len(sequence) - 1 for sequence in nodes]


@given(pack=packs)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_intervals_say_who_is_above_whom(pack):
    trie = grow(enumerate(pack.prompts))
    nodes = [sequence_to(trie, node) for node in range(trie.size)]
    for i, above in enumerate(nodes):
        for j, below in enumerate(nodes):
            assert (i <= j < trie.last[i]) == (below[: len(above)] == above)


@given(pack=packs)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_prompts_find_their_nodes(pack):
    trie = grow(enumerate(pack.prompts))
    assert [place.row for place in trie.prompts] == list(range(len(pack.prompts)))
    for place in trie.prompts:
        prompt = pack.prompts[place.row]
        assert sequence_to(trie, place.decision) == prompt.input_ids
        for nodes, more in zip(place.continuations, prompt.continuations, strict=True):
            for n, node in enumerate(nodes, 1):
                assert sequence_to(trie, node) == prompt.input_ids + more[:n]


@given(pack=packs, seed=st.integers(0, 9))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_the_order_of_prompts_changes_nothing(pack, seed):
    order = np.random.default_rng(seed).permutation(len(pack.prompts))
    one = grow(enumerate(pack.prompts))
    other = grow((int(row), pack.prompts[row]) for row in order)
    assert np.array_equal(one.tokens, other.tokens)
    assert np.array_equal(one.last, other.last)
    assert one.prompts == other.prompts


@given(pack=packs)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_segments_are_the_chains_without_a_branch(pack):
    trie = grow(enumerate(pack.prompts))
    parents = [int(trie.ancestors(node)[-1]) if trie.depths[node] else -1 for node in range(trie.size)]
    only_child = [parent >= 0 and parents.count(parent) == 1 for parent in parents]
    assert trie.segments().tolist() == [node for node in range(trie.size) if not only_child[node]]


@given(pack=packs)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_parts_stay_within_the_budget_and_lose_nothing(pack):
    parts = split(pack)
    assert sorted(place.row for part in parts for place in part.prompts) == list(range(len(pack.prompts)))
    for part in parts:
        assert part.size <= pack.budget or len(part.prompts) == 1


def test_a_pack_within_its_budget_is_one_trie():
    pack = Pack(tuple(Prompt((1, 2, 3, n), ((5,), (6,))) for n in range(4)), 3 + 4 * 3)
    (trie,) = split(pack)
    assert trie.size == 15
    assert len(split(Pack(pack.prompts, 14))) == 2


def test_neighbours_share_a_part():
    """Prompts that share their beginnings are read together, wherever they stand in the pack."""
    pack = Pack(tuple(Prompt((n % 2,) * 9 + (n,), ((5,),)) for n in range(6)), 15)
    assert [[place.row for place in part.prompts] for part in split(pack)] == [[0, 2, 4], [1, 3, 5]]


def test_long_prompts_can_be_kept_to_themselves():
    lengths = (3, 8, 4, 9)
    pack = Pack(tuple(Prompt((1,) * length, ((5,),)) for length in lengths), 4096)
    parts = [[place.row for place in part.prompts] for part in split(pack, alone_above=5)]
    assert parts == [[0, 2], [1], [3]]
    assert [len(part.prompts) for part in split(pack, alone_above=9)] == [3, 1]


def test_telling_rows_are_short_long_and_deep():
    deep = [Prompt((1, 2, *(3,) * n, 4, 4), ((9,),)) for n in range(3)]
    pack = Pack((Prompt((7,) * 12, ((9,),)), *deep, Prompt((8,), ((9,),))), 4096)
    assert telling_rows(pack) == (0, 2, 3, 4)


@pytest.mark.parametrize(
    ("one", "other", "length"), [([], [1], 0), ([1, 2], [1, 2], 2), ([1, 2], [1, 2, 3], 2), ([1, 9, 3], [1, 2, 3], 1)]
)
def test_shared_length(one, other, length):
    assert shared_length(np.array(one, np.int64), np.array(other, np.int64)) == length
