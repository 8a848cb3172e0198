"""Guards: options that stand for several values, both rankings and how far they agree, and their reliability."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import spearmanr

from probe.analysis.outcomes import Standing, comparisons_of, mean_log_odds, read_outcomes
from probe.analysis.value_ranks import rank_sides
from probe.errors import InputError
from probe.store.schema import READINGS

from .build import QUICK, Asked, laid, rows_of

TABLE = "item,option,outcome\nt/x,first,care\nt/x,second,truth\nt/x,second,care\nt/y,first,care\nt/y,second,truth\n"


def test_the_mean_over_formats_cancels_what_a_place_pulls():
    z = 0.7 + 3.0 * laid(QUICK).order - 1.0 * laid(QUICK).label
    readings = pa.Table.from_pylist(rows_of([Asked("t/x", "stated", z)], QUICK), schema=READINGS)
    (first, second, found) = mean_log_odds(readings, "m")["t/x"]
    assert (first, second) == ("first", "second")
    assert found == pytest.approx(0.7, abs=1e-12)
    assert mean_log_odds(readings, "other") == {}


def test_a_value_on_both_sides_is_not_compared():
    standings = read_outcomes(TABLE, "outcomes.csv")
    z = {"t/x": ("first", "second", 2.0), "t/y": ("first", "second", 1.0)}
    found = comparisons_of(standings, z, ["t/x", "t/y"])
    assert found.names == ("care", "truth")
    assert found.z.tolist() == [1.0]


def test_an_items_pairs_share_one_weight():
    standings = {"i": Standing({"p": ("a", "b"), "q": ("c", "d")})}
    found = comparisons_of(standings, {"i": ("p", "q", 1.5)}, ["i"])
    assert len(found.z) == 4
    assert found.weights.sum() == pytest.approx(1.0)
    assert found.draws.tolist() == [0, 0, 0, 0]
    # The option that is p2 in the table of readings stands second whatever the outcome table lists first.
    turned = comparisons_of(standings, {"i": ("q", "p", 1.5)}, ["i"])
    assert {turned.names[a] for a in turned.ends[:, 0]} == {"c", "d"}


def test_other_columns_are_refused():
    with pytest.raises(InputError, match="item, option, outcome are expected"):
        read_outcomes("item,value\nx,y\n", "outcomes.csv")


@pytest.fixture
def world():
    """Six values; stated by all pairs, revealed by dilemmas that pit one or two of them against others."""
    rng = np.random.default_rng(0)
    values = list("abcdef")
    stated_u = dict(zip(values, np.linspace(2, -2, 6), strict=True))
    revealed_u = dict(zip(values, rng.permutation(np.linspace(2, -2, 6)), strict=True))
    standings, stated, revealed = {}, {}, {}
    for one, other in combinations(values, 2):
        standings[f"s/{one}{other}"] = Standing({"first": (one,), "second": (other,)})
        stated[f"s/{one}{other}"] = ("first", "second", stated_u[one] - stated_u[other])
    for n in range(80):
        one, other = rng.choice(values, 2, replace=False)
        standings[f"d/{n}"] = Standing({"act": (one,), "refrain": (other,)})
        noise = 0.1 * rng.normal()
        revealed[f"d/{n}"] = ("act", "refrain", revealed_u[one] - revealed_u[other] + noise)
    return standings, stated, revealed, stated_u, revealed_u


def test_both_rankings_and_their_agreement(world):
    standings, stated, revealed, stated_u, revealed_u = world
    found = rank_sides(standings, stated, revealed)
    np.testing.assert_allclose(found.stated.bradley_terry.values, list(stated_u.values()), atol=1e-9)
    np.testing.assert_allclose(found.revealed.bradley_terry.values, list(revealed_u.values()), atol=0.1)
    assert found.spearman == pytest.approx(spearmanr(list(stated_u.values()), list(revealed_u.values())).statistic)
    assert found.values == 6
    assert found.revealed.reliability > 0.95
    assert (found.stated.items, found.revealed.items) == (15, 80)
    assert found.stated.transitivity.cyclic == 0


def test_noise_has_no_reliability(world):
    standings, _, revealed, *_ = world
    rng = np.random.default_rng(1)
    noise = {item: (a, b, float(rng.normal())) for item, (a, b, _) in revealed.items()}
    found = rank_sides(standings, {}, noise)
    assert found.stated is None
    assert found.spearman is None
    assert found.revealed.reliability < 0.6


def test_a_table_of_another_run_is_refused():
    with pytest.raises(InputError, match="names no item of this run"):
        rank_sides({}, {"t/x": ("a", "b", 1.0)}, {})
