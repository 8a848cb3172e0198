"""Guards: every gate says what it measured and asked; thresholds are open; half and twice; unmeasured is told."""

from __future__ import annotations

import numpy as np
import pytest

from probe.analysis.results import ControlResult, FailedCheck
from probe.analysis.validity_checks import (
    THRESHOLDS,
    WrittenAgreement,
    agreement_checks,
    control_checks,
    failed_checks,
    low_percentile,
    mass_checks,
    mean_mass,
    numeric_check,
    repeated_at,
)

ONE = np.ones(1)


def even(*masses):
    return np.array([masses]), ONE


def closed(stated, revealed):
    return failed_checks(mass_checks(stated, revealed, THRESHOLDS))


def test_open_gates_are_not_among_the_closed():
    checks = mass_checks(even(0.9, 0.8), even(0.7, 0.7), THRESHOLDS)
    assert failed_checks(checks) == ()
    assert [(c.gate, c.side, c.state) for c in checks] == [
        ("option_mass_mean", "stated", "open"),
        ("option_mass_p10", "stated", "open"),
        ("option_mass_mean", "revealed", "open"),
        ("option_mass_p10", "revealed", "open"),
        ("option_mass_difference", "both", "open"),
    ]


def test_each_closed_gate_is_listed_with_what_was_found_and_asked():
    gates = closed(even(*[0.45] * 9, 0.05), even(0.9))
    assert [(g.gate, g.side, g.threshold) for g in gates] == [
        ("option_mass_mean", "stated", 0.5),
        ("option_mass_p10", "stated", 0.1),
        ("option_mass_difference", "both", 0.25),
    ]
    assert [g.value for g in gates] == pytest.approx([0.41, 0.05, 0.49])


def test_thresholds_themselves_are_open():
    assert closed(even(0.5, 0.5), even(0.75)) == ()
    assert closed(even(0.1, 0.9), even(0.5)) == ()


def test_an_absent_side_closes_nothing():
    assert closed(None, even(0.9)) == ()
    assert [g.side for g in closed(even(0.4), None)] == ["stated"]


def test_other_thresholds_close_other_gates():
    asked = {**THRESHOLDS, "option_mass_mean": 0.95, "option_mass_difference": 0.01}
    gates = failed_checks(mass_checks(even(0.9), even(0.96), asked))
    assert [(g.gate, g.side, g.threshold) for g in gates] == [
        ("option_mass_mean", "stated", 0.95),
        ("option_mass_difference", "both", 0.01),
    ]


def test_means_and_percentiles_are_weighted():
    mass, weights = np.array([[0.2, 0.2], [1.0, 1.0]]), np.array([0.09, 0.91])
    assert mean_mass(mass, weights) == pytest.approx(0.928)
    assert low_percentile(mass, weights) == 1.0
    assert low_percentile(mass, np.array([0.1, 0.9])) == 0.2
    assert low_percentile(np.array([np.arange(10.0)]), ONE) == 0.0


def test_a_tenth_of_sixty_cells_is_six_of_them_although_their_weights_add_up_to_less():
    assert np.cumsum(np.full(60, 1 / 60))[5] < 0.1
    assert low_percentile(np.array([[0.2] * 6 + [0.9] * 54]), ONE) == 0.2


def kind(passed, **by_item):
    return ControlResult(4, passed, 0.0, 0.0, None, None, None, 0.9, by_item)


def test_controls_close_gates_only_where_there_are_any():
    assert failed_checks(control_checks({}, THRESHOLDS)) == ()
    assert {c.state for c in control_checks({}, THRESHOLDS)} == {"not measured"}
    good = {"identical": kind(None), "dominated": kind(0.9, a=0.9), "equivalent": kind(0.8, a=0.1)}
    assert failed_checks(control_checks(good, THRESHOLDS)) == ()
    bad = {"dominated": kind(0.89, a=0.9), "fact": kind(0.0, a=0.1), "equivalent": kind(0.79, a=0.2)}
    assert failed_checks(control_checks(bad, THRESHOLDS)) == (
        FailedCheck("dominated", "control", 0.89, 0.9, 1),
        FailedCheck("fact", "control", 0.0, 0.9, 1),
        FailedCheck("equivalent", "control", 0.79, 0.8, 1),
    )


@pytest.mark.parametrize(
    ("name", "threshold", "half", "twice"),
    [
        ("option_mass_mean", 0.5, 0.25, 0.75),
        ("option_mass_p10", 0.1, 0.05, 0.2),
        ("option_mass_difference", 0.25, 0.125, 0.5),
        ("dominated", 0.9, 0.45, 0.95),
        ("even_log_odds", 0.5, 0.25, 1.0),
        ("margin", 0.05, 0.025, 0.1),
    ],
)
def test_half_and_twice_never_ask_more_than_there_can_be(name, threshold, half, twice):
    assert repeated_at(name, threshold) == pytest.approx((half, twice))


def test_each_gate_says_whether_it_would_be_closed_at_half_and_twice():
    by_name = {(c.gate, c.side): c for c in mass_checks(even(0.6), even(0.99), THRESHOLDS)}
    assert by_name["option_mass_mean", "stated"].repeated == {"option_mass_mean": (False, True)}
    assert by_name["option_mass_mean", "revealed"].repeated == {"option_mass_mean": (False, False)}
    assert by_name["option_mass_difference", "both"].repeated == {"option_mass_difference": (True, False)}


def test_controls_are_judged_again_one_by_one():
    """Nine of ten at .85 pass at .8 and none but one at .9; equivalents at .3 nats fail only at .25."""
    ten = {"dominated": kind(1.0, **{f"k{i}": 0.85 for i in range(9)}, z=0.99), "equivalent": kind(1.0, a=0.3)}
    dominated, _, equivalent = control_checks(ten, THRESHOLDS)
    assert dominated.repeated == {"dominated": (False, False), "sound_probability": (False, True)}
    assert equivalent.repeated == {"equivalent": (False, False), "even_log_odds": (True, False)}


def test_agreement_with_written_answers_needs_a_hundred_cells():
    checks = agreement_checks(
        {"stated": WrittenAgreement(0.85, 100), "revealed": WrittenAgreement(0.2, 99)}, THRESHOLDS
    )
    assert [(c.side, c.state, c.value) for c in checks] == [
        ("stated", "closed", 0.85),
        ("revealed", "not measured", None),
    ]
    assert failed_checks(checks) == (FailedCheck("written_agreement", "stated", 0.85, 0.9),)
    assert {c.state for c in agreement_checks({}, THRESHOLDS)} == {"not measured"}


def test_rounding_closes_where_it_alone_could_carry_the_gap_across_the_margin():
    assert numeric_check(0.05, THRESHOLDS).state == "open"
    check = numeric_check(0.0501, THRESHOLDS)
    assert (check.state, check.threshold, check.repeated) == ("closed", 0.05, {"margin": (True, False)})
