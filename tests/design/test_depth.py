"""Guards: which cells are read after every layer: whole crossings, spread over clusters, the same for the same study."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from probe.design.axes import load_design
from probe.design.depth import depth_items, depth_left_out
from probe.design.expand import expand
from probe.design.suites import load_suites

ITEMS = [item for file in load_suites(("honesty-kindness",)) for item in expand(file.tradeoff)]
DESIGNS = ("quick", "standard")


def cells(found):
    return [(one.id.removesuffix("~depth"), variant) for one in found for variant in one.variants]


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("asked", [4, 16, 30])
def test_whole_crossings_of_each_side(name, asked):
    design = load_design(name)
    found = depth_items(ITEMS, design, asked)
    for side in ("stated", "revealed"):
        own = [one for one in found if one.side == side]
        assert len(cells(own)) == asked // 4 * 4
        assert {one.table for one in own} == {"depth"}
        blocks = Counter()
        for one in own:
            blocks[one.cluster] += len(one.variants) // 4
        fit = {item.cluster for item in ITEMS if item.side == side and item.agreeing is None}
        assert len(blocks) == min(len(fit), asked // 4)
        assert max(blocks.values()) - min(blocks.values()) <= 1
    for one in found:
        asked_in = design.variants_of(one)
        assert tuple(variant.id for variant in asked_in) == one.variants
        crossed = Counter((variant["order"], variant["label_order"]) for variant in asked_in)
        assert len(crossed) == 4
        assert len(set(crossed.values())) == 1
        assert replace(one, id=one.id.removesuffix("~depth"), table="readings", variants=()) in ITEMS


@pytest.mark.parametrize("name", DESIGNS)
def test_more_cells_keep_the_fewer(name):
    design = load_design(name)
    few, more = (set(cells(depth_items(ITEMS, design, asked))) for asked in (8, 20))
    assert few < more
    assert depth_items(list(reversed(ITEMS)), design, 8) == depth_items(ITEMS, design, 8)


def test_at_least_one_crossing_and_at_most_all():
    design = load_design("quick")
    assert len(cells(depth_items(ITEMS, design, 1))) == 8
    fit = [item for item in ITEMS if item.side in ("stated", "revealed") and item.agreeing is None]
    assert len(cells(depth_items(ITEMS, design, 10**6))) == 4 * len(fit)
    assert depth_items(ITEMS, design, 0) == ()


def test_agreeing_and_fixed_items_are_passed_over():
    found = {one.id.removesuffix("~depth") for one in depth_items(ITEMS, load_design("quick"), 10**6)}
    by_id = {item.id: item for item in ITEMS}
    assert all(by_id[name].agreeing is None for name in found)
    assert any(item.agreeing is not None for item in ITEMS)
    printed = [replace(item, fixed=item.p1) for item in ITEMS if item.side == "revealed"]
    assert depth_items(printed, load_design("quick"), 8) == ()
    stated = [item for item in ITEMS if item.side == "stated"]
    assert list(depth_left_out([*printed, *stated])) == ["honesty-kindness revealed"]
    assert depth_left_out(ITEMS) == {}
