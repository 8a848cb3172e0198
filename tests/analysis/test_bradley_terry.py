"""Guards: utilities come back from exact comparisons, agree with other people's fits, and refuse what no pair connects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, log_ndtr, ndtr
from scipy.stats import norm

from probe.analysis.bradley_terry import Comparisons, fit_bradley_terry, fit_thurstone, transitivity
from probe.analysis.elo_legacy import elo_legacy
from probe.errors import InputError

from .build import steady


def graph(count, extra, rng):
    """A ring through all outcomes, and further pairs."""
    order = rng.permutation(count)
    pairs = {(int(a), int(b)) for a, b in zip(order, np.roll(order, 1), strict=True) if a != b}
    pairs |= {tuple(int(n) for n in rng.choice(count, 2, replace=False)) for _ in range(extra)}
    return sorted(pairs)


def planted(count, extra, seed, *, widest=8.0, link="bradley-terry", noise=0.0):
    """Utilities of sum 0, and comparisons whose log-odds stay within `widest` nats."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=count)
    u -= u.mean()
    pairs = graph(count, extra, rng)
    d = np.array([u[a] - u[b] for a, b in pairs])
    most = widest if link == "bradley-terry" else float(-norm.ppf(expit(-widest)))
    scale = min(3.0, most / np.abs(d).max())
    u, d = u * scale, d * scale
    z = d if link == "bradley-terry" else log_ndtr(d) - log_ndtr(-d)
    assert np.abs(z).max() <= widest + 1e-9
    z = z + noise * rng.normal(size=len(z))
    found = [(f"o{a:03d}", f"o{b:03d}", float(zz), 1.0) for (a, b), zz in zip(pairs, z, strict=True)]
    return u, Comparisons.of(found)


@steady
@given(st.integers(2, 30), st.integers(0, 60), st.integers(0, 10**6))
def test_bradley_terry_recovers(count, extra, seed):
    u, comparisons = planted(count, extra, seed)
    fit = fit_bradley_terry(comparisons)
    assert np.abs(fit.values - u).max() < 1e-3
    assert abs(fit.values.sum()) < 1e-9


@steady
@given(st.integers(2, 30), st.integers(0, 60), st.integers(0, 10**6))
def test_thurstone_recovers(count, extra, seed):
    u, comparisons = planted(count, extra, seed, link="thurstone")
    fit = fit_thurstone(comparisons)
    assert np.abs(fit.values - u).max() < 1e-3
    assert abs(fit.values.sum()) < 1e-9


def test_at_the_widest_and_with_hundreds_of_outcomes():
    for fit, link in ((fit_bradley_terry, "bradley-terry"), (fit_thurstone, "thurstone")):
        u, comparisons = planted(400, 1600, 5, link=link)
        assert np.abs(comparisons.z).max() == pytest.approx(8.0, abs=1e-6)
        assert np.abs(fit(comparisons).values - u).max() < 1e-3


def test_bradley_terry_agrees_with_choix():
    choix = pytest.importorskip("choix")
    _, comparisons = planted(12, 30, 1, noise=1.0)
    p = expit(comparisons.z)
    won = np.zeros((12, 12))
    for (a, b), share in zip(comparisons.ends, p, strict=True):
        won[a, b] += share
        won[b, a] += 1 - share
    theirs = choix.ilsr_pairwise_dense(won, alpha=0.0, max_iter=1000, tol=1e-12)
    np.testing.assert_allclose(fit_bradley_terry(comparisons).values, theirs - theirs.mean(), atol=1e-5)


@pytest.mark.parametrize(("fit", "link"), [(fit_bradley_terry, "Logit"), (fit_thurstone, "Probit")])
def test_both_agree_with_statsmodels(fit, link):
    sm = pytest.importorskip("statsmodels.api")
    _, comparisons = planted(12, 30, 2, noise=1.0)
    x = np.zeros((len(comparisons.z), 12))
    x[np.arange(len(x)), comparisons.ends[:, 0]] = 1
    x[np.arange(len(x)), comparisons.ends[:, 1]] = -1
    family = sm.families.Binomial(link=getattr(sm.families.links, link)())
    theirs = sm.GLM(expit(comparisons.z), x[:, 1:], family=family).fit(tol=1e-12, maxiter=200)
    u = np.concatenate([[0.0], theirs.params])
    np.testing.assert_allclose(fit(comparisons).values, u - u.mean(), atol=1e-6)


def test_thurstone_is_the_maximum_of_its_likelihood():
    _, comparisons = planted(6, 8, 3, noise=0.7)
    first, second = comparisons.ends.T
    p = expit(comparisons.z)

    def loss(free):
        d = (u := np.append(free, -free.sum()))[first] - u[second]
        return -(p * log_ndtr(d) + (1 - p) * log_ndtr(-d)).sum()

    best = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-10}).x
    np.testing.assert_allclose(fit_thurstone(comparisons).values[:5], best, atol=1e-5)


