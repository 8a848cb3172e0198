"""Guards: a planted logistic curve comes back, wrong ways are counted, and nothing is read off where nothing crosses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from probe.analysis.dose import crossings, dose_curve
from probe.analysis.results import DosePoint, from_json, to_json
from probe.analysis.study import analyse
from probe.store.facts import TradeOffFacts

from .build import QUICK, Asked, facts, table

DOSES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def points(z):
    return [
        DosePoint(f"d{n}", dose, float(expit(v)), float(v)) for n, (dose, v) in enumerate(zip(DOSES, z, strict=True))
    ]


def curve(z, towards="x", stated=None, delta=1e-6):
    return dose_curve("t/s", "amount", points(z), towards, "x", stated, delta)


@given(start=st.floats(-3, -0.1), steps=st.lists(st.floats(0.05, 2), min_size=6, max_size=6))
def test_indifference_is_where_the_interpolated_curve_is_even(start, steps):
    z = start + np.concatenate([[0], np.cumsum(steps)])
    found = curve(z)
    if z[-1] <= 0:
        assert (found.indifference, found.crossings) == (None, int(z[-1] == 0))
        return
    expected = brentq(lambda dose: np.interp(dose, DOSES, z), DOSES[0], DOSES[-1], xtol=1e-12)
    assert found.indifference == pytest.approx(expected, abs=1e-6)
    assert (found.crossings, found.violations) == (1, 0)
    assert found.slope > 0


def test_the_dose_at_which_the_choice_equals_the_stated_preference_is_on_p():
    z = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    found = curve(z, stated=0.9)
    assert np.interp(found.equals_stated, DOSES, expit(z)) == pytest.approx(0.9, abs=1e-12)
    assert curve(z, stated=0.99).equals_stated is None
    assert curve(z).equals_stated is None


def test_a_curve_that_crosses_twice_has_no_point_of_indifference():
    found = curve([-1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -2.0])
    assert (found.indifference, found.crossings) == (None, 2)


def test_violations_are_counted_against_the_prediction_and_above_the_floor():
    z = [0.0, 0.5, 0.4, 0.9, 0.9 - 1e-8, 1.2, 1.0]
    assert curve(z).violations == 2
    assert curve(z, towards="y").violations == 3
    assert curve(z, towards=None).violations == 2
    assert curve([-v for v in z], towards=None).violations == 2


def test_slope_is_nats_a_step():
    assert curve([0.25 * n for n in range(7)]).slope == pytest.approx(0.25)


def test_a_zero_at_a_dose_is_one_crossing():
    assert crossings([1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]) == (2.0,)
    assert crossings([1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]) == ()


def study(z_of, predicts, doses):
    asked = [
        Asked(f"t/s/amount={level},who={who}", "revealed", z + shift, "choice", "t/s", {"amount": level, "who": who})
        for level, z in z_of.items()
        for who, shift in (("me", 0.5), ("you", -0.5))
    ]
    about = TradeOffFacts("f", "first", "second", predicts=predicts, doses={"t/s": {"amount": doses}})
    made = analyse(table([Asked("t/q", "stated", 1.0), *asked], QUICK), facts(tradeoffs={"t": about}), {"m": 1e-6})
    assert from_json(to_json(made)) == made
    return made.models["m"].tradeoffs["t"].dose_curves


def test_a_study_averages_over_the_other_factors_and_orders_by_dose():
    doses = {"a": 3.0, "b": 2.0, "c": 1.0}
    (found,) = study({"a": 1.0, "b": 0.25, "c": -1.0}, {"amount": {"first": ["c", "b", "a"]}}, doses)
    assert [(point.level, point.dose) for point in found.points] == [("c", 1.0), ("b", 2.0), ("a", 3.0)]
    assert [point.z for point in found.points] == pytest.approx([-1.0, 0.25, 1.0])
    assert [point.p for point in found.points] == pytest.approx(
        [(expit(z + 0.5) + expit(z - 0.5)) / 2 for z in (-1, 0.25, 1)]
    )
    assert (found.towards, found.indifference) == ("first", pytest.approx(1.8))
    assert found.violations == 0


def test_a_prediction_in_the_order_of_falling_doses_turns_round():
    (found,) = study(
        {"a": 1.0, "b": 0.0, "c": -1.0}, {"amount": {"first": ["a", "b", "c"]}}, {"a": 3.0, "b": 2.0, "c": 1.0}
    )
    assert (found.towards, found.violations) == ("second", 2)


def test_a_dose_that_was_not_read_leaves_no_curve():
    assert study({"a": 1.0, "b": 0.0}, {}, {"a": 3.0, "b": 2.0, "c": 1.0}) == ()
