"""Guards: no figure depends on which principle is p1; failed validity checks stay out; ceilings need reliability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.special import expit

from probe.analysis.between import ceiling_corrected, cosine, cosine_interval
from probe.analysis.reliability import SPLITS, half_log_odds, random_halves, stepped_up
from probe.analysis.study import analyse
from probe.store.facts import TradeOffFacts
from probe.store.schema import READINGS

from .build import QUICK, TWO, Asked, facts, rows_of

FLOORS = {"m": 1e-6}
AXES = {**QUICK, "cue": TWO}
NAMES = [f"t{k}" for k in range(6)]


def planted(seed=0, spread=0.3, mass=0.99):
    """Six trade-offs: content of each side, clusters around it."""
    rng = np.random.default_rng(seed)
    items = []
    for name in NAMES:
        for side, count in (("stated", 9), ("revealed", 12)):
            middle = rng.normal(0, 1.5)
            items += [
                Asked(
                    f"{name}/{side}{k}",
                    side,
                    middle + rng.normal(0, spread) + rng.normal(0, 0.1, 8),
                    tradeoff=name,
                    p1=f"{name}-a",
                    p2=f"{name}-b",
                    mass=mass,
                )
                for k in range(count)
            ]
    return items


def about(turned=()):
    return facts(
        AXES,
        tradeoffs={
            name: TradeOffFacts("f", f"{name}-b", f"{name}-a")
            if name in turned
            else TradeOffFacts("f", f"{name}-a", f"{name}-b")
            for name in NAMES
        },
    )


def mirrored(z):
    """The grid order x label order x cue with its first two axes turned round."""
    return np.broadcast_to(z, 8).reshape(2, 2, 2)[::-1, ::-1].reshape(8)


def model(items, known=None):
    readings = pa.Table.from_pylist(rows_of(items, AXES), schema=READINGS)
    return analyse(readings, known or about(), FLOORS).models["m"]


def test_figures_are_those_of_their_definitions():
    found = model(planted())
    s, r = (
        np.array([np.log(p / (1 - p)) for p in (getattr(t, side).deployed for t in found.tradeoffs.values())])
        for side in ("stated", "revealed")
    )
    between = found.between
    assert between.tradeoffs == 6
    assert between.cosine == pytest.approx((s * r).sum() / np.sqrt((s**2).sum() * (r**2).sum()), abs=1e-12)
    assert between.same_sign == np.mean(s * r > 0)
    exact = stats.binomtest(int((s * r > 0).sum()), 6).proportion_ci()
    assert between.same_sign_interval == pytest.approx((exact.low, exact.high))
    assert between.cosine_interval[0] < between.cosine < between.cosine_interval[1]
    assert between.ranks is None
    assert "t0-a, t0-b | t1-a, t1-b" in between.ranks_refused
    reliable = between.reliability
    assert reliable.splits == SPLITS == 200
    expected = between.cosine / np.sqrt(reliable.stated * reliable.revealed)
    assert between.ceiling_corrected == pytest.approx(expected)


def test_nothing_depends_on_which_principle_is_named_first():
    items, turned = planted(), ("t1", "t4")
    other = [replace(i, z=-mirrored(i.z), p1=i.p2, p2=i.p1) if i.tradeoff in turned else i for i in items]
    here, there = model(items).between, model(other, about(turned)).between
    assert there.same_sign == here.same_sign
    for name in ("cosine", "cosine_latent", "ceiling_corrected"):
        assert getattr(there, name) == pytest.approx(getattr(here, name), abs=1e-12)
    assert there.cosine_interval == pytest.approx(here.cosine_interval, abs=1e-10)
    for name in ("stated", "revealed", "format_stated", "format_revealed"):
        assert getattr(there.reliability, name) == pytest.approx(getattr(here.reliability, name), abs=1e-12)


def test_trade_offs_behind_closed_gates_stay_out():
    items = [replace(i, mass=0.2) if i.tradeoff in ("t0", "t1") else i for i in planted()]
    found = model(items)
    assert (found.between.tradeoffs, found.between_ungated.tradeoffs) == (4, 6)
    assert found.between_ungated.cosine == model(planted()).between.cosine
    assert model([replace(i, mass=0.2) for i in planted()]).between is None


def test_sides_that_scatter_are_unreliable_and_not_corrected():
    rng = np.random.default_rng(3)
    items = [replace(i, z=rng.normal(0, 3.0)) if i.side == "revealed" else i for i in planted()]
    reliable = model(items).between.reliability
    assert reliable.stated > 0.95
    assert reliable.revealed < 0.5
    assert model(items).between.ceiling_corrected is None
    assert ceiling_corrected(0.6, 0.49, 0.9) is None
    assert ceiling_corrected(0.6, None, 0.9) is None
    assert ceiling_corrected(0.6, 0.5, 0.5) == pytest.approx(1.2)


def test_split_half_tells_the_reliability_that_was_planted():
    """Clusters scatter so that half the square of a side's log-odds over trade-offs is chance."""
    rng = np.random.default_rng(4)
    tradeoffs, units = 400, 8
    truth = rng.normal(0, 1, tradeoffs)
    z = truth[:, None] + rng.normal(0, np.sqrt(units), (tradeoffs, units))
    split = random_halves(units, rng)
    rows = [np.broadcast_to(row, split.shape) for row in z]
    halves = [[row[own].reshape(SPLITS, -1).mean(axis=1) for own in (split, ~split)] for row in rows]
    first, second = (np.stack([half[k] for half in halves], axis=1) for k in (0, 1))
    assert np.median(stepped_up(first, second)) == pytest.approx(0.5, abs=0.1)


