"""Guards: --limit keeps whole clusters, forms and kinds in turn, all controls, and a smaller limit in a larger one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.design.limit import limit_items
from probe.design.suites import load_suites
from probe.design.tradeoffs import load_tradeoff
from probe.errors import InputError

DATA = Path(__file__).parent.parent / "data"
ITEMS = [i for name in ("short", "long") for i in expand(load_tradeoff(DATA / f"{name}.yaml").tradeoff)]
SHIPPED = [i for file in load_suites(["core", "demo"]) for i in expand(file.tradeoff)]


def clusters(items, side):
    return Counter(tradeoff for tradeoff, _ in {(i.tradeoff, i.cluster) for i in items if i.side == side})


def test_the_first_of_each_side_of_each_tradeoff_and_all_controls():
    assert [item.id for item in limit_items(ITEMS, 1) if item.tradeoff == "short"] == [
        "short/blanket/cold=bit",
        "short/blanket/cold=very",
        "short/blanket~bridge",
        "short/same-hat",
        "short/sky",
        "short/toys",
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_every_cluster_is_whole_and_every_control_is_there(n):
    kept = limit_items(SHIPPED, n)
    own = {(i.side == "stated", i.cluster) for i in kept if i.side != "control"}
    assert set(kept) == {i for i in SHIPPED if i.side == "control" or (i.side == "stated", i.cluster) in own}
    for side in ("stated", "revealed"):
        assert set(clusters(kept, side).values()) == {n}
    assert clusters(kept, "bridge") == clusters(kept, "revealed")


def test_forms_in_turn():
    for n, expected in ((1, {"choose": 1}), (3, {"choose": 1, "agree": 1, "advise": 1})):
        kept = {(i.cluster, i.form) for i in limit_items(SHIPPED, n) if i.side == "stated" and i.tradeoff == "gift"}
        assert Counter(form for _, form in kept) == expected


def test_kinds_of_scenarios_in_turn():
    """Twelve scenarios of one set of factors come alone first by id; other sets take their turn before."""
    kept = [i for i in limit_items(SHIPPED, 3) if i.side == "revealed" and i.tradeoff == "honesty-kindness"]
    assert len({frozenset(factor for factor, _ in i.context) for i in kept}) == 3
    trail = {i.scenario for i in limit_items(SHIPPED, 2) if i.side == "revealed" and i.tradeoff == "trail"}
    assert len(trail) == 2


def test_limits_nest_and_do_not_depend_on_order_or_neighbours():
    kept = [limit_items(SHIPPED, n) for n in range(1, 14)]
    assert all(set(small) <= set(large) for small, large in pairwise(kept))
    assert set(kept[-1]) == set(SHIPPED) > set(kept[3])
    assert limit_items(SHIPPED[::-1], 3) == kept[2]
    assert set(limit_items([i for i in SHIPPED if i.tradeoff == "gift"], 2)) < set(kept[1])


def test_a_bridge_goes_with_its_scenario():
    kept = limit_items(ITEMS, 1)
    assert {i.cluster for i in kept if i.side == "bridge"} == {i.cluster for i in kept if i.side == "revealed"}


@pytest.mark.parametrize("n", [0, -1])
def test_a_limit_is_positive(n):
    with pytest.raises(InputError, match=f"--limit: at least 1 cluster is needed, found {n}"):
        limit_items(ITEMS, n)
