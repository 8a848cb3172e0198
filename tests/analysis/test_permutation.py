"""Guards: p-values equal scipy's and a brute force; ties, weights, seeds and zero variance; draws never give 0."""

from __future__ import annotations

from itertools import permutations, product
from math import comb

import numpy as np
import pytest
from scipy import stats

from probe.analysis.intervals import equal_weights, welch
from probe.analysis.permutation import EXACT_UP_TO, arrange, draws_for, exchange, flip, seed_of

SEED = seed_of("m", "t")


def absolute_t(r, s, axis):
    return np.abs(stats.ttest_ind(r, s, axis=axis, equal_var=False).statistic)


def outcome(r, s, weights=None, stated_weights=None, draws=999):
    weights = equal_weights(r.shape[-1]) if weights is None else weights
    stated_weights = equal_weights(s.shape[-1]) if stated_weights is None else stated_weights
    return exchange(r, s, weights, stated_weights, arrange(weights, stated_weights, draws, SEED))


def unlikely(a, b, axis):
    """How small the p-value of Welch's t test is."""
    squares = [side.var(axis=axis, ddof=1) / side.shape[axis] for side in (a, b)]
    below = sum(square**2 / (side.shape[axis] - 1) for square, side in zip(squares, (a, b), strict=True))
    t = np.abs(a.mean(axis=axis) - b.mean(axis=axis)) / np.sqrt(sum(squares))
    return np.round(-stats.t.logsf(t, sum(squares) ** 2 / below), 9)


@pytest.mark.parametrize("seed", range(3))
def test_exact_equals_scipy(seed):
    rng = np.random.default_rng(seed)
    r, s = rng.normal(0.5, 0.2, 6), rng.normal(0.65, 0.1, 4)
    theirs = stats.permutation_test((r, s), unlikely, n_resamples=np.inf, alternative="greater")
    found = outcome(r, s)
    assert found.p == pytest.approx(theirs.pvalue, abs=1e-12)
    assert (found.exact, found.arrangements) == (True, comb(10, 4))
    by_t = stats.permutation_test((r, s), absolute_t, n_resamples=np.inf, alternative="greater", vectorized=True)
    assert found.p_by_t == pytest.approx(by_t.pvalue, abs=1e-12)


def test_degrees_of_freedom_make_a_difference():
    rng = np.random.default_rng(1)
    found = outcome(rng.normal(0.5, 0.05, (200, 7)), rng.normal(0.5, 0.2, (200, 4)))
    assert not np.array_equal(found.p, found.p_by_t)
    # A few wide clusters: |t| alone is too mild, as the page on validation shows.
    assert found.p_by_t.mean() < found.p.mean()


def test_drawn_is_near_exact_and_counts_the_data():
    rng = np.random.default_rng(3)
    r, s = rng.normal(0.5, 0.2, 12), rng.normal(0.6, 0.1, 9)
    found = outcome(r, s, draws=20_000)
    theirs = stats.permutation_test((r, s), unlikely, n_resamples=20_000, alternative="greater", rng=rng)
    assert not found.exact
    assert comb(21, 9) > EXACT_UP_TO
    assert found.p == pytest.approx(theirs.pvalue, abs=0.015)
    # Fully apart: no draw comes near, and the p-value is one over the draws and the data.
    assert outcome(r + 9, s, draws=999).p == pytest.approx(1 / 1000)


def test_unequal_weights_equal_a_brute_force_over_all_orders():
    rng = np.random.default_rng(4)
    r, s = rng.normal(0.5, 0.2, 3), rng.normal(0.6, 0.1, 4)
    weights, stated = np.full(3, 1 / 3), np.array([0.3, 0.1, 0.3, 0.3])
    dealt = np.concatenate([r, s])[np.array(list(permutations(range(7))))]
    of_each = welch(dealt[:, :3], dealt[:, 3:], weights, stated)
    p = stats.t.sf(np.abs(of_each.value / of_each.error), of_each.df)
    reached = p <= p[0] * (1 + 1e-12)
    found = outcome(r, s, weights, stated)
    assert found.p == pytest.approx(np.mean(reached), abs=1e-12)
    assert (found.exact, found.arrangements) == (True, comb(7, 3) * 4)


def test_every_arrangement_stands_there_once():
    dealt = arrange(equal_weights(4), np.array([0.25, 0.25, 0.5]), 9, SEED)
    sides = {(frozenset(row[:4]), frozenset(row[4:6]), row[6]) for row in dealt.slots.tolist()}
    assert len(sides) == len(dealt.slots) == comb(7, 4) * 3
    assert (np.sort(dealt.slots, axis=1) == np.arange(7)).all()


