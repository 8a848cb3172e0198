"""Guards: every estimator against the truth of made-up readings, worked out by the definitions alone."""

from __future__ import annotations

import math

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.special import expit, logit

from probe.analysis.logspace import sigmoid
from probe.analysis.study import analyse
from probe.store.schema import READINGS
from simulation import laws
from simulation.draw import cluster_means, draw_revealed, draw_stated
from simulation.layout import revealed_items, stated_items
from simulation.population import deployed_in_population, with_deployed
from simulation.table import facts_of, readings
from simulation.truth import truth_of
from simulation.world import FormatEffects, Mass, Revealed, Root, Spread, Stated, TradeOff, World
from simulation.worlds import FACTORS, WIDE, plain, rich, scenarios, slotted

CASES = [(world, seed) for world in (plain, rich, slotted) for seed in (1, 2)]
EXACT = {"rel": 1e-10, "abs": 1e-12}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0].__name__}-{case[1]}")
def told(request):
    """World, results of its first trade-off, and the truth."""
    make, seed = request.param
    world = make()
    table, facts = readings(world, seed), facts_of(world)
    found = analyse(table, facts, {"synthetic": 1e-9}).models["synthetic"]
    return world, found.tradeoffs["t"], truth_of(table, "t", facts.agreeing)


@pytest.mark.parametrize("side", ["stated", "revealed"])
def test_preferences(told, side):
    _, found, truth = told
    own, exact = getattr(found, side), getattr(truth, side)
    assert own.deployed == pytest.approx(exact.deployed, **EXACT)
    assert own.latent == pytest.approx(sigmoid(exact.latent_log_odds), **EXACT)
    assert own.greedy == pytest.approx(exact.greedy, **EXACT)
    assert {name: form.deployed for name, form in own.by_form.items()} == pytest.approx(exact.by_form, **EXACT)
    assert own.by_cluster == pytest.approx(exact.by_cluster, **EXACT)
    assert getattr(found.option_mass, side) == pytest.approx(exact.mass, **EXACT)
    assert getattr(found.form_consistency, side) == pytest.approx(exact.consistency, **EXACT)