def test_weights_count_as_repetitions():
    pairs = [("a", "b", 1.0, 2.0), ("b", "c", 0.5, 1.0), ("c", "a", 0.2, 1.0)]
    twice = [("a", "b", 1.0, 1.0), *[(a, b, z, 1.0) for a, b, z, _ in pairs]]
    one, other = (fit_bradley_terry(Comparisons.of(table)) for table in (pairs, twice))
    np.testing.assert_allclose(one.values, other.values, atol=1e-10)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Noise in log-odds is the spread over other pairs of this kind."""
    held = []
    for seed in range(60):
        u, comparisons = planted(8, 60, seed, widest=2.0, noise=0.5)
        fit = fit_bradley_terry(comparisons)
        held.append(((fit.low <= u) & (u <= fit.high)).mean())
    assert 0.88 <= np.mean(held) <= 0.985


def test_without_a_comparison_to_spare_there_is_no_interval():
    fit = fit_bradley_terry(Comparisons.of([("a", "b", 1.0, 1.0), ("b", "c", 2.0, 1.0)]))
    assert np.isnan(fit.low).all()
    exact = fit_bradley_terry(Comparisons.of([("a", "b", 1.0, 1.0), ("b", "c", 2.0, 1.0), ("a", "c", 3.0, 1.0)]))
    wide = [("a", "b", 1.0, 1.0), ("b", "c", 2.0, 1.0), ("a", "c", 1.0, 1.0)]
    assert (fit_bradley_terry(Comparisons.of(wide)).high - fit_bradley_terry(Comparisons.of(wide)).low).min() > 0.1
    assert exact.signs == 1.0


def test_pairs_of_one_item_are_one_draw():
    pairs = [(a, b, z, 1.0) for a, b, z in zip("abcaab", "bcacda", (1.0, 0.3, 0.2, 0.9, 0.4, 0.1), strict=True)]
    apart = fit_bradley_terry(Comparisons.of(pairs))
    one = fit_bradley_terry(
        Comparisons.of([p for p in pairs for _ in range(2)], [n for n in range(6) for _ in range(2)])
    )
    np.testing.assert_allclose(one.high, apart.high)
    assert np.isnan(fit_bradley_terry(Comparisons.of(pairs, [0] * 6)).low).all()


def test_what_no_pair_connects_is_refused_by_name():
    with pytest.raises(InputError, match=r"2 parts.*one part is c, d"):
        Comparisons.of([("a", "b", 1.0, 1.0), ("e", "a", 1.0, 1.0), ("c", "d", 1.0, 1.0)])
    with pytest.raises(InputError, match="'a' is compared with itself"):
        Comparisons.of([("a", "a", 1.0, 1.0), ("a", "b", 1.0, 1.0)])
    with pytest.raises(InputError, match="no comparison"):
        Comparisons.of([])


def test_circles():
    circle = [("a", "b", 1.0, 1.0), ("b", "c", 1.0, 1.0), ("c", "a", 1.0, 1.0)]
    found = transitivity(Comparisons.of([*circle, ("a", "d", 1.0, 1.0), ("b", "d", 1.0, 1.0)]))
    assert (found.triads, found.cyclic) == (2, 1)
    # The other order of one pair breaks the circle; an even pair leaves no triad.
    assert transitivity(Comparisons.of([*circle[:2], ("a", "c", 1.0, 1.0)])).cyclic == 0
    assert transitivity(Comparisons.of([*circle[:2], ("a", "c", 0.0, 1.0)])).triads == 0


def test_random_choices_go_in_circles_in_a_quarter_of_the_triads():
    rng = np.random.default_rng(0)
    pairs = [(f"{a:02d}", f"{b:02d}", float(rng.normal()), 1.0) for a in range(40) for b in range(a)]
    found = transitivity(Comparisons.of(pairs))
    assert found.triads == 9880
    assert found.cyclic / found.triads == pytest.approx(0.25, abs=0.01)


def test_elo_keeps_the_order_of_clear_choices():
    pairs = [(a, b, 4.0, 1.0) for n, a in enumerate("abcde") for b in "abcde"[n + 1 :]] * 20
    ratings = elo_legacy(Comparisons.of(pairs))
    assert sorted(ratings, key=ratings.__getitem__, reverse=True) == list("abcde")
    assert np.mean(list(ratings.values())) == pytest.approx(1000.0)
    assert elo_legacy(Comparisons.of(pairs)) == ratings


def test_thurstone_is_not_bradley_terry():
    _, comparisons = planted(10, 30, 4)
    b, t = fit_bradley_terry(comparisons), fit_thurstone(comparisons)
    assert np.corrcoef(b.values, t.values)[0, 1] > 0.98
    d = t.values[comparisons.ends[:, 0]] - t.values[comparisons.ends[:, 1]]
    assert t.error == pytest.approx(np.abs(ndtr(d) - expit(comparisons.z)).mean())
