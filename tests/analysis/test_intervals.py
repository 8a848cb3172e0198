"""Guards: intervals equal their textbooks and scipy; the signed root keeps its sign; weights and zero variance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from probe.analysis.intervals import equal_weights, kl_bias, kl_interval, mean_estimate, signed_root, t_interval, welch

NINE, TWELVE = equal_weights(9), equal_weights(12)


def kl(p, q):
    return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))


def test_with_equal_weights_it_is_the_textbook_interval():
    x = np.random.default_rng(0).normal(size=9)
    expected = stats.t.interval(0.9, 8, loc=x.mean(), scale=stats.sem(x))
    assert t_interval(x, np.full(9, 1 / 9), 0.9) == pytest.approx(expected, abs=1e-12)


def test_it_stands_around_the_weighted_mean():
    low, high = t_interval(np.array([0.0, 1.0, 1.0]), np.array([0.5, 0.25, 0.25]))
    assert (low + high) / 2 == pytest.approx(0.5, abs=1e-12)


def test_one_unit_has_no_interval():
    assert t_interval(np.array([0.3]), np.ones(1)) is None


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_welch_equals_scipy(level):
    rng = np.random.default_rng(1)
    r, s = rng.normal(0.4, 0.2, 12), rng.normal(0.6, 0.05, 9)
    found, theirs = welch(r, s, TWELVE, NINE), stats.ttest_ind(r, s, equal_var=False)
    assert found.df == pytest.approx(theirs.df, rel=1e-12)
    assert found.value / found.error == pytest.approx(theirs.statistic, rel=1e-12)
    expected = theirs.confidence_interval(level)
    assert [float(end) for end in found.interval(level)] == pytest.approx([expected.low, expected.high], abs=1e-12)


def test_many_sets_at_once_are_each_set_alone():
    rng = np.random.default_rng(2)
    r, s = rng.normal(0, 1.5, (3, 5, 12)), rng.normal(1, 1, (3, 5, 9))
    for made in (welch, signed_root):
        together, alone = made(r, s, TWELVE, NINE), made(r[1, 2], s[1, 2], TWELVE, NINE)
        for name in ("value", "error", "df"):
            assert getattr(together, name).shape == (3, 5)
            assert getattr(together, name)[1, 2] == pytest.approx(float(getattr(alone, name)), rel=1e-12)


def test_one_side_without_variance_leaves_the_other_sides_degrees_of_freedom():
    r, s = np.array([0.1, 0.2, 0.4, 0.5]), np.full(9, 0.7)
    found = welch(r, s, equal_weights(4), NINE)
    assert (float(found.df), float(found.error)) == pytest.approx((3.0, stats.sem(r)), rel=1e-12)


def test_no_variance_at_all_is_a_point():
    found = welch(np.full(12, 0.3), np.full(9, 0.1 + 0.6), TWELVE, NINE)
    assert found.error == 0
    assert found.interval() == pytest.approx((-0.4, -0.4), abs=1e-15)


def test_the_signed_root_is_the_divergence_with_a_sign():
    rng = np.random.default_rng(3)
    r, s = rng.normal(-1, 1, 12), rng.normal(1, 1, 9)
    expected = kl(expit(r).mean(), expit(s).mean())
    found, turned = signed_root(r, s, TWELVE, NINE), signed_root(-r, -s, TWELVE, NINE)
    assert found.value == pytest.approx(-np.sqrt(2 * expected), rel=1e-12)
    assert turned.value == pytest.approx(-float(found.value), rel=1e-12)
    assert turned.error == pytest.approx(float(found.error), rel=1e-10)


def test_its_error_is_the_textbook_jackknife_over_both_sides():
    rng = np.random.default_rng(4)
    p, q = rng.uniform(0.2, 0.9, 12), rng.uniform(0.3, 0.8, 9)

    def root(a, b):
        return np.sign(a.mean() - b.mean()) * np.sqrt(2 * kl(a.mean(), b.mean()))

    by_p = np.array([root(np.delete(p, i), q) for i in range(12)])
    by_q = np.array([root(p, np.delete(q, i)) for i in range(9)])
    a = 11 / 12 * ((by_p - by_p.mean()) ** 2).sum()
    b = 8 / 9 * ((by_q - by_q.mean()) ** 2).sum()
    found = signed_root(logit(p), logit(q), TWELVE, NINE)
    assert found.error == pytest.approx(np.sqrt(a + b), rel=1e-9)
    assert found.df == pytest.approx((a + b) ** 2 / (a**2 / 11 + b**2 / 8), rel=1e-9)


def test_its_error_is_near_that_of_a_bootstrap():
    rng = np.random.default_rng(5)
    p, q = rng.uniform(0.2, 0.9, 60), rng.uniform(0.4, 0.8, 50)

    def root(a, b, axis):
        r, s = a.mean(axis=axis), b.mean(axis=axis)
        return np.sign(r - s) * np.sqrt(2 * kl(r, s))

    theirs = stats.bootstrap((p, q), root, n_resamples=4000, rng=rng, method="percentile", vectorized=True)
    found = signed_root(logit(p), logit(q), equal_weights(60), equal_weights(50))
    assert found.error == pytest.approx(theirs.standard_error, rel=0.06)


def test_weights_of_a_jackknife_are_those_of_the_mean():
    """Near R = S the root is proportional to R - S, so both errors must agree there under any weights."""
    rng = np.random.default_rng(6)
    weights = rng.uniform(0.5, 2, 9)
    weights /= weights.sum()
    r, s = 0.4 + 1e-4 * rng.normal(size=12), 0.4 + 1e-4 * rng.normal(size=9)
    found, plain = signed_root(logit(r), logit(s), TWELVE, weights), welch(r, s, TWELVE, weights)
    assert found.error * np.sqrt(0.4 * 0.6) == pytest.approx(float(plain.error), rel=1e-3)
    assert found.df == pytest.approx(float(plain.df), rel=1e-2)


def test_saturated_sides_stay_finite():
    found = signed_root(np.array([800.0, 790.0, 780.0]), np.array([-800.0, -790.0]), equal_weights(3), equal_weights(2))
    assert found.value == pytest.approx(np.sqrt(2 * (790 + np.log(2))), rel=1e-3)
    assert np.isfinite(found.interval()).all()


@pytest.mark.parametrize(
    ("ends", "expected"), [((-0.2, 0.4), (0, 0.08)), ((0.2, 0.4), (0.02, 0.08)), ((-0.4, -0.2), (0.02, 0.08))]
)
def test_the_interval_of_a_divergence_starts_at_zero_where_its_root_may_be_zero(ends, expected):
    assert [float(x) for x in kl_interval(*map(np.array, ends))] == pytest.approx(expected, abs=1e-15)


def test_the_bias_under_no_gap_is_what_the_mean_divergence_of_equal_sides_is():
    """8 and 12 clusters of equal sides: the plug-in KL is .03 on average, although nothing differs."""
    rng = np.random.default_rng(7)
    r, s = expit(rng.normal(0.5, 1.6, (4000, 12))), expit(rng.normal(0.5, 1.6, (4000, 8)))
    mean = kl(r.mean(axis=1), s.mean(axis=1)).mean()
    bias = kl_bias(mean_estimate(r, TWELVE), mean_estimate(s, equal_weights(8)))
    assert mean == pytest.approx(0.03, abs=0.01)
    assert bias.mean() == pytest.approx(mean, rel=0.06)
    assert kl_bias(mean_estimate(np.ones(12), TWELVE), mean_estimate(np.ones(9), NINE)) == 0
