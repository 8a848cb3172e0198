"""Guards: growth is measured on what a point names, and the exponent is a slope in logarithms."""

from __future__ import annotations

from dataclasses import replace

import pytest


def test_an_exponent_is_a_slope(bench):
    growth = bench("growth")
    found = [growth.Found(at, 0, 0, 3 * at**2, 5 * at**0.5) for at in (1, 4, 16)]
    assert growth.exponent(found, "seconds") == pytest.approx(2)
    assert growth.exponent(found, "megabytes") == pytest.approx(0.5)


def test_points_move_what_their_curve_says(bench):
    growth = bench("growth")
    for name, (_, points) in growth.CURVES.items():
        moved = "stem" if name == "length" else "formats" if name == "plain" else "shape" if name == "model" else name
        values = [getattr(point, moved) for point in points]
        assert len(set(values)) == len(values) >= 3
        assert len({replace(point, **{moved: values[0]}) for point in points}) == 1


@pytest.mark.parametrize("reader", ["trie", "plain"])
def test_a_point_is_measured(bench, reader):
    growth = bench("growth")
    point = growth.Point(shape="tiny", vocabulary=500, stem=20, formats=4, items=2, reader=reader, rounds=1)
    seconds, _, tokens, nodes = growth.measured(point)
    assert seconds > 0
    assert (tokens, nodes) == (4 * (20 + 2 * growth.BLOCK), 20 + 6 * growth.BLOCK)
