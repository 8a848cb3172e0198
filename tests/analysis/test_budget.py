from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from probe.analysis.budget import budget, format_information, symmetric_budget
from probe.analysis.divergence import jensen_shannon
from probe.analysis.logspace import mixture_log_odds, sigmoid
from probe.analysis.preference import deployed_log_odds, latent_log_odds
from probe.analysis.weights import revealed_weights

from .build import laid, steady

FOUR = laid({"order": ("p1", "p2"), "label_order": ("p1", "p2")})


def oracle():
    rng = np.random.default_rng(0)
    return rng.normal(1, 1, (3, 4)), rng.normal(-0.5, 1.5, (5, 4))


def even(n):
    return np.full(n, 1 / n)


def test_the_oracle_with_equal_weights():
    stated, revealed = oracle()
    parts = budget(revealed, even(5), list("abcde"), deployed_log_odds(stated, even(3)), FOUR)
    assert parts.total == pytest.approx(0.4259504076950438, abs=1e-12)
    assert parts.format == pytest.approx(0.0847689450446951, abs=1e-12)
    assert parts.context == pytest.approx(0.0, abs=1e-12)
    assert parts.scenarios == pytest.approx(0.03209200391199801, abs=1e-12)
    assert parts.gap == pytest.approx(0.30908945873835064, abs=1e-12)


def test_the_symmetric_oracle():
    stated, revealed = oracle()
    parts = symmetric_budget(stated, even(3), revealed, even(5))
    assert parts.side == pytest.approx(0.07415572130395309, abs=1e-12)
    assert parts.item == pytest.approx(0.026480216996551786, abs=1e-12)
    assert parts.format == pytest.approx(0.05405946973632453, abs=1e-12)
    assert parts.total == pytest.approx(parts.side + parts.item + parts.format, abs=1e-12)
    assert parts.side == pytest.approx(
        jensen_shannon(deployed_log_odds(stated, even(3)), deployed_log_odds(revealed, even(5))), abs=1e-14
    )


cells = arrays(float, (7, 4), elements=st.floats(-20, 20))
scenarios = st.lists(st.sampled_from("abc"), min_size=7, max_size=7)
positive = arrays(float, 7, elements=st.floats(0.01, 1))


@steady
@given(cells, scenarios, positive, st.floats(-20, 20))
def test_terms_are_not_negative_and_add_up_under_any_weights(z, names, w, stated):
    parts = budget(z, w / w.sum(), names, stated, FOUR)
    terms = [parts.format, parts.context, parts.scenarios, parts.gap]
    assert min(terms) >= 0
    assert sum(terms) == pytest.approx(parts.total, abs=1e-12)
    assert sum(parts.format_by_axis.values()) == pytest.approx(parts.format, abs=1e-12)


@steady
@given(cells, positive, arrays(float, (3, 4), elements=st.floats(-20, 20)))
def test_symmetric_terms_add_up(revealed, w, stated):
    parts = symmetric_budget(stated, even(3), revealed, w / w.sum())
    assert min(parts.side, parts.item, parts.format) >= 0
    assert parts.side + parts.item + parts.format == pytest.approx(parts.total, abs=1e-12)


@steady
@given(arrays(float, (6, 4), elements=st.floats(-6, 6)), st.floats(-6, 6))
def test_terms_equal_their_definition_by_probabilities(z, stated):
    names = list("aaabbc")
    weights = revealed_weights(names)
    p = expit(z)

    def kl(a, b):
        return a * np.log(a / b) + (1 - a) * np.log((1 - a) / (1 - b))

    item = p.mean(axis=1)
    scenario = np.array([item[[m == n for m in names]].mean() for n in names])
    pooled = np.mean([scenario[0], scenario[3], scenario[5]])
    parts = budget(z, weights, names, stated, FOUR)
    assert parts.format == pytest.approx(weights @ kl(p, item[:, None]).mean(axis=1), abs=1e-12)
    assert parts.context == pytest.approx(weights @ kl(item, scenario), abs=1e-12)
    assert parts.scenarios == pytest.approx(weights @ kl(scenario, pooled), abs=1e-12)
    assert parts.gap == pytest.approx(kl(pooled, expit(stated)), abs=1e-12)


def test_without_a_stated_side_the_gap_is_unknown_and_the_rest_is_not():
    _, revealed = oracle()
    parts = budget(revealed, even(5), list("abcde"), None, FOUR)
    assert (parts.total, parts.gap) == (None, None)
    assert parts.format == pytest.approx(0.0847689450446951, abs=1e-12)


def test_slot_bias_on_one_side_alone_makes_a_gap_without_a_shift():
    stated, revealed = np.array([[1.0, 1.0]]), np.array([[7.0, -5.0]])
    one = np.ones(1)
    s = deployed_log_odds(stated, one)
    parts = budget(revealed, one, ["a"], s, laid({"order": ("p1", "p2"), "label_order": ("position",)}))
    assert (round(sigmoid(s), 3), round(sigmoid(deployed_log_odds(revealed, one)), 3)) == (0.731, 0.503)
    assert round(parts.gap, 3) == 0.117
    assert latent_log_odds(revealed, one) == pytest.approx(latent_log_odds(stated, one), abs=1e-14)


def test_format_information_is_at_most_ln_two():
    assert format_information(np.array([[500.0, -500.0]]), np.ones(1)) == pytest.approx(np.log(2), abs=1e-12)
    assert mixture_log_odds(np.array([500.0, -500.0]), np.ones(2)) == pytest.approx(0, abs=1e-12)
