from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.special import expit

from probe.analysis.cells import ItemRow
from probe.analysis.context_factors import factor_results, pool_factors
from probe.analysis.results import from_json, to_json
from probe.analysis.study import analyse
from probe.store.facts import TradeOffFacts
from simulation.table import facts_of, readings
from simulation.world import FormatEffects, Mass, Revealed, Scenario, Spread, TradeOff, World

from .build import steady

STAKES, WHO = ("high", "low"), ("all", "other", "self")


def cells(names, stakes=STAKES, who=WHO):
    return [
        ItemRow(f"{n}/{s},{w}", "t", "revealed", "choice", n, n, (("stakes", s), ("who", w)), "x", "y")
        for n in names
        for s, w in itertools.product(stakes, who)
    ]


def told(z, names=("t/a",), predicts=None, **levels):
    return factor_results(cells(names, **levels), z, 1e-9, "x", predicts or {})


@steady
@given(arrays(float, (12, 3), elements=st.floats(-4, 4)))
def test_by_enumeration(z):
    found = told(z, ("t/a", "t/b"))
    p = expit(z).mean(axis=1).reshape(2, 2, 3)
    choice = np.where(np.abs(p - 0.5) > 0.05, np.sign(p - 0.5), 0)
    pairs = [choice[s, a, w] * choice[s, b, w] < 0 for s in (0, 1) for a, b in [(0, 1)] for w in range(3)]
    assert found["stakes"].turns == pytest.approx(np.mean(pairs))
    pairs = [choice[s, k, a] * choice[s, k, b] < 0 for s in (0, 1) for k in (0, 1) for a, b in [(0, 1), (0, 2), (1, 2)]]
    assert found["who"].turns == pytest.approx(np.mean(pairs))
    assert found["who"].p_size == pytest.approx(np.mean(np.ptp(p.mean(axis=1), axis=1)))
    mean = z.mean(axis=1).reshape(2, 2, 3)
    assert found["stakes"].z_size == pytest.approx(np.mean(np.ptp(mean.mean(axis=2), axis=1)))


def kl(p, q):
    return float(np.mean(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))))


def test_shares_are_shapley_values_of_two_factors():
    z = np.random.default_rng(0).normal(0, 2, (6, 4))
    p = expit(z).mean(axis=1).reshape(2, 3)
    both, stakes, who = kl(p, p.mean()), kl(p.mean(axis=1), p.mean()), kl(p.mean(axis=0), p.mean())
    found = told(z)
    assert found["stakes"].information == pytest.approx((stakes + both - who) / 2, abs=1e-14)
    assert found["who"].information == pytest.approx((who + both - stakes) / 2, abs=1e-14)


def world(effects=None, **revealed):
    own = Revealed(
        0.3,
        (Scenario(), *(Scenario(("stakes", "person")) for _ in range(6))),
        Spread(1.0, 0.0),
        factors=effects or {"stakes": {"low": -0.8, "high": 0.8}, "person": {"self": 0.1, "other": -0.1}},
        formats=FormatEffects(position=0.7),
        **revealed,
    )
    return World({"t": TradeOff(None, own)})


def analysed(made, predicts, principles=("first", "second")):
    facts = facts_of(made)
    facts = replace(facts, tradeoffs={"t": TradeOffFacts("f", *principles, predicts=predicts)})
    return analyse(readings(made, 3), facts, {"synthetic": 1e-9})


def test_the_planted_factor_turns_the_choice_and_the_shares_are_the_context_term():
    study = analysed(world(), {"stakes": {"second": ["low", "high"]}})
    model = study.models["synthetic"]
    found = model.tradeoffs["t"]
    assert found.turning_factors == ("stakes",)
    factors = found.context_factors
    assert sum(f.information for f in factors.values()) == pytest.approx(found.budget.context, abs=1e-12)
    assert factors["stakes"].turns > factors["person"].turns
    assert factors["stakes"].z_size == pytest.approx(1.6, abs=1e-12)
    predicted = factors["stakes"].predicted
    assert (predicted.towards, predicted.scenarios) == ("second", 6)
    assert predicted.z == pytest.approx(-1.6, abs=1e-12)
    assert predicted.p < 0
    assert predicted.z_interval == pytest.approx((-1.6, -1.6), abs=1e-9)
    assert factors["person"].predicted is None
    pooled = model.context_factors["stakes"]
    assert (pooled.tradeoffs, pooled.predicted_tradeoffs, pooled.predicted_z_interval) == (1, 1, None)
    assert pooled.predicted_z == pytest.approx(-1.6, abs=1e-12)
    assert from_json(to_json(study)) == study


