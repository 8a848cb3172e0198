from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from probe.analysis.flips import flips, spread

from .build import steady

ONE = np.ones(1)


def test_near_even_variants_and_noise_do_not_count():
    z = np.array([[2.0, 2.0, 2.0, -2.0, 0.1, -0.1, 0.0, 0.19]])
    assert flips(z, ONE, 1e-6).rate == pytest.approx(0.25)
    assert flips(z, ONE, 1.99).rate == pytest.approx(0.25)
    noisy = flips(z, ONE, 2.0)
    assert (noisy.rate, noisy.pivot_prevalence, noisy.undecided) == (None, 0.0, 1.0)


@pytest.mark.parametrize(("p", "rate"), [(0.5499, None), (0.5501, 0.5)])
def test_a_variant_counts_from_five_hundredths_on(p, rate):
    assert flips(np.array([[logit(p), -logit(p)]]), ONE, 1e-6).rate == rate


def test_rate_and_prevalence_over_items():
    z = np.concatenate([np.full((1, 20), 3.0), np.full((1, 20), -3.0), np.full((1, 20), 0.01)])
    z[0, 0] = -3.0  # 5 %
    z[1, :2] = 3.0  # 10 %
    found = flips(z, np.array([0.5, 0.3, 0.2]), 1e-6)
    assert found.rate == pytest.approx((0.5 * 0.05 + 0.3 * 0.1) / 0.8)
    assert found.pivot_prevalence == pytest.approx(0.3)
    assert found.undecided == pytest.approx(0.2)
    assert found.disagreement == pytest.approx((0.5 * 19 + 0.3 * 36) / 190)


@steady
@given(arrays(float, (2, 7), elements=st.sampled_from([-1.0, 0.0, 1.0])))
def test_four_random_variants_by_enumeration(z):
    weights = np.array([0.25, 0.75])
    pivotal = []
    for item in z:
        draws = [item[list(four)] for four in combinations(range(7), 4)]
        pivotal.append(np.mean([(d > 0).any() and (d < 0).any() for d in draws]))
    pairs = [np.mean([a * b < 0 for a, b in combinations(item, 2)]) for item in z]
    found = flips(z, weights, 1e-6)
    assert found.prevalence_of_four == pytest.approx(weights @ pivotal, abs=1e-12)
    assert found.disagreement == pytest.approx(weights @ pairs, abs=1e-12)


def test_with_exactly_four_variants_the_expectation_is_what_was_found():
    z = np.array([[1.0, 1.0, 1.0, -1.0], [1.0, 1.0, 1.0, 1.0]])
    found = flips(z, np.array([0.4, 0.6]), 1e-6)
    assert found.prevalence_of_four == found.pivot_prevalence == pytest.approx(0.4)


def test_too_few_variants_give_no_figure():
    assert flips(np.array([[1.0, -1.0]]), ONE, 1e-6).prevalence_of_four is None
    assert flips(np.array([[1.0]]), ONE, 1e-6).disagreement is None


def test_spread_is_a_weighted_mean_of_the_items_own():
    z = np.array([np.linspace(-2, 2, 21), np.full(21, 1.5)])
    found = spread(z, np.array([0.25, 0.75]))
    assert found.variants == 21
    assert found.z_max_min == pytest.approx(1.0)
    assert found.z_range == pytest.approx(0.9)
    assert found.z_sd == pytest.approx(0.25 * z[0].std())
    p = expit(z[0])
    assert found.p_max_min == pytest.approx(0.25 * (p[-1] - p[0]))
    assert found.p_range == pytest.approx(0.25 * (p[19] - p[1]))
    assert found.p_sd == pytest.approx(0.25 * p.std())
