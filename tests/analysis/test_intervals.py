from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from probe.analysis.intervals import t_interval


def test_with_equal_weights_it_is_the_textbook_interval():
    x = np.random.default_rng(0).normal(size=9)
    expected = stats.t.interval(0.9, 8, loc=x.mean(), scale=stats.sem(x))
    assert t_interval(x, np.full(9, 1 / 9), 0.9) == pytest.approx(expected, abs=1e-12)


def test_it_stands_around_the_weighted_mean():
    low, high = t_interval(np.array([0.0, 1.0, 1.0]), np.array([0.5, 0.25, 0.25]))
    assert (low + high) / 2 == pytest.approx(0.5, abs=1e-12)


def test_one_unit_has_no_interval():
    assert t_interval(np.array([0.3]), np.ones(1)) is None