def test_divergences_and_budget(told):
    _, found, truth = told
    for name in ("kl_revealed_stated", "kl_stated_revealed", "jsd"):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), **EXACT)
    assert found.gap == pytest.approx(truth.revealed.deployed - truth.stated.deployed, **EXACT)
    assert found.latent_gap == pytest.approx(truth.revealed.latent_log_odds - truth.stated.latent_log_odds, **EXACT)
    for name in ("total", "format", "context", "scenarios", "gap"):
        assert getattr(found.budget, name) == pytest.approx(getattr(truth.budget, name), **EXACT)
    named = {{"slot": "order"}.get(axis, axis): value for axis, value in found.budget.format_by_axis.items()}
    assert named == pytest.approx(truth.budget.format_by_axis, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("side", ["stated", "revealed"])
def test_biases_and_flips(told, side):
    world, found, truth = told
    bias, flips = (found.bias, found.flips) if side == "revealed" else (found.bias_stated, found.flips_stated)
    exact = getattr(truth, side)
    if bias.slot is not None:
        assert bias.slot == pytest.approx(exact.position, **EXACT)
        assert (bias.position, bias.label, bias.listing, bias.label_by_set) == (None, None, None, {})
    else:
        assert bias.position == pytest.approx(exact.position, **EXACT)
        signed = {name: value for name, value in exact.label_by_set.items() if name not in world.unordered}
        assert {name: value for name, value in bias.label_by_set.items() if value is not None} == pytest.approx(signed)
        assert bias.label == pytest.approx(np.mean(list(signed.values())), **EXACT)
        assert bias.label_rms == pytest.approx(
            math.hypot(*exact.label_by_set.values()) / len(exact.label_by_set) ** 0.5
        )
    assert bias.content == pytest.approx(exact.latent_log_odds, **EXACT)
    assert flips.rate == pytest.approx(exact.flip_rate, **EXACT)
    assert flips.pivot_prevalence == pytest.approx(exact.pivot_prevalence, **EXACT)
    assert flips.disagreement == pytest.approx(exact.disagreement, **EXACT)


def test_context_bridge_and_agreement(told):
    _, found, truth = told
    effects = {f: {level: (e.p, e.z) for level, e in levels.items()} for f, levels in found.context_effects.items()}
    assert effects.keys() == truth.context_effects.keys()
    for factor, levels in truth.context_effects.items():
        for level, pair in levels.items():
            assert effects[factor][level] == pytest.approx(pair, **EXACT)
    if truth.bridge_to_choice is None:
        assert found.bridge is None
    else:
        assert found.bridge.bridge_to_choice == pytest.approx(truth.bridge_to_choice, **EXACT)
    agreement = found.bias_stated.acquiescence
    assert (agreement.towards_agreeing if agreement else None) == (
        None if truth.towards_agreeing is None else pytest.approx(truth.towards_agreeing, **EXACT)
    )


def test_planted_biases_come_back_as_they_were_planted():
    """On a full grid, where formats do the same to every item, nothing of them is left to chance."""
    found = analyse(readings(plain(), 3), facts_of(plain()), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    assert found.bias_stated.position == pytest.approx(0.6, abs=1e-12)
    assert found.bias.position == pytest.approx(-0.9, abs=1e-12)
    assert (found.bias.label, found.bias.listing) == pytest.approx((0.4, 0.1), abs=1e-12)
    slot = analyse(readings(slotted(), 3), facts_of(slotted()), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    assert (slot.bias_stated.slot, slot.bias.slot) == pytest.approx((1.5, -2.0), abs=1e-12)


def test_without_spread_everything_planted_comes_back():
    alike = Spread(0.0, 0.0)
    stated = Stated(0.5, (Root("agree", mate=True), Root("agree", mate=True)), alike, acquiescence=0.8)
    revealed = Revealed(-0.3, scenarios("stakes", "person"), alike, FACTORS, bridge=0.25)
    world = World({"t": TradeOff(stated, revealed)})
    found = analyse(readings(world, 1), facts_of(world), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    assert logit(found.stated.latent) == pytest.approx(0.5, abs=1e-12)
    assert found.bias_stated.acquiescence.towards_agreeing == pytest.approx(0.8, abs=1e-12)
    assert found.bridge.bridge_to_choice == pytest.approx(-0.25, abs=1e-12)
    for factor, levels in FACTORS.items():
        for level, planted in levels.items():
            assert found.context_effects[factor][level].z == pytest.approx(planted, abs=1e-12)


def test_the_latent_preference_keeps_what_is_even_and_drops_what_is_odd():
    alike = Spread(0.0, 0.0)
    effects = FormatEffects(3.0, {"AB": -2.0, "12": 1.0}, 0.0, {"cue": {"choice": 1.0}})
    world = World({"t": TradeOff(None, Revealed(0.5, scenarios(count=2, bridges=0), alike, formats=effects))}, WIDE)
    found = analyse(readings(world, 1), facts_of(world), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    assert logit(found.revealed.latent) == pytest.approx(0.5 + 0.5, abs=1e-12)
    assert found.pivot_axes == ("order",)


def test_controls_and_low_mass_close_gates():
    found = analyse(readings(rich(), 1), facts_of(rich()), {"synthetic": 1e-9}).models["synthetic"]
    assert {kind: control.passed for kind, control in found.controls.items()} == {
        "dominated": 1.0,
        "fact": 0.0,
        "equivalent": 1.0,
    }
    assert {gate.gate for gate in found.tradeoffs["t"].gates} == {"fact"}
    low = Stated(0.5, (Root(), Root()), mass=Mass(0.9, 0.01, 1.0))
    world = World({"t": TradeOff(low, Revealed(0.5, scenarios(count=2)))})
    gates = analyse(readings(world, 1), facts_of(world), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"].gates
    assert {gate.gate for gate in gates} == {"option_mass_mean", "option_mass_p10", "option_mass_difference"}


def test_the_table_is_the_one_that_a_run_writes():
    table = readings(rich(), 1)
    assert table.schema == READINGS
    assert table.equals(readings(rich(), 1))
    assert not table.equals(readings(rich(), 2))
    total = np.exp(table["logprob_p1"].to_numpy()) + np.exp(table["logprob_p2"].to_numpy())
    assert total == pytest.approx(table["option_mass"].to_numpy())
    difference = table["logprob_p1"].to_numpy() - table["logprob_p2"].to_numpy()
    assert difference == pytest.approx(table["log_odds"].to_numpy(), abs=1e-12)
    assert set(pc.unique(table["side"]).to_pylist()) == {"stated", "revealed", "bridge", "control"}
    first = table.filter(pc.and_(pc.equal(table["axis_label_set"], "12"), pc.equal(table["axis_label_order"], "p2")))
    assert set(first["label_p1"].to_pylist()) == {"2"}


@pytest.mark.parametrize("law", [laws.normal, laws.two_camps, laws.skewed])
def test_laws_have_mean_nought_and_variance_one(law):
    points = (np.arange(400_000) + 0.5) / 400_000
    assert law(points).mean() == pytest.approx(0.0, abs=1e-3)
    assert law(points).var() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("make", [plain, rich, slotted])
def test_the_population_is_what_many_sets_average_to(make):
    world = make()
    for side, items, draw in (
        (world.tradeoffs["t"].stated, stated_items, draw_stated),
        (world.tradeoffs["t"].revealed, revealed_items, draw_revealed),
    ):
        z = draw("t", side, world.axes, 1_500, np.random.default_rng(8))
        planned = items("t", side)
        means = cluster_means(planned, z)
        forms = {item.cluster: item.form for item in planned if item.side != "bridge"}
        by_form = {}
        for column, name in enumerate(sorted(forms)):
            by_form.setdefault(forms[name], []).append(means.p[:, column])
        sets = np.mean([np.mean(own, axis=0) for own in by_form.values()], axis=0)
        exact = deployed_in_population(side, world.axes)
        assert sets.mean() == pytest.approx(exact, abs=5 * sets.std() / 1_500**0.5)
        asked = deployed_in_population(with_deployed(side, 0.7, world.axes), world.axes)
        assert asked == pytest.approx(0.7, abs=1e-9)


@pytest.mark.parametrize("law", [laws.normal, laws.two_camps])
def test_the_population_is_an_integral_over_all_that_is_random(law):
    side = Stated(0.7, (Root(),), Spread(1.1, 0.4, law), formats=FormatEffects(items=1.5))
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    if law is laws.normal:
        exact = weights @ expit(0.7 + np.sqrt(1.1**2 + 0.4**2 + 1.5**2) * nodes)
    else:
        exact = np.mean([weights @ expit(0.7 + camp + np.hypot(0.4, 1.5) * nodes) for camp in (-1.1, 1.1)])
    # Half a point of the midpoint rule may fall on the wrong side of the step between two camps.
    assert deployed_in_population(side, {}) == pytest.approx(exact, abs=2e-4 if law is laws.two_camps else 1e-9)


def test_cluster_means_are_those_of_the_results():
    world = rich()
    table = readings(world, 4)
    found = analyse(table, facts_of(world), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    side = world.tradeoffs["t"].revealed
    planned = revealed_items("t", side)
    by_item = {}
    for row in table.sort_by("variant").to_pylist():
        by_item.setdefault(row["item"], []).append(row["log_odds"])
    grid = np.array([by_item[item.id] for item in planned])
    means = cluster_means(planned, grid[None])
    assert means.p[0] == pytest.approx([found.revealed.by_cluster[name] for name in sorted(found.revealed.by_cluster)])
    assert expit(means.z) == pytest.approx(means.p)
