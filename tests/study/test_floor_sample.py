"""Guards: cells of the numeric floor are spread, bounded by what reading costs, and follow from the plan alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from planned import plan_model

from probe.prompts.pack import Prompt
from probe.prompts.trie import grow
from probe.study.floor_sample import FEWEST, MOST, FloorSample, tokens_alone, trie_tokens
from probe.study.planning import floor_passes
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")


@pytest.fixture(scope="module")
def items():
    study = resolve(Request(suite=(SHORT,), design="standard"))
    return plan_model(study, study.sources[0]).items


def sample(items, passes=1, *, shared=False):
    found = FloorSample(passes, shared)
    for place, item in enumerate(items):
        found.add(place, item)
    return found


def by_hand(items, cells):
    """Tokens of every pass of `read_alone`, counted from its description."""
    total = 0
    for item, row in cells:
        prompt = sorted(items[item].prompts, key=lambda one: one.variant.id)[row].prompt
        asked = {prompt.input_ids + more[:n] for more in prompt.continuations for n in range(len(more))}
        total += sum(map(len, asked))
    return total


def test_passes_of_a_prompt():
    prompt = Prompt((1, 2, 3), ((7,), (8, 9), (8, 5)))
    assert tokens_alone(prompt) == 3 + 4
    assert trie_tokens(prompt) == 3 + 4 == grow([(0, prompt)]).size


def test_by_a_trie_a_cell_costs_the_nodes_of_its_own(items):
    cells, tokens = sample(items, passes=2, shared=True).chosen(10**9)
    prompts = [sorted(items[item].prompts, key=lambda one: one.variant.id)[row].prompt for item, row in cells]
    assert tokens == 2 * sum(grow([(0, prompt)]).size for prompt in prompts)
    assert len(cells) == MOST


@pytest.mark.parametrize("passes", [1, 2])
def test_many_cells_where_reading_costs_more_and_never_fewer_than_the_fewest(items, passes):
    own = sample(items, passes)
    dear, cheap = own.chosen(10**9), own.chosen(0)
    assert (len(dear.cells), len(cheap.cells)) == (MOST, FEWEST) == (200, 40)
    assert dear.cells[:FEWEST] == cheap.cells
    assert dear.tokens == passes * by_hand(items, dear.cells)
    reading = 4 * dear.tokens
    some = own.chosen(reading)
    assert FEWEST < len(some.cells) < MOST
    assert some.cells == dear.cells[: len(some.cells)]
    assert some.tokens <= 0.15 * reading < passes * by_hand(items, dear.cells[: len(some.cells) + 1])


def test_they_are_spread_over_sides_label_sets_and_items(items):
    cells, _ = sample(items).chosen(0)
    told = [(items[item], row) for item, row in cells]
    ordered = [(one, sorted(one.prompts, key=lambda p: p.variant.id)[row].variant) for one, row in told]
    strata = Counter((one.item.side, variant["label_set"]) for one, variant in ordered)
    every = {(one.item.side, p.variant["label_set"]) for one in items for p in one.prompts}
    assert strata.keys() == every
    assert max(strata.values()) - min(strata.values()) <= 1
    for stratum in every:
        asked = Counter(one.item.id for one, variant in ordered if (one.item.side, variant["label_set"]) == stratum)
        there = sum(one.item.side == stratum[0] for one in items)
        assert len(asked) == min(there, strata[stratum])


def test_float32_compute_is_read_once():
    study = resolve(Request(suite=(SHORT,), compute="fp32"))
    assert floor_passes(study) == 1
    assert floor_passes(resolve(Request(suite=(SHORT,)))) == 2
