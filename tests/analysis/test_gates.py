from __future__ import annotations

import numpy as np
import pytest

from probe.analysis.gates import control_gates, low_percentile, mass_gates, mean_mass
from probe.analysis.results import ControlResult, Gate

ONE = np.ones(1)


def even(*masses):
    return np.array([masses]), ONE


def test_open_gates_are_not_listed():
    assert mass_gates(even(0.9, 0.8), even(0.7, 0.7)) == ()


def test_each_closed_gate_is_listed_with_what_was_found_and_asked():
    gates = mass_gates(even(*[0.45] * 9, 0.05), even(0.9))
    assert [(g.gate, g.side, g.threshold) for g in gates] == [
        ("option_mass_mean", "stated", 0.5),
        ("option_mass_p10", "stated", 0.1),
        ("option_mass_difference", "both", 0.25),
    ]
    assert [g.value for g in gates] == pytest.approx([0.41, 0.05, 0.49])


def test_thresholds_themselves_are_open():
    assert mass_gates(even(0.5, 0.5), even(0.75)) == ()
    assert mass_gates(even(0.1, 0.9), even(0.5)) == ()


def test_an_absent_side_closes_nothing():
    assert mass_gates(None, even(0.9)) == ()
    assert [g.side for g in mass_gates(even(0.4), None)] == ["stated"]


def test_means_and_percentiles_are_weighted():
    mass, weights = np.array([[0.2, 0.2], [1.0, 1.0]]), np.array([0.09, 0.91])
    assert mean_mass(mass, weights) == pytest.approx(0.928)
    assert low_percentile(mass, weights) == 1.0
    assert low_percentile(mass, np.array([0.1, 0.9])) == 0.2
    assert low_percentile(np.array([np.arange(10.0)]), ONE) == 0.0


def test_a_tenth_of_sixty_cells_is_six_of_them_although_their_weights_add_up_to_less():
    assert np.cumsum(np.full(60, 1 / 60))[5] < 0.1
    assert low_percentile(np.array([[0.2] * 6 + [0.9] * 54]), ONE) == 0.2


def kind(passed):
    return ControlResult(4, passed, 0.0, 0.0, None, None, None, 0.9)


def test_controls_close_gates_only_where_there_are_any():
    assert control_gates({}) == ()
    assert control_gates({"identical": kind(None), "dominated": kind(0.9), "equivalent": kind(0.8)}) == ()
    closed = control_gates({"dominated": kind(0.89), "fact": kind(0.0), "equivalent": kind(0.79)})
    assert closed == (
        Gate("dominated", "control", 0.89, 0.9),
        Gate("fact", "control", 0.0, 0.9),
        Gate("equivalent", "control", 0.79, 0.8),
    )
