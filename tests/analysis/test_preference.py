from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.special import expit

from probe.analysis.logspace import sigmoid
from probe.analysis.preference import deployed_log_odds, latent_log_odds, latent_range, preference
from probe.analysis.weights import revealed_weights

from .build import QUICK, STANDARD, laid, steady

ONE = np.ones(1)


def test_slot_bias_shrinks_the_deployed_preference_and_leaves_the_latent_one():
    z = np.array([[1.0 + 6.0, 1.0 - 6.0]])
    assert sigmoid(deployed_log_odds(z, ONE)) == pytest.approx(0.5028908998649422, abs=1e-12)
    assert sigmoid(latent_log_odds(z, ONE)) == pytest.approx(0.7310585786300049, abs=1e-12)


@steady
@given(st.floats(-3, 3), arrays(float, (3, 8), elements=st.floats(-5, 5)))
def test_latent_recovers_content_under_any_odd_terms_at_any_other_level(content, terms):
    formats = laid(STANDARD)
    others = np.arange(32) % 8
    o, x = formats.order, formats.label
    z = content + o * terms[0][others] + x * terms[1][others]
    assert latent_log_odds(z[None], ONE) == pytest.approx(content, abs=1e-12)


def test_a_format_effect_towards_a_principle_stays_in_the_latent_preference():
    formats = laid(STANDARD)
    cue = np.array(["cue=answer" in v for v in formats.variants])
    z = 1.0 + 0.8 * cue + 2.0 * formats.order
    assert latent_log_odds(z[None], ONE) == pytest.approx(1.4, abs=1e-12)
    low, high = latent_range(z[None], ONE, formats)
    assert (low, high) == pytest.approx((expit(1.0), expit(1.8)), abs=1e-12)


def test_the_range_never_leaves_out_what_a_bias_needs_to_cancel():
    formats = laid(QUICK)
    assert latent_range((1.0 + 2.0 * formats.order)[None], ONE, formats) is None


def test_everything_beside_a_preference():
    z = np.array([[1.0, 3.0], [-2.0, 0.0], [0.5, 0.5], [2.0, 2.0]])
    clusters, forms = ["a", "a", "b", "c"], ["choose", "choose", "choose", "agree"]
    weights = np.array([0.125, 0.125, 0.25, 0.5])
    side = preference(z, weights, clusters, forms, laid({"cue": ("answer", "choice")}))
    p = expit(z)
    assert side.deployed == pytest.approx(weights @ p.mean(axis=1), abs=1e-12)
    assert side.greedy == pytest.approx(0.125 + 0.75)
    assert (side.items, side.clusters) == (4, 3)
    assert side.by_cluster == pytest.approx({"a": p[:2].mean(), "b": p[2].mean(), "c": p[3].mean()}, abs=1e-12)
    choose = side.by_form["choose"]
    assert choose.deployed == pytest.approx(np.mean([p[:2].mean(), p[2].mean()]), abs=1e-12)
    assert choose.latent == pytest.approx(expit(0.5 * z[:2].mean() + 0.5 * z[2].mean()), abs=1e-12)
    assert (choose.items, choose.clusters, side.by_form["agree"].items) == (3, 2, 1)
    middle = 0.25 * p[:2].mean() + 0.25 * p[2].mean() + 0.5 * p[3].mean()
    squares = 0.25**2 * ((p[:2].mean() - middle) ** 2 + (p[2].mean() - middle) ** 2)
    half = stats.t.ppf(0.975, 2) * np.sqrt(1.5 * (squares + 0.5**2 * (p[3].mean() - middle) ** 2))
    assert side.interval == pytest.approx((middle - half, min(middle + half, 1.0)), abs=1e-12)


def test_the_interval_is_over_cluster_means_and_stays_within_probabilities():
    z = np.array([[4.0], [4.0], [3.0], [-1.0], [2.0], [2.5]])
    clusters = ["a", "a", "b", "c", "d", "e"]
    formats = laid({})
    side = preference(z, revealed_weights(clusters), clusters, ["choice"] * 6, formats)
    means = expit([4.0, 3.0, -1.0, 2.0, 2.5])
    low, high = stats.t.interval(0.95, 4, loc=means.mean(), scale=stats.sem(means))
    assert high > 1
    assert side.interval == pytest.approx((low, 1.0), abs=1e-12)
    alone = preference(z[:2], np.full(2, 0.5), ["a", "a"], ["choice"] * 2, formats)
    assert alone.interval is None