def test_the_observed_arrangement_is_among_the_exact_ones():
    r, s = np.array([0.9, 0.8, 0.85, 0.95]), np.array([0.1, 0.2, 0.15, 0.05])
    assert outcome(r, s).p == pytest.approx(2 / comb(8, 4))


def test_ties_count():
    """Equal values make many arrangements of the same statistic, computed in another order of sums."""
    r, s = np.array([0.1, 0.1, 0.3, 0.3]), np.array([0.1, 0.3, 0.3, 0.3])
    theirs = stats.permutation_test((r, s), unlikely, n_resamples=np.inf, alternative="greater")
    assert outcome(r, s).p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_two_flat_groups_apart_are_as_extreme_as_can_be():
    assert outcome(np.full(3, 0.9), np.array([0.2, 0.2, 0.2, 0.2])).p == pytest.approx(1 / comb(7, 3))
    assert outcome(np.full(3, 0.9), np.full(4, 0.9)).p == 1


@pytest.mark.parametrize("width", [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8])
def test_sides_that_hardly_vary_are_as_extreme_as_can_be(width):
    rng = np.random.default_rng(9)
    r, s = 0.9 + width * rng.normal(size=(60, 5)), 0.1 + 3 * width * rng.normal(size=(60, 4))
    assert outcome(r, s).p == pytest.approx(np.full(60, 1 / comb(9, 4)))


def test_rounding_never_takes_the_data_from_among_the_arrangements():
    rng = np.random.default_rng(0)
    r, s = 0.9 + 3e-7 * rng.normal(size=(20_000, 5)), 0.1 + 3e-7 * rng.normal(size=(20_000, 4))
    assert outcome(r, s).p.min() == pytest.approx(1 / comb(9, 4))


def test_neither_orientation_nor_scale_nor_who_comes_first_matters():
    rng = np.random.default_rng(5)
    r, s = rng.uniform(size=7), rng.uniform(size=6)
    p = outcome(r, s).p
    assert outcome(1 - r, 1 - s).p == p
    assert outcome(1e-6 * r, 1e-6 * s).p == p
    assert outcome(r[::-1].copy(), s).p == p
    assert outcome(s, r).p == p


def test_draws_have_a_seed_of_their_own():
    one, same = (arrange(equal_weights(12), equal_weights(9), 50, SEED) for _ in range(2))
    assert (one.slots == same.slots).all()
    assert (one.slots != arrange(equal_weights(12), equal_weights(9), 50, seed_of("m", "u")).slots).any()
    assert seed_of("a", "b") != seed_of("ab")


def test_many_sets_at_once_are_each_set_alone():
    rng = np.random.default_rng(6)
    r, s = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 3, 6))
    together = outcome(r, s).p
    assert together.shape == (2, 3)
    assert together[1, 2] == outcome(r[1, 2], s[1, 2]).p


def test_it_holds_its_level_where_clusters_are_exchangeable():
    rng = np.random.default_rng(7)
    values = rng.beta(2, 1, (2000, 10))
    p = outcome(values[:, :5], values[:, 5:]).p
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.015)


def test_draws_resolve_the_smallest_level_of_the_family():
    assert draws_for(1) == 400
    assert 1 / (draws_for(90) + 1) < 0.05 / 90 / 10


@pytest.mark.parametrize("pairs", [1, 4, 9])
def test_signs_equal_a_brute_force_and_scipy(pairs):
    d = np.random.default_rng(pairs).normal(0.4, 1, pairs)
    t = [abs((np.array(signs) * d).mean()) >= abs(d.mean()) - 1e-12 for signs in product((1, -1), repeat=pairs)]
    found = flip(d, 99, SEED)
    assert found.p == pytest.approx(np.mean(t), abs=1e-12)
    assert found.exact
    if pairs > 1:
        theirs = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
        )
        assert found.p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_signs_of_many_pairs_are_drawn():
    d = np.abs(np.random.default_rng(8).normal(3, 0.1, 24))
    found = flip(d, 999, SEED)
    assert (found.exact, found.arrangements) == (False, 999)
    assert found.p == pytest.approx(1 / 1000)


def test_differences_of_zero_are_no_evidence():
    assert flip(np.zeros(6), 99, SEED).p == 1


def test_sums_of_signs_tie_although_they_round_apart():
    """.1 + .2 - .3 + .4 rounds to more than -.1 - .2 + .3 + .4, and both are .4."""
    whole = np.array([1.0, 2.0, -3.0, 4.0])
    for order in permutations(range(4)):
        assert flip(whole[list(order)] / 10, 99, SEED).p == flip(whole, 99, SEED).p
