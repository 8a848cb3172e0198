"""Guards: both sides at temperature T are those of log-odds over T, and a word at T rests on them and on tests at 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from probe.analysis.claims import claim_all
from probe.analysis.study import analyse
from probe.analysis.temperature import TEMPERATURES
from probe.analysis.validity_checks import THRESHOLDS

from .build import STANDARD, Asked, facts, table

VARIANTS = 32


def study(z_of, clusters=8, cells=2):
    """Two cells in every scenario, one item in every root question; log-odds by side and cluster."""
    rng = np.random.default_rng(17)
    z = {
        side: [
            [z_of(side) + rng.normal(0, 1, VARIANTS) + shift for _ in range(size)]
            for shift in rng.normal(0, 0.3, clusters)
        ]
        for side, size in (("stated", 1), ("revealed", cells))
    }
    items = [
        Asked(f"t/{side}{k}.{n}", side, one, cluster=f"{side}{k}", context={"n": str(n)} if side == "revealed" else {})
        for side, found in z.items()
        for k, cluster in enumerate(found)
        for n, one in enumerate(cluster)
    ]
    found = analyse(table(items, STANDARD), facts(STANDARD), {"m": 1e-6})
    return z, found.models["m"]


@pytest.fixture(scope="module")
def apart():
    return study(lambda side: 1.0 if side == "stated" else -1.0)


def chosen(z, temperature):
    return 1 / (1 + np.exp(-np.asarray(z) / temperature)) if temperature else (np.asarray(z) > 0).astype(float)


def by_cluster(z, temperature):
    return [np.mean(chosen(cluster, temperature)) for cluster in z]


def contents(z, temperature):
    return [np.mean(chosen(np.mean(cluster, axis=1), temperature)) for cluster in z]


def test_every_temperature_is_that_of_divided_log_odds(apart):
    z, model = apart
    found = model.tradeoffs["t"].temperatures
    assert tuple(one.temperature for one in found.at) == TEMPERATURES == (0.3, 0.5, 0.7, 1.0, 1.5)
    for one in found.at:
        r, s = (by_cluster(z[side], one.temperature) for side in ("revealed", "stated"))
        c_r, c_s = (contents(z[side], one.temperature) for side in ("revealed", "stated"))
        for side, values, content in ((one.stated, s, c_s), (one.revealed, r, c_r)):
            assert side.deployed == pytest.approx(np.mean(values), abs=1e-12)
            assert side.content == pytest.approx(np.mean(content), abs=1e-12)
            assert side.interval == pytest.approx(ttest_1samp(values, 0).confidence_interval(0.95), abs=1e-9)
            assert side.interval_90 == pytest.approx(ttest_1samp(values, 0).confidence_interval(0.9), abs=1e-9)
        welch, of_contents = (ttest_ind(*both, equal_var=False) for both in ((r, s), (c_r, c_s)))
        assert one.gap == pytest.approx(np.mean(r) - np.mean(s), abs=1e-12)
        assert one.gap_interval == pytest.approx(welch.confidence_interval(0.95), abs=1e-9)
        assert one.gap_interval_90 == pytest.approx(welch.confidence_interval(0.9), abs=1e-9)
        assert one.content.interval == pytest.approx(of_contents.confidence_interval(0.95), abs=1e-9)


def test_the_greedy_limit_counts_choices(apart):
    z, model = apart
    found = model.tradeoffs["t"].temperatures.greedy
    r, s = (by_cluster(z[side], 0) for side in ("revealed", "stated"))
    assert (found.stated, found.revealed) == pytest.approx((np.mean(s), np.mean(r)))
    assert found.gap_interval == pytest.approx(ttest_ind(r, s, equal_var=False).confidence_interval(0.95), abs=1e-9)


def test_equal_odds_are_half_a_choice():
    _, model = study(lambda _: 0.0)
    items = [
        Asked(f"t/{side}{k}", side, 0.0, cluster=f"{side}{k}") for side in ("stated", "revealed") for k in range(3)
    ]
    found = analyse(table(items), facts(), {"m": 1e-6}).models["m"].tradeoffs["t"].temperatures.greedy
    assert (found.stated, found.revealed, found.gap) == (0.5, 0.5, 0.0)
    assert model.tradeoffs["t"].temperatures is not None


def test_temperature_one_is_what_was_measured(apart):
    _, model = apart
    found = model.tradeoffs["t"]
    one = next(at for at in found.temperatures.at if at.temperature == 1.0)
    assert one.gap == pytest.approx(found.gap, abs=1e-12)
    assert one.gap_interval == pytest.approx(found.inference.gap_interval, abs=1e-12)
    assert one.stated.content_interval_90 == pytest.approx(found.stated.content_interval_90, abs=1e-12)
    assert found.claim.by_temperature["1"] == found.claim.ungated.verdict == "deviation"
    assert set(found.claim.by_temperature.values()) == {"deviation"}


def test_a_word_may_turn_with_the_temperature():
    # .04 apart at 1 with hardly any spread; sharper, the gap passes the margin.
    items = [Asked(f"t/s{k}", "stated", 0.06 + 0.002 * k) for k in range(8)]
    items += [Asked(f"t/r{k}", "revealed", -0.08 + 0.002 * k) for k in range(8)]
    found = analyse(table(items), facts(), {"m": 1e-6}).models["m"].tradeoffs["t"]
    words = found.claim.by_temperature
    assert (words["1.5"], words["1"], words["0.3"]) == ("no preference", "no preference", "deviation")


def test_tests_stay_those_at_temperature_one(apart):
    _, model = apart
    found = model.tradeoffs["t"]
    dull = replace(found.inference.test, p=0.9)
    other = replace(found, inference=replace(found.inference, test=dull))
    claimed = claim_all({"m": replace(model, tradeoffs={"t": other})}, 1, THRESHOLDS)["m"].tradeoffs["t"].claim
    assert "deviation" not in claimed.by_temperature.values()


def test_one_cluster_has_none():
    items = [Asked("t/s", "stated", 1.0), Asked("t/r", "revealed", 1.0)]
    found = analyse(table(items), facts(), {"m": 1e-6}).models["m"].tradeoffs["t"]
    assert found.temperatures is None
    assert found.claim.by_temperature == {}
