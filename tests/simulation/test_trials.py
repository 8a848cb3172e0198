"""Guards: the batched trials against the analysis of single data sets and against scipy; each trial can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.special import expit, logit
from scipy.stats import ttest_ind

from probe.analysis.intervals import equal_weights, kl_interval, signed_root, welch
from probe.analysis.permutation import arrange, draws_for, exchange, seed_of
from probe.analysis.study import analyse
from probe.analysis.validity_checks import THRESHOLDS
from simulation.agreement import differences
from simulation.cases import AXES, Case, coverage_cases, null_cases, spread_case, unequal_case
from simulation.draw import cluster_means
from simulation.gated import try_gates
from simulation.table import facts_of, readings
from simulation.trials import (
    MARGIN,
    Claims,
    claimed,
    claims,
    cover,
    draw,
    family_errors,
    grids,
    p_values,
    reject,
)
from simulation.truth import truth_of
from simulation.validation import rng_of
from simulation.world import TradeOff, World

SEEDS = range(6)


def grid_of(table, items):
    """Log-odds of these items in a table, a row each."""
    by_item = {}
    for row in table.sort_by("variant").to_pylist():
        by_item.setdefault(row["item"], []).append(row["log_odds"])
    return np.array([by_item[item.id] for item in items])


@pytest.fixture(scope="module", params=[0, 2, 4], ids=lambda place: coverage_cases()[place].name)
def both_ways(request):
    """Results of single data sets one by one, and their clusters in one batch."""
    case = coverage_cases()[request.param]
    world = World({"t": TradeOff(case.stated, case.revealed)}, AXES)
    tables = [readings(world, seed) for seed in SEEDS]
    found = [analyse(t, facts_of(world), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"] for t in tables]
    batch = [cluster_means(items, np.stack([grid_of(t, items) for t in tables])) for items in case.items]
    return found, batch[0], batch[1]


def test_the_batch_is_the_analysis_of_each_set(both_ways):
    found, stated, revealed = both_ways
    weights = equal_weights(12), equal_weights(9)
    gap = welch(revealed.p, stated.p, *weights)
    for level, name in ((0.95, "gap_interval"), (0.9, "gap_interval_90")):
        bounds = np.stack(gap.interval(level), axis=1)
        assert bounds == pytest.approx(np.array([getattr(one.inference, name) for one in found]), abs=1e-12)
    kl = np.stack(kl_interval(*signed_root(revealed.z, stated.z, *weights).interval()), axis=1)
    expected = np.array([one.inference.kl_revealed_stated_interval for one in found])
    assert kl == pytest.approx(expected, abs=1e-12)
    arranged = arrange(*weights, draws_for(1), seed_of("synthetic", "t"))
    p = exchange(revealed.p, stated.p, *weights, arranged).p
    assert p.tolist() == [one.inference.test.p for one in found]


def test_the_batch_makes_the_claims_of_the_analysis(both_ways):
    found, stated, revealed = both_ways
    p = np.array([one.claim.p_adjusted for one in found])
    deviation, none = claimed(stated, revealed, p)
    words = ["deviation" if d else "no deviation" if n else "undecided" for d, n in zip(deviation, none, strict=True)]
    assert words == [one.verdict for one in found]
    assert THRESHOLDS["margin"] == MARGIN


def test_two_one_sided_tests_need_the_narrow_interval():
    case = spread_case((0.5, 0.5), 0.1, (9, 12))
    stated, revealed = draw(case, 60, rng_of(1, "test", "narrow"))
    _, none = claimed(stated, revealed, np.ones(60))
    within = {}
    for level in (0.9, 0.95):
        bounds = ttest_ind(revealed.p, stated.p, axis=1, equal_var=False).confidence_interval(level)
        within[level] = (bounds.low > -MARGIN) & (bounds.high < MARGIN)
    assert none.tolist() == within[0.9].tolist() != within[0.95].tolist()


def test_the_batch_against_scipy_and_a_jackknife_by_hand():
    case = coverage_cases()[1]
    stated, revealed = draw(case, 4, np.random.default_rng(3))
    weights = equal_weights(12), equal_weights(9)
    low, high = welch(revealed.p, stated.p, *weights).interval()
    root = signed_root(revealed.z, stated.z, *weights)
    for row in range(4):
        r, s = revealed.p[row], stated.p[row]
        bounds = ttest_ind(r, s, equal_var=False).confidence_interval()
        assert (low[row], high[row]) == pytest.approx((bounds.low, bounds.high), abs=1e-12)

        def of(r, s):
            p, q = r.mean(), s.mean()
            return np.sign(p - q) * np.sqrt(2 * (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))))

        assert root.value[row] == pytest.approx(of(r, s), abs=1e-12)
        parts = [
            (len(x) - 1) / len(x) * np.sum((left - left.mean()) ** 2)
            for x, left in (
                (r, np.array([of(np.delete(r, k), s) for k in range(12)])),
                (s, np.array([of(r, np.delete(s, k)) for k in range(9)])),
            )
        ]
        assert root.error[row] == pytest.approx(np.sqrt(sum(parts)), abs=1e-12)


def test_cluster_means_in_a_batch_are_plain_means():
    case = null_cases()[2]
    stated, revealed = case.items
    for items, z in zip((stated, revealed), grids(case, 3, np.random.default_rng(4)), strict=True):
        found = cluster_means(items, z)
        for column, name in enumerate(sorted({item.cluster for item in items})):
            own = [row for row, item in enumerate(items) if item.cluster == name]
            assert found.p[:, column] == pytest.approx(expit(z[:, own]).mean(axis=(1, 2)), abs=1e-14)
        assert found.z == pytest.approx(logit(found.p), abs=1e-9)


@pytest.mark.parametrize("place", range(6))
def test_the_truths_are_what_they_are_called(place):
    stated, revealed = coverage_cases()[place].preferences
    expected = [(0.6, 0.6), (0.6, 0.7), (0.97, 0.85), (0.75, 0.3), (0.65, 0.5), None][place]
    if expected:
        assert (stated, revealed) == pytest.approx(expected, abs=1e-9)
    else:
        assert stated > revealed > 0.5
    assert len({item.cluster for item in coverage_cases()[place].items[0]}) == 9
    assert len({item.cluster for item in coverage_cases()[place].items[1]}) == 12


def test_coverage_is_measured_against_the_given_truth():
    case = coverage_cases()[1]
    honest = cover(case, 400, rng_of(1, "test", "honest"))
    assert 0.9 <= honest.gap <= 0.99
    assert honest.mean_kl > honest.true_kl
    assert honest.told_bias == pytest.approx(honest.mean_kl - honest.true_kl, rel=0.3)


@pytest.mark.parametrize("told", [0.9, 0.45])
def test_a_wrong_truth_is_not_covered(told):
    class Wrong(Case):
        @property
        def preferences(self):
            return 0.6, told

    case = coverage_cases()[1]
    wrong = cover(Wrong(case.name, case.stated, case.revealed), 400, rng_of(1, "test", "honest"))
    assert wrong.gap < 0.5
    assert wrong.root < 0.5


def test_rewordings_are_no_new_draws():
    found = reject(null_cases()[3], 400, rng_of(1, "test", "reworded"))
    assert found.test < 0.1
    assert found.t_of_items > 0.25


def test_unequal_spread_is_on_the_side_that_is_named():
    wide_stated, wide_revealed = unequal_case(4.0, 9), unequal_case(4.0, 12)
    assert wide_stated.stated.spread.between / wide_stated.revealed.spread.between == pytest.approx(4.0)
    assert wide_revealed.revealed.spread.between / wide_revealed.stated.spread.between == pytest.approx(4.0)
    assert len({item.cluster for item in wide_stated.with_roots(18).items[0]}) == 18


def test_families_count_false_rejections_only_where_there_is_no_difference():
    far, null = spread_case((0.3, 0.9), 0.5, (9, 12)), spread_case((0.6, 0.6), 1.0, (9, 12))
    apart = family_errors([far] * 3, 50, rng_of(1, "test", "far"))
    assert (apart.error, apart.claimed, apart.power) == (0.0, 0.0, 1.0)
    mixed = family_errors([far, null, null], 100, rng_of(1, "test", "mixed"))
    assert mixed.error <= 0.15
    assert mixed.power == 1.0
    assert family_errors([null] * 3, 100, rng_of(1, "test", "null")).power is None


def test_firm_claims_are_made_and_only_those():
    rng = rng_of(1, "test", "claims")
    assert claims(spread_case((0.3, 0.9), 0.5, (9, 12)), 100, rng) == Claims(1.0, 0.0)
    assert claims(spread_case((0.5, 0.5), 0.05, (36, 48)), 100, rng).no_deviation > 0.95
    wide = claims(spread_case((0.5, 0.5), 2.0, (9, 12)), 100, rng)
    assert wide.no_deviation == 0.0
    assert wide.deviation < 0.1


def test_a_larger_family_asks_for_more():
    case = spread_case((0.5, 0.75), 1.0, (9, 12))
    alone, many = (claims(case, 200, rng_of(1, "test", "family"), family) for family in (1, 24))
    assert many.deviation < alone.deviation


def test_p_values_do_not_depend_on_how_sets_are_grouped():
    case = spread_case((0.5, 0.9), 0.5, (4, 4))
    stated, revealed = draw(case, 230, np.random.default_rng(1))
    p = p_values(stated, revealed, 1, np.random.default_rng(2))
    alone = p_values(
        replace(stated, p=stated.p[150:151], z=stated.z[150:151]),
        replace(revealed, p=revealed.p[150:151], z=revealed.z[150:151]),
        1,
        np.random.default_rng(9),
    )
    assert p.shape == (230,)
    assert p[150] == alone[0]


def test_measurements_do_not_move_each_other():
    assert rng_of(1, "a", "x").random() == rng_of(1, "a", "x").random()
    assert len({rng_of(*one).random() for one in ((1, "a", "x"), (2, "a", "x"), (1, "b", "x"), (1, "a", "y"))}) == 4


def test_nothing_is_claimed_behind_a_closed_gate():
    found = try_gates(1)
    assert found["nothing"].closed == ()
    assert found["nothing"].claimed == found["nothing"].would_claim > 0
    for name, one in found.items():
        if name != "nothing":
            assert one.closed
            assert one.would_claim > 0
            assert one.claimed == 0
    closed = {gate for one in found.values() for gate in one.closed}
    assert closed == {
        "option_mass_mean", "option_mass_p10", "option_mass_difference", "dominated", "fact", "equivalent",
        "written_agreement", "numeric_error",
    }  # fmt: skip


def test_differences_are_seen_and_named():
    case = coverage_cases()[0]
    world = World({"t": TradeOff(case.stated, case.revealed)}, AXES)
    table, facts = readings(world, 1), facts_of(world)
    found = analyse(table, facts, {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    truth = truth_of(table, "t", facts.agreeing)
    assert max(differences(found, truth).values()) < 1e-11
    moved = replace(truth, revealed=replace(truth.revealed, position=truth.revealed.position + 0.25))
    assert differences(found, moved)["biases"] == pytest.approx(0.25)
    with pytest.raises(ValueError, match="one side only"):
        differences(found, replace(truth, bridge_to_choice=0.1))
    stated_only = table.filter(pc.not_equal(table["side"], "revealed"))
    lone = analyse(stated_only, facts, {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    with pytest.raises(ValueError, match="absent"):
        differences(lone, truth)