def test_halves_are_halves_and_their_log_odds_those_of_mean_probabilities():
    rng = np.random.default_rng(5)
    split = random_halves(7, rng)
    assert split.shape == (200, 7)
    assert set(split.sum(axis=1)) == {3}
    assert len({tuple(row) for row in split.tolist()}) > 20
    z, weights = rng.normal(0, 2, 7), rng.uniform(0.5, 1, 7)
    first, second = half_log_odds(z, weights / weights.sum(), split)
    for row, chosen in enumerate(split[:5]):
        for found, own in ((first, chosen), (second, ~chosen)):
            p = weights[own] @ expit(z[own]) / weights[own].sum()
            assert found[row] == pytest.approx(np.log(p / (1 - p)), abs=1e-12)


def test_stepping_up_is_that_of_spearman_and_brown():
    c = np.array([1.0, 0.5, 0.0])
    pairs = np.stack([c, np.sqrt(1 - c**2)], axis=1)
    assert stepped_up(np.array([[1.0, 0.0]] * 3), pairs) == pytest.approx(2 * c / (1 + c))
    assert stepped_up(np.array([[1.0, 0.0]]), np.array([[-1.0, 0.0]])) == pytest.approx(-1)


def test_the_interval_of_the_cosine_is_near_that_of_a_bootstrap():
    rng = np.random.default_rng(6)
    s = rng.normal(0, 1, 80)
    r = 0.6 * s + rng.normal(0, 0.8, 80)

    def alike(a, b, axis):
        return (a * b).sum(axis=axis) / np.sqrt((a**2).sum(axis=axis) * (b**2).sum(axis=axis))

    theirs = stats.bootstrap((s, r), alike, paired=True, n_resamples=4000, rng=rng, vectorized=True).confidence_interval
    assert cosine_interval(s, r) == pytest.approx((theirs.low, theirs.high), abs=0.04)


def test_what_cannot_be_told_is_not_told():
    assert cosine(np.zeros(3), np.ones(3)) is None
    assert cosine_interval(np.ones(2), np.ones(2)) is None
    assert cosine_interval(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])) is None
    one = [i for i in planted() if i.tradeoff == "t0"]
    assert model(one).between is None
    thin = [i for i in planted() if i.id[-1] == "0" and not i.id.endswith("10")]
    reliable = model(thin).between.reliability
    assert (reliable.stated, reliable.revealed) == (None, None)
    assert reliable.format_stated is not None


def test_formats_that_turn_the_answers_are_unreliable():
    sign = np.array([1.0, -1.0] * 4)
    rng = np.random.default_rng(7)
    turning = [replace(i, z=i.z + 4 * sign * rng.choice([-1, 1])) if i.side == "revealed" else i for i in planted()]
    reliable = model(turning).between.reliability
    assert reliable.format_stated > 0.95
    assert reliable.format_revealed < reliable.format_stated


def test_biases_of_position_make_no_format_unreliable():
    odd = np.repeat([3.0, -3.0], 4)
    biased = [replace(i, z=np.broadcast_to(i.z, 8) + odd) for i in planted()]
    assert model(biased).between.reliability.format_revealed > 0.95


@pytest.mark.parametrize("axes", [{}, QUICK])
def test_without_other_axes_there_is_no_reliability_of_formats(axes):
    items = [replace(i, z=np.ravel(i.z)[0]) for i in planted()]
    known = replace(about(), axes=axes)
    found = analyse(pa.Table.from_pylist(rows_of(items, axes), schema=READINGS), known, FLOORS).models["m"].between
    assert (found.reliability.format_stated, found.reliability.format_revealed) == (None, None)
    assert found.reliability.stated > 0.9
