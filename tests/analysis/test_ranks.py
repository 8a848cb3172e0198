"""Guards: no ranks without connection; strengths are the likeliest; far from even odds they stay finite."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from probe.analysis.ranks import bradley_terry, rank_principles

CHAIN = [("a", "b"), ("b", "c"), ("c", "d")]


def test_disjoint_trade_offs_have_no_ranks_and_the_parts_are_named():
    said = rank_principles([*CHAIN, ("x", "y")], np.ones(4), np.ones(4))
    assert said == "ranks refused: nothing compares the principles of these parts: a, b, c, d | x, y"


def test_in_a_chain_differences_are_the_log_odds_themselves():
    z, y = np.array([1.0, -0.5, 30.0]), np.array([-2.0, 0.25, 0.5])
    found = rank_principles(CHAIN, z, y)
    for side, odds in ((found.stated, z), (found.revealed, y)):
        assert [side[p] - side[q] for p, q in CHAIN] == pytest.approx(odds, abs=1e-9)
        assert sum(side.values()) == pytest.approx(0, abs=1e-9)
    names = list("abcd")
    theirs = stats.spearmanr([found.stated[n] for n in names], [found.revealed[n] for n in names]).statistic
    assert found.spearman == pytest.approx(theirs)
    assert rank_principles(CHAIN, z, 2 * z).spearman == pytest.approx(1)
    assert rank_principles(CHAIN, z, -z).spearman == pytest.approx(-1)


@pytest.mark.parametrize("seed", range(3))
def test_in_a_cycle_they_are_the_likeliest(seed):
    rng = np.random.default_rng(seed)
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])
    z = rng.normal(0, 2, 5)
    p = expit(z)

    def cost(u):
        d = u[ends[:, 0]] - u[ends[:, 1]]
        return float((p * np.logaddexp(0, -d) + (1 - p) * np.logaddexp(0, d)).sum() + u.sum() ** 2)

    theirs = optimize.minimize(cost, np.zeros(4), tol=1e-12).x
    assert bradley_terry(ends, z, 4) == pytest.approx(theirs - theirs.mean(), abs=1e-5)


def test_extreme_contradictions_stay_finite():
    ends = np.array([[0, 1], [1, 2], [2, 0]])
    assert bradley_terry(ends, np.full(3, 40.0), 3) == pytest.approx(np.zeros(3), abs=1e-9)
    assert np.isfinite(bradley_terry(ends, np.array([40.0, 35.0, 30.0]), 3)).all()


def test_which_principle_is_named_first_does_not_matter():
    z = np.array([1.0, -0.5, 3.0])
    here = rank_principles(CHAIN, z, z[::-1].copy())
    there = rank_principles([("b", "a"), *CHAIN[1:]], z * [-1, 1, 1], z[::-1] * [-1, 1, 1])
    assert there.stated == pytest.approx(here.stated)
    assert there.spearman == pytest.approx(here.spearman)


def test_two_principles_have_no_rank_correlation():
    assert rank_principles([("a", "b")], np.ones(1), np.ones(1)).spearman is None
