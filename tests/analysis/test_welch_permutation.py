"""Guards: every arrangement's t test equals scipy's; short cuts decide as its p-value does, in the tails as well."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from probe.analysis.intervals import equal_weights, welch
from probe.analysis.welch_permutation import Sides, deal, reached, scaled


def arrangements(units, others):
    everyone = range(units + others)
    return np.array([[*own, *sorted(set(everyone) - set(own))] for own in combinations(everyone, units)], dtype=np.int8)


def dealt_out(values, units):
    sides = Sides(equal_weights(units), equal_weights(values.shape[1] - units))
    slots = arrangements(units, values.shape[1] - units)
    columns = scaled(values)
    found, observed = deal(columns, slots, sides), deal(columns, slots[:1], sides)
    dealt = values[:, slots]
    theirs = stats.ttest_ind(dealt[..., :units], dealt[..., units:], axis=2, equal_var=False)
    return reached(found, observed, sides), found, theirs


@pytest.mark.parametrize(("units", "others"), [(3, 6), (4, 4), (6, 3)])
def test_every_arrangement_equals_scipys_t_test(units, others):
    values = np.random.default_rng(units).normal(0.6, [0.3] * units + [0.1] * others, (5, units + others))
    _, found, theirs = dealt_out(values, units)
    assert np.sqrt(found.square) == pytest.approx(np.abs(theirs.statistic.T), rel=1e-9)
    assert found.df == pytest.approx(theirs.df.T, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.3, 3.0, 1e2, 1e4])
@pytest.mark.parametrize(("units", "others"), [(2, 7), (5, 4)])
def test_an_arrangement_is_reached_by_its_p_value(units, others, shift):
    rng = np.random.default_rng(others)
    values = rng.normal(0.0, rng.uniform(0.1, 2.0, (40, units + others)))
    values[:, :units] += shift
    own, _, theirs = dealt_out(values, units)
    bar = theirs.pvalue[:, :1] * (1 + 1e-6)
    assert (own == (theirs.pvalue <= bar).T).all()
    assert own[0].all()


def test_a_larger_t_with_few_degrees_of_freedom_is_not_as_extreme():
    values = np.random.default_rng(1).normal(0.0, [1.0] * 3 + [0.1] * 6, (300, 9))
    own, found, _ = dealt_out(values, 3)
    larger = found.square >= found.square[0] * (1 - 1e-9)
    assert (larger & ~own).any()
    assert (own & ~larger).any()
    fewer = found.df < found.df[0]
    assert not (larger & ~own & ~fewer).any()


def test_degrees_of_freedom_take_the_weights_of_the_places():
    weights, stated = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.1, 0.25, 0.25])
    values = np.random.default_rng(2).uniform(size=(4, 7))
    sides = Sides(weights, stated)
    found = deal(scaled(values), np.arange(7, dtype=np.int8)[None], sides)
    own = welch(values[:, :3], values[:, 3:], weights, stated)
    assert found.df[0] == pytest.approx(own.df, rel=1e-9)
    assert np.sqrt(found.square[0]) == pytest.approx(np.abs(own.value / own.error), rel=1e-9)
    assert (sides.fewest, sides.most) == (2, 5)


def test_sides_without_variance_are_as_far_apart_as_can_be_or_the_same():
    slots = arrangements(3, 3)
    sides = Sides(equal_weights(3), equal_weights(3))
    columns = scaled(np.array([[0.9] * 3 + [0.2] * 3, [0.4] * 6]))
    found = deal(columns, slots, sides)
    assert found.square[0].tolist() == [np.inf, 0.0]
    own = reached(found, deal(columns, slots[:1], sides), sides)
    assert own.sum(axis=0).tolist() == [2, 20]
