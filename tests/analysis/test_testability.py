"""Guards: what a plan says of power is what the decision does, against METHOD's figures and the claims' own code."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import ttest_ind

from probe.analysis.testability import SPREADS, clusters_needed, outlook, rates, reach

NINE_TWELVE = outlook(9, 12, 30)


@pytest.mark.parametrize(
    ("roots", "scenarios", "family", "adjusted", "testable"),
    [
        (3, 3, 1, 0.1, False),
        (3, 3, 5, 0.5, False),
        (6, 6, 30, 0.065, False),
        (6, 7, 30, 0.0175, True),
        (7, 6, 30, 0.0175, True),
        (9, 12, 8, 0.0025, True),  # more arrangements than are gone through: as many as are drawn, and one
    ],
)
def test_the_least_p_value(roots, scenarios, family, adjusted, testable):
    found = outlook(roots, scenarios, family)
    assert found.family * found.least == pytest.approx(adjusted, rel=0.02)
    assert found.testable == testable


def test_one_cluster_has_no_test():
    assert outlook(1, 12, 1).least is None
    assert not outlook(1, 12, 1).testable


@pytest.mark.parametrize(("roots", "scenarios", "family"), [(1, 1, 1), (2, 2, 5), (3, 12, 30), (9, 2, 90)])
def test_so_many_would_do_and_one_less_would_not(roots, scenarios, family):
    enough = clusters_needed(roots, scenarios, family)
    assert outlook(*enough, family).testable
    last = (enough[0] - 1, enough[1]), (enough[0], enough[1] - 1)
    assert any(not outlook(*one, family).testable for one in last)
    assert enough[0] >= roots
    assert enough[1] >= scenarios


def test_the_least_p_value_is_that_of_all_arrangements():
    values = np.array([0.0, 0.01, 0.02, 0.9, 0.95, 1.0, 0.97])
    for stated in (3, 4):
        ts = []
        for chosen in combinations(range(7), stated):
            rest = [v for place, v in enumerate(values) if place not in chosen]
            ts.append(abs(ttest_ind(values[list(chosen)], rest, equal_var=False).statistic))
        reached = sum(t >= max(ts) * (1 - 1e-9) for t in ts) / len(ts)
        assert outlook(stated, 7 - stated, 1).least == pytest.approx(reached)


@pytest.mark.parametrize(
    ("spread", "z", "share"),
    [(0.25, 0, 0.03), (0.25, 2, 0.98), (0.5, 0, 0), (0.5, 1, 0), (0.5, 2, 0.28), (0.5, 3, 0.97)],
)
def test_no_deviation_at_equality(spread, z, share):
    """The shares that the method states, of 9 and 12 clusters."""
    assert rates(NINE_TWELVE, spread, z, z)[1] == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("spread", SPREADS)
def test_the_smallest_gap_has_power_by_another_way(spread):
    """scipy's own test on other draws, at the means that the gap lies between."""
    found = reach(NINE_TWELVE, spread)
    grid = np.linspace(0, 6, 601)
    normals = np.random.default_rng(1).standard_normal(20_000)
    gaps = [np.mean(expit(d / 2 + spread * normals)) - np.mean(expit(-d / 2 + spread * normals)) for d in grid]
    apart = float(np.interp(found.gap, gaps, grid))
    rng = np.random.default_rng(2)
    s, r = (expit(m + spread * rng.standard_normal((2000, n))) for m, n in ((-apart / 2, 9), (apart / 2, 12)))
    test = ttest_ind(r, s, axis=1, equal_var=False)
    interval = test.confidence_interval(0.95)
    share = np.mean((30 * test.pvalue <= 0.05) & (interval.low > 0.05))
    assert share == pytest.approx(0.8, abs=0.04)


def test_more_spread_finds_less():
    found = [reach(NINE_TWELVE, spread) for spread in SPREADS]
    assert all(one.gap < other.gap and one.same_from < other.same_from for one, other in pairwise(found))
    assert all(reach(outlook(9, 12, family), 0.5).gap < 0.25 for family in (1, 8, 30))
    assert reach(outlook(3, 3, 5), 0.5).gap is None
    assert reach(outlook(3, 3, 5), 0.5).same_from is None


def test_what_is_out_of_reach_is_said_to_be():
    assert reach(outlook(3, 8, 1), 8.0).gap is None
    assert reach(outlook(3, 8, 1), 8.0).same_from is None
