"""Guards: --limit keeps the same items whatever stands beside them, and a smaller limit within a larger one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.design.suites import limit_items
from probe.design.tradeoffs import load_tradeoff
from probe.errors import InputError

DATA = Path(__file__).parent.parent / "data"
ITEMS = [i for name in ("short", "long") for i in expand(load_tradeoff(DATA / f"{name}.yaml").tradeoff)]


def test_the_first_of_each_side_of_each_tradeoff():
    assert [item.id for item in limit_items(ITEMS, 1)] == [
        "long/apple/many=one",
        "long/apple~bridge",
        "long/last-cake",
        "long/same-hat",
        "short/apple/many=one",
        "short/apple~bridge",
        "short/last-cake",
        "short/same-hat",
    ]


def test_limits_nest_and_do_not_depend_on_order():
    kept = [limit_items(ITEMS, n) for n in range(1, 9)]
    assert all(set(small) < set(large) for small, large in pairwise(kept[:4]))
    assert set(kept[-1]) == set(ITEMS)
    assert limit_items(ITEMS[::-1], 3) == kept[2]
    assert set(limit_items([i for i in ITEMS if i.tradeoff == "long"], 2)) < set(kept[1])


@pytest.mark.parametrize("n", [0, -1])
def test_a_limit_is_positive(n):
    with pytest.raises(InputError, match=f"--limit: at least 1 item is needed, found {n}"):
        limit_items(ITEMS, n)
