from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import expit, rel_entr

from probe.analysis.divergence import (
    jensen_shannon,
    kl_divergence,
    kl_error,
    kl_floor,
    kl_from_log_odds,
    soft_switch,
    soft_switch_excess,
    total_variation,
)

from .build import steady

logs = st.floats(-25, 25)
mild = st.floats(-8, 8)


@pytest.mark.parametrize(
    ("z_p", "z_q", "kl"),
    [(0.0, 40.0, 19.306852819440056), (40.0, 0.0, 0.6931471805599453), (800.0, -800.0, 800.0)],
)
def test_known_values(z_p, z_q, kl):
    assert kl_divergence(z_p, z_q) == pytest.approx(kl, abs=1e-12)


@steady
@given(mild, mild)
def test_equals_scipy(z_p, z_q):
    p, q = ([expit(z), expit(-z)] for z in (z_p, z_q))
    assert kl_divergence(z_p, z_q) == pytest.approx(sum(rel_entr(p, q)), abs=1e-12)
    assert jensen_shannon(z_p, z_q) == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-10)


@steady
@given(logs, logs)
def test_bounds(z_p, z_q):
    kl = kl_divergence(z_p, z_q)
    assert 0 <= kl <= (z_p - z_q) ** 2 / 8 + 1e-13
    assert 0 <= jensen_shannon(z_p, z_q) <= np.log(2) + 1e-12
    assert kl_divergence(-z_p, -z_q) == pytest.approx(kl, abs=1e-12)


def test_cell_by_cell_is_never_negative_and_zero_on_the_diagonal():
    z = np.linspace(-30, 30, 61)
    table = kl_from_log_odds(z[:, None], z[None, :])
    assert (table >= 0).all()
    assert (np.diag(table) == 0).all()


@steady
@given(mild, mild, st.floats(1e-4, 0.05))
def test_the_error_covers_what_a_shift_of_both_log_odds_does(z_p, z_q, delta):
    kl = kl_divergence(z_p, z_q)
    moved = [kl_divergence(z_p + a * delta, z_q + b * delta) for a in (-1, 1) for b in (-1, 1)]
    # The bound is of first order with the second-order floor; curvature may add a little of delta^2.
    assert max(abs(m - kl) for m in moved) <= kl_error(z_p, z_q, delta) + 2 * delta**2


def test_floor_and_error_of_the_worked_example():
    assert kl_floor(0.05) == pytest.approx(0.00125, abs=1e-15)
    assert round(kl_error(0.0, 0.5, 0.05), 4) == 0.0136
    assert round(kl_error(0.0, 3.0, 0.05), 3) == 0.061
    assert kl_error(1.0, 1.0, 0.05) == kl_floor(0.05)


@steady
@given(st.floats(-3, 3), st.floats(1e-3, 0.5))
def test_two_equal_preferences_stay_below_the_floor(z, delta):
    assert kl_divergence(z - delta, z + delta) <= kl_floor(delta) + 1e-15


@steady
@given(logs, logs)
def test_switches_and_variation_are_those_of_the_probabilities(z_p, z_q):
    p, q = expit(z_p), expit(z_q)
    assert total_variation(z_p, z_q) == pytest.approx(abs(p - q), abs=1e-15)
    switch = soft_switch(z_p, z_q)
    assert switch == pytest.approx(p * (1 - q) + q * (1 - p), abs=1e-15)
    assert soft_switch_excess(z_p, z_q) == pytest.approx(switch - p * (1 - p) - q * (1 - q), abs=1e-14)


def test_total_variation_near_one_keeps_its_digits():
    assert total_variation(40.0, 41.0) == pytest.approx(np.exp(-40) - np.exp(-41), rel=1e-12, abs=0)
