"""Guards: operations are counted by what a pass has of each kind."""

from __future__ import annotations

from probe.engine.estimates import FlopRate


def test_each_kind_counts():
    assert FlopRate(token=10, row=100, pair=1).flops(tokens=5, rows=2, pairs=15) == 50 + 200 + 15
