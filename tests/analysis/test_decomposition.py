from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from probe.analysis.decomposition import decompose, format_effects

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


def rebuilt(found, formats):
    """What main effects and pairs say of every variant."""
    z = np.full(formats.shape, found.mean)
    names = list(formats.varied)
    for point in np.ndindex(*formats.shape):
        level = {name: formats.varied[name][at] for name, at in zip(names, point, strict=True)}
        z[point] += sum(found.axes[name].levels[level[name]] for name in names)
        z[point] += sum(pair.cells[level[pair.axes[0]]][level[pair.axes[1]]] for pair in found.pairs)
    return z.ravel()


def test_planted_main_effects_and_interactions_come_back():
    o, x = FORMATS.order, FORMATS.label
    cue = np.where(["cue=answer" in v for v in FORMATS.variants], 1.0, -1.0)
    base = 0.3 + 0.5 * o - 0.25 * x + 0.4 * o * x - 0.2 * cue + 0.1 * x * cue
    apart = np.array([1.0, -3.0])[:, None]
    weights = np.array([0.75, 0.25])
    found = format_effects(base + 0.7 * o * x * cue + apart * (o + 0.5 * x * cue), weights, FORMATS)
    assert found.mean == pytest.approx(0.3)
    assert found.axes["order"].levels == pytest.approx({"p1": 0.5, "p2": -0.5})
    assert found.axes["cue"].levels == pytest.approx({"answer": -0.2, "choice": 0.2})
    assert found.axes["label_order"].size == pytest.approx(0.25)
    assert found.axes["order"].item_size == pytest.approx(np.sqrt(3))
    assert found.axes["cue"].item_size == pytest.approx(0, abs=1e-12)
    first, second = found.pairs[:2]
    assert (first.axes, first.size) == (("order", "label_order"), pytest.approx(0.4))
    assert first.cells["p1"] == pytest.approx({"p1": 0.4, "p2": -0.4})
    assert (second.axes, second.cells["p2"]["answer"]) == (("label_order", "cue"), pytest.approx(-0.1))
    assert [pair.size for pair in found.pairs[2:]] == pytest.approx([0] * 8, abs=1e-12)
    assert found.higher_size == pytest.approx(0.7)
    assert found.item_higher_size == pytest.approx(0.5 * np.sqrt(3))
    assert rebuilt(found, FORMATS) == pytest.approx(base)


@steady
@given(arrays(float, (3, 32), elements=st.floats(-10, 10)))
def test_squares_of_the_effects_are_the_variance_of_formats(z):
    weights = np.array([0.2, 0.3, 0.5])
    found, shares = format_effects(z, weights, FORMATS), decompose(z, weights, FORMATS)
    common = [axis.size for axis in found.axes.values()] + [pair.size for pair in found.pairs] + [found.higher_size]
    apart = [axis.item_size for axis in found.axes.values()] + [found.item_higher_size]
    within = weights @ z.var(axis=1)
    assert sum(size**2 for size in common + apart) == pytest.approx(within, rel=1e-9, abs=1e-12)
    if shares is None or shares.variance < 1e-6:
        return
    interactions = sum(pair.share for pair in found.pairs) + found.higher_size**2 / shares.variance
    assert interactions == pytest.approx(shares.axis_interactions, abs=1e-9)
    for axis, share in shares.axes.items():
        assert found.axes[axis].size ** 2 / shares.variance == pytest.approx(share, abs=1e-9)


def test_an_axis_with_three_levels_and_a_single_variant():
    formats = laid({"label_set": ("AB", "12", "KR")})
    found = format_effects(np.array([[1.0, 2.0, 6.0]]), np.ones(1), formats)
    assert found.axes["label_set"].levels == pytest.approx({"AB": -2.0, "12": -1.0, "KR": 3.0})
    assert found.pairs == ()
    alone = format_effects(np.array([[1.0], [2.0]]), np.array([0.5, 0.5]), laid({}))
    assert (alone.mean, alone.axes, alone.pairs, alone.higher_size) == (1.5, {}, (), 0.0)
