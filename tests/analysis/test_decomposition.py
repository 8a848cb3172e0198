from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from probe.analysis.decomposition import decompose

from .build import QUICK, STANDARD, laid, steady

FORMATS = laid(STANDARD)


@steady
@given(arrays(float, (3, 32), elements=st.floats(-10, 10)))
def test_shares_add_up_to_one(z):
    parts = decompose(z, np.array([0.2, 0.3, 0.5]), FORMATS)
    if parts is None or parts.variance < 1e-9:
        return
    shares = [parts.items, *parts.axes.values(), parts.axis_interactions, parts.item_interactions]
    assert sum(shares) == pytest.approx(1, abs=1e-9)
    assert min(shares) >= 0


def test_planted_terms_fall_into_their_shares():
    formats = laid(QUICK)
    o, x = formats.order, formats.label
    item = np.array([3.0, -1.0])[:, None]
    apart = np.array([1.0, -3.0])[:, None]
    weights = np.array([0.75, 0.25])
    z = item + 0.5 * o + 0.25 * x + 1.5 * o * x + apart * o
    parts = decompose(z, weights, formats)
    squares = {"items": 3.0, "order": 0.25, "label_order": 0.0625, "both": 2.25, "apart": 3.0}
    total = sum(squares.values())
    assert parts.variance == pytest.approx(total)
    assert parts.items == pytest.approx(squares["items"] / total)
    expected = {"order": squares["order"] / total, "label_order": squares["label_order"] / total}
    assert parts.axes == pytest.approx(expected)
    assert parts.axis_interactions == pytest.approx(squares["both"] / total)
    assert parts.item_interactions == pytest.approx(squares["apart"] / total)


def sums_of_squares(z, columns):
    """What a least-squares fit on dummy variables of each term adds, term after term."""
    y, fitted, found = z.ravel(), np.ones((z.size, 1)), {}
    rest = ((y - y.mean()) ** 2).sum()
    for name, dummies in columns.items():
        fitted = np.hstack([fitted, dummies])
        residual = y - fitted @ np.linalg.lstsq(fitted, y, rcond=None)[0]
        found[name], rest = rest - (residual**2).sum(), (residual**2).sum()
    return found, rest


def test_an_independent_analysis_of_variance_of_the_same_table():
    """Ordinary least squares on dummies, and scipy's F of the items."""
    rng = np.random.default_rng(0)
    items = 6
    grid = rng.normal(0, 1, (items, 1)) + 0.7 * FORMATS.order + 0.3 * FORMATS.label * FORMATS.order
    z = grid + rng.normal(0, 0.5, (items, 32))
    parts = decompose(z, np.full(items, 1 / items), FORMATS)
    item = np.repeat(np.eye(items), 32, axis=0)
    points = np.indices(FORMATS.shape).reshape(len(FORMATS.shape), -1)
    columns = {"items": item}
    for axis, level in zip(FORMATS.varied, points, strict=True):
        columns[axis] = np.tile(np.eye(level.max() + 1)[level], (items, 1))
    columns["variants"] = np.tile(np.eye(32), (items, 1))
    squares, rest = sums_of_squares(z, columns)
    total = ((z - z.mean()) ** 2).sum()
    assert parts.variance == pytest.approx(z.var())
    assert parts.items == pytest.approx(squares["items"] / total)
    for axis in FORMATS.varied:
        assert parts.axes[axis] == pytest.approx(squares[axis] / total, abs=1e-12)
    assert parts.axis_interactions == pytest.approx(squares["variants"] / total)
    assert parts.item_interactions == pytest.approx(rest / total)
    f = (parts.items / (items - 1)) / ((1 - parts.items) / (items * 32 - items))
    assert f == pytest.approx(stats.f_oneway(*z).statistic)


def test_without_variance_there_are_no_shares():
    assert decompose(np.zeros((2, 4)), np.array([0.5, 0.5]), laid(QUICK)) is None


def test_a_single_variant_leaves_everything_to_the_items():
    parts = decompose(np.array([[1.0], [2.0]]), np.array([0.5, 0.5]), laid({}))
    assert (parts.items, parts.axes) == (1.0, {})
