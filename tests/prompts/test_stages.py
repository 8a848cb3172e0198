"""Guards: stages read every node of a trie, never what follows a filling, and no other cuts compute less."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.prompts.pack import Prompt
from probe.prompts.stages import Staged, stages
from probe.prompts.trie import grow

tokens = st.lists(st.integers(0, 2), min_size=1, max_size=6).map(tuple)


@st.composite
def tries(draw):
    """Prompts that share much, with continuations or none."""
    more = st.lists(tokens, max_size=3, unique=True).map(tuple)
    return grow(enumerate(draw(st.lists(st.builds(Prompt, tokens, more), min_size=1, max_size=6))))


def all_rows(staged):
    """Every batch, each with its parent batch."""
    waiting = [(rows, None) for rows in staged.first()]
    while waiting:
        rows, above = waiting.pop()
        yield rows, above
        waiting += [(below, rows) for below in staged.below(rows)]


def cost(trie, depths, pass_tokens=0):
    """What passes compute, counted row by row."""
    whole = Staged(trie, depths, 10**9)
    found = 0
    for start, end in itertools.pairwise((0, *depths)):
        count = sum(rows.ends.size for rows, _ in all_rows(whole) if rows.start == start)
        found += count * (end - start) + pass_tokens
    return found


@given(tries(), st.sampled_from([None, 1, 2, 3]), st.sampled_from([0, 3]), st.sampled_from([1, 2]))
def test_no_other_cuts_compute_less(trie, most, pass_tokens, narrowest):
    deepest = int(trie.depths.max()) + 1
    possible = [
        (*depths, deepest)
        for count in range(deepest if most is None else min(most, deepest))
        for depths in itertools.combinations(range(1, deepest), count)
        if all(end - start >= narrowest for start, end in itertools.pairwise((*depths, deepest)))
    ]
    found = stages(trie, most, pass_tokens=pass_tokens, narrowest=narrowest)
    assert found in possible
    assert cost(trie, found, pass_tokens) == min(cost(trie, depths, pass_tokens) for depths in possible)


@given(tries())
def test_with_any_number_of_passes_each_node_is_computed_once(trie):
    assert cost(trie, stages(trie)) == trie.size


def test_passes_that_cost_more_than_they_save_are_avoided():
    ways = [sum(blocks, ()) for blocks in itertools.product(((3, 3, 3), (4, 4, 4)), repeat=3)]
    trie = grow(enumerate(Prompt((1,) * 20 + way, ((5,),)) for way in ways))
    assert stages(trie) == (20, 23, 26, 30)
    saved = 4 * 6 - (2 * 3 + 4 * 3)
    assert stages(trie, pass_tokens=saved - 1) == (20, 23, 26, 30)
    assert stages(trie, pass_tokens=saved + 1) == (20, 26, 30)
    assert stages(trie, pass_tokens=500) == (30,)


@given(tries(), st.sampled_from([1, 2, 3, None]), st.sampled_from([1, 7, 10**6]), st.sampled_from([1, 2]))
def test_every_node_is_read_on_the_states_of_what_stands_above_it(trie, most, budget, narrowest):
    staged = Staged(trie, stages(trie, most, narrowest=narrowest), budget, 1, narrowest)
    seen = set()
    for rows, above in all_rows(staged):
        count, width = rows.nodes.shape
        assert count == 1 or count * width <= budget
        assert list(rows.ends) == sorted(rows.ends)
        assert rows.start == 0 or width >= narrowest
        for row, parent, last in zip(rows.nodes, rows.above, rows.ends, strict=True):
            way = row[row >= 0]
            assert (row[: way.size] == way).all()  # filled up behind its end alone
            before = () if above is None else tuple(above.nodes[parent])
            assert -1 not in before  # nothing goes on behind a filling
            reached = [*trie.ancestors(last), last]
            assert list(way) == reached[rows.start :]
            assert not before or list(before)[-1] == reached[rows.start - 1]
            seen.update(way.tolist())
            if width > way.size:
                assert trie.last[last] == last + 1
        assert rows.goes_on == (rows.stage < len(staged.depths) - 1 and any(True for _ in staged.below(rows)))
    assert seen == set(range(trie.size))


@pytest.mark.parametrize("most", [1, 2])
def test_most_bounds_the_passes(most):
    trie = grow(enumerate(Prompt((1, 2, a, 3, b, 4), ()) for a in range(3) for b in range(3)))
    assert len(stages(trie)) == 3
    assert len(stages(trie, most)) == most