def test_a_tradeoff_behind_a_closed_gate_is_not_pooled():
    model = analysed(world(mass=Mass(usual=0.3)), {}).models["synthetic"]
    assert model.tradeoffs["t"].gates
    assert model.tradeoffs["t"].context_factors
    assert model.context_factors == {}


def test_a_prediction_runs_from_its_first_to_its_last_level():
    z = np.array([[1.0], [2.0], [4.0], [1.0], [2.0], [4.0]])
    towards_x = told(z, predicts={"who": {"x": ["self", "other", "all"]}})["who"].predicted
    assert towards_x.z == pytest.approx(1.0 - 4.0)
    assert towards_x.p == pytest.approx(expit(1) - expit(4))
    towards_y = told(z, predicts={"who": {"y": ["self", "other", "all"]}})["who"].predicted
    assert towards_y.z == pytest.approx(3.0)
    assert told(z, predicts={"who": {"y": ["self", "nobody"]}})["who"].predicted is None


def test_five_scenarios_have_a_range_and_six_an_interval():
    names = [f"t/{k}" for k in range(6)]
    sizes = np.array([0.1, 0.4, 0.2, 0.9, 0.3, 0.5])
    z = np.array([s * d for s in sizes for d in (1, 0)])[:, None]
    predicts = {"stakes": {"x": ["low", "high"]}}
    five = told(z[:10], names[:5], predicts, who=("all",))["stakes"].predicted
    assert (five.z_interval, five.z_range) == (None, (pytest.approx(0.1), pytest.approx(0.9)))
    six = told(z, names, predicts, who=("all",))["stakes"].predicted
    assert six.z_interval == pytest.approx(stats.t.interval(0.95, 5, loc=sizes.mean(), scale=stats.sem(sizes)))


def test_renaming_the_principles_changes_no_size():
    z = np.random.default_rng(1).normal(0, 1, (6, 4))
    there = factor_results(cells(["t/a"]), z, 1e-9, "x", {"who": {"x": ["self", "all"]}})
    back = factor_results(cells(["t/a"]), -z, 1e-9, "y", {"who": {"x": ["self", "all"]}})
    for factor in there:
        assert there[factor].information == pytest.approx(back[factor].information, abs=1e-14)
        assert there[factor].turns == back[factor].turns
        assert there[factor].p_size == pytest.approx(back[factor].p_size)
    assert there["who"].predicted.z == pytest.approx(back["who"].predicted.z)


def test_opposite_signs_do_not_cancel_over_tradeoffs():
    z = np.array([[2.0], [-2.0]])
    one, other = (told(sign * z, who=("all",)) for sign in (1, -1))
    pooled = pool_factors([one, other, {}])["stakes"]
    assert (pooled.tradeoffs, pooled.z_size, pooled.turns) == (2, pytest.approx(4.0), 1.0)
    assert (pooled.predicted_tradeoffs, pooled.predicted_z, pooled.predicted_z_range) == (0, None, None)


def test_scenarios_with_absent_cells_and_without_factors_tell_nothing():
    z = np.arange(5.0)[:, None]
    assert factor_results(cells(["t/a"])[:5], z, 1e-9, "x", {}) == {}
    alone = ItemRow("t/a", "t", "revealed", "choice", "t/a", "t/a", (), "x", "y")
    assert factor_results([alone], np.zeros((1, 2)), 1e-9, "x", {}) == {}


def test_a_scenario_with_a_cell_twice_tells_nothing():
    items = cells(["t/a"])
    again = replace(items[3], id="t/a/again")
    z = np.arange(7.0)[:, None] - 2
    assert factor_results([*items, again], z, 1e-9, "x", {}) == {}


@pytest.mark.parametrize(("delta", "turns"), [(0.9, 1.0), (1.1, 0.0)])
def test_what_rounding_may_turn_does_not_count(delta, turns):
    z = np.array([[1.0], [-1.0]])
    found = factor_results(cells(["t/a"], who=("all",)), z, delta, "x", {})
    assert found["stakes"].turns == turns
