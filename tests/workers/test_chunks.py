"""Units hold every pack once, cost about the same, and go where their model is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.workers.chunks import Chunk, Waiting, cut, cut_study


@given(st.lists(st.integers(1, 1000), max_size=200), st.integers(1, 300))
def test_a_cut_holds_every_pack_once_in_runs_of_about_equal_cost(costs, blocks):
    runs = cut(costs, blocks)
    assert [item for start, stop in runs for item in range(start, stop)] == list(range(len(costs)))
    assert all(start < stop for start, stop in runs)
    assert len(runs) <= blocks
    if costs:
        share = sum(costs) / min(blocks, len(costs))
        assert max(sum(costs[start:stop]) for start, stop in runs) <= share + 2 * max(costs)


def test_cost_counts_and_not_the_number_of_packs():
    assert cut([100, *[1] * 100], 2) == [(0, 1), (1, 101)]
    assert cut([1] * 100, 2) == [(0, 50), (50, 100)]


def test_a_dear_model_gets_more_units_and_a_cheap_one_at_least_one():
    chunks = cut_study({"big": [1000] * 90, "small": [1] * 90}, {"big": 4096, "small": 2048}, 16)
    assert len(chunks["big"]) == 16
    assert [(one.start, one.stop, one.budget) for one in chunks["small"]] == [(0, 90, 2048)]
    assert sum(one.cost for one in chunks["big"]) == 90_000


def chunk(model, start, cost=1):
    return Chunk(model, 4096, start, start + 1, cost)


@pytest.fixture
def waiting():
    both = Waiting()
    for one in (chunk("big", 0, 50), chunk("big", 1, 50), chunk("small", 0, 30)):
        both.add(one)
    return both


def test_a_worker_goes_on_with_the_model_that_it_holds(waiting):
    assert waiting.take(("small", 4096), []) == chunk("small", 0, 30)
    assert waiting.take(("small", 4096), []) == chunk("big", 0, 50)


def test_a_worker_without_a_model_takes_that_with_most_left_for_each_that_holds_it(waiting):
    assert waiting.take(None, []) == chunk("big", 0, 50)
    assert waiting.take(None, [("big", 4096)]) == chunk("small", 0, 30)
    assert waiting.take(None, [("big", 4096)]) == chunk("big", 1, 50)
    assert waiting.take(None, []) is None
    assert not waiting


def test_a_model_that_starts_again_is_not_the_one_that_is_held(waiting):
    assert waiting.take(("small", 2048), []) == chunk("big", 0, 50)


def test_what_is_dropped_is_not_handed_out(waiting):
    waiting.drop("big")
    assert waiting.take(("big", 4096), []) == chunk("small", 0, 30)
    assert waiting.take(("big", 4096), []) is None
