"""Guards: content beside controls without any: root mean squares of mean log-odds, by kind, in several formats only."""

from __future__ import annotations

import numpy as np
import pytest

from probe.analysis.study import analyse
from probe.store.facts import ControlFacts

from .build import QUICK, Asked, facts, laid, table

ORDER = laid(QUICK).order
SIDES = [Asked("t/s", "stated", 3.0 + 2.0 * ORDER), Asked("t/r", "revealed", -1.0)]


def floor(controls, sides=SIDES, axes=QUICK):
    asked = [Asked(f"t/{name}", "control", z, form=kind, p1="a", p2="b") for name, kind, z in controls]
    about = facts(axes, controls={f"t/{name}": ControlFacts(kind, None) for name, kind, _ in controls})
    return analyse(table([*sides, *asked], axes), about, {"m": 1e-9}).models["m"].content_floor


def test_root_mean_squares_by_kind():
    found = floor([("e1", "equivalent", 0.3), ("e2", "equivalent", -0.4), ("i", "identical", 5.0 * ORDER)])
    assert found.content == pytest.approx(np.sqrt((9 + 1) / 2))
    assert found.equivalent == pytest.approx(np.sqrt((0.09 + 0.16) / 2))
    assert (found.equivalent_items, found.identical_items) == (2, 1)
    assert found.identical == pytest.approx(0, abs=1e-12)


def test_without_such_controls_there_is_content_alone():
    found = floor([("d", "content_free", 2.0)])
    assert (found.equivalent, found.equivalent_items, found.identical, found.identical_items) == (None, 0, None, 0)


def test_one_format_tells_nothing():
    single = {"order": ("p1",)}
    sides = [Asked("t/s", "stated", 3.0), Asked("t/r", "revealed", -1.0)]
    assert floor([("e", "equivalent", 0.3)], sides, single) is None
