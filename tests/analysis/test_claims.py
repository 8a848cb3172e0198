"""Guards: claims are made for the whole family; gates close them; half and twice; what a shift of preference needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from probe.analysis.claims import claim_all
from probe.analysis.study import Terms, analyse
from probe.analysis.validity_checks import THRESHOLDS, WrittenAgreement
from probe.analysis.words import Adjusted, judge

from .build import Asked, control, facts, table

FLOORS = {"m": 1e-6}
SPREAD = np.linspace(-1, 1, 9)


def side(name, middle, spread=0.1, count=9, shift=0.0, mass=0.99, tradeoff="t"):
    """Clusters whose log-odds lie evenly around the middle, bias aside."""
    return [
        Asked(f"{tradeoff}/{name}{k}", name, logit(middle) + spread * s + shift, mass=mass, tradeoff=tradeoff)
        for k, s in enumerate(SPREAD[:count] if count < 9 else np.linspace(-1, 1, count))
    ]


def study(items, terms=None, about=None, floors=FLOORS):
    return analyse(table(items), about or facts(), floors, terms).models["m"]


def claimed(stated, revealed, **more):
    return study(stated + revealed, **more).tradeoffs["t"]


@pytest.mark.parametrize(
    ("s", "r", "direction"),
    [(0.8, 0.25, "reversal"), (0.8, 0.6, "attenuated"), (0.6, 0.8, "amplified"), (0.4, 0.1, "amplified")],
)
def test_a_deviation_has_a_direction(s, r, direction):
    found = claimed(side("stated", s), side("revealed", r, count=8))
    assert (found.verdict, found.direction) == ("deviation", direction)
    assert found.claim.shift_of_preference
    assert found.claim.ungated.verdict == "deviation"


def test_equal_sides_are_no_deviation_and_have_no_direction():
    found = claimed(side("stated", 0.7), side("revealed", 0.702))
    assert (found.verdict, found.direction, found.claim.shift_of_preference) == ("no deviation", None, False)


def test_wide_sides_are_undecided():
    found = claimed(side("stated", 0.7, 3.0), side("revealed", 0.702, 3.0))
    assert found.verdict == "undecided"
    assert "too wide for any word" in found.claim.reason


def test_a_difference_within_the_margin_is_none_however_sure():
    found = claimed(side("stated", 0.7, 0.01), side("revealed", 0.74, 0.01))
    assert found.inference.test.p < 0.001
    assert found.verdict == "no deviation"
    straddling = claimed(side("stated", 0.7, 0.03), side("revealed", 0.75, 0.03))
    assert straddling.inference.test.p < 0.001
    assert straddling.verdict == "undecided"


def test_an_interval_beyond_the_margin_does_without_rejection_not_suffice():
    found = claimed(side("stated", 0.8), side("revealed", 0.6))
    inference = found.inference
    assert inference.gap_interval[1] < -0.05
    assert judge(found, inference, Adjusted(0.0501, 0.0501, 1), 0.05).verdict == "undecided"
    assert judge(found, inference, Adjusted(0.05, 0.0501, 1), 0.05).verdict == "deviation"


def test_the_family_is_all_models_and_trade_offs_of_the_study():
    items = side("stated", 0.8, count=4) + side("revealed", 0.3, count=5)
    alone = study(items).tradeoffs["t"]
    p = alone.inference.test.p
    assert (alone.verdict, alone.claim.family, alone.claim.p_adjusted) == ("deviation", 1, p)
    assert alone.claim.p_content_adjusted == alone.inference.content.test.p
    of_many = study(items, Terms(models=8)).tradeoffs["t"]
    assert (of_many.claim.family, of_many.claim.p_adjusted) == (8, pytest.approx(8 * p))
    assert of_many.claim.p_content_adjusted == pytest.approx(8 * p)
    assert of_many.verdict == "not testable"


def test_one_cluster_decides_nothing():
    found = claimed(side("stated", 0.8), side("revealed", 0.2, count=1))
    assert (found.verdict, found.inference.test, found.inference.gap_interval) == ("not testable", None, None)
    assert "fewer than two clusters" in found.claim.reason


@pytest.mark.parametrize(("revealed", "word"), [(0.7, "deviation"), (0.84, "no deviation")])
def test_without_any_variance_the_margin_alone_decides(revealed, word):
    found = claimed(side("stated", 0.8, 0.0), side("revealed", revealed, 0.0))
    assert (found.inference.gap_flat, found.inference.test) == (True, None)
    assert found.verdict == word


def test_a_deviation_is_above_its_numeric_floor():
    found = claimed(side("stated", 0.8), side("revealed", 0.6))
    inference = found.inference
    p = Adjusted(0.001, 0.001, 1)
    assert judge(found, inference, p, 0.05).verdict == "deviation"
    assert judge(replace(found, kl_below_floor=True), inference, p, 0.05).verdict == "undecided"
    assert judge(found, inference, p, 0.25).verdict == "no deviation"


def test_equal_content_under_a_bias_is_no_shift_of_preference():
    """A slot bias on one side alone moves the deployed preference and leaves the latent one where it is."""
    bias = 6 * np.array([1.0, -1.0, 1.0, -1.0])
    found = claimed(side("stated", 0.73), side("revealed", 0.73, shift=bias))
    assert (found.verdict, found.direction, found.claim.by_format) == ("deviation", "attenuated", True)
    assert found.inference.latent_gap_interval[0] < 0 < found.inference.latent_gap_interval[1]
    assert not found.claim.shift_of_preference


def test_a_latent_gap_of_the_other_sign_is_no_shift_of_preference():
    bias = 6 * np.array([1.0, -1.0, 1.0, -1.0])
    found = claimed(side("stated", 0.73), side("revealed", 0.9, shift=bias))
    assert found.gap < -0.05
    assert found.inference.latent_gap_interval[0] > 0
    assert (found.verdict, found.claim.shift_of_preference) == ("deviation", False)


def test_a_sign_that_differs_between_forms_is_marked():
    stated = [replace(item, form=form) for k, item in enumerate(side("stated", 0.8)) for form in [["a", "b"][k > 3]]]
    low = [replace(item, z=item.z - 6 * (item.form == "b")) for item in stated]
    against = claimed(low, side("revealed", 0.6, 0.02), terms=Terms(thresholds={**THRESHOLDS, "margin": 1e-9}))
    assert against.depends_on_form
    assert [gap.gap > 0 for gap in against.inference.gap_by_form.values()] == [False, True]
    assert against.claim.depends_on_form == (against.verdict == "deviation")
    same = claimed(stated, side("revealed", 0.6, 0.02))
    assert (same.verdict, same.claim.depends_on_form) == ("deviation", False)


def test_forms_have_intervals_of_their_own():
    stated = [replace(item, form="ab"[k > 3]) for k, item in enumerate(side("stated", 0.8))]
    found = claimed(stated, side("revealed", 0.6))
    for name, gap in found.inference.gap_by_form.items():
        own = found.stated.by_form[name]
        assert gap.gap == pytest.approx(found.revealed.deployed - own.deployed, abs=1e-12)
        assert gap.interval[0] < gap.gap < gap.interval[1]
        assert own.interval[0] < own.deployed < own.interval[1]
        assert own.latent_interval[0] < own.latent < own.latent_interval[1]


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"mass": 0.4}, "option_mass_mean"),
        ({"mass": [0.05, 0.9, 0.9, 0.9]}, "option_mass_p10"),
        ({"mass": 0.7}, "option_mass_difference"),
    ],
)
def test_a_closed_gate_leaves_nothing_to_claim(changes, gate):
    found = claimed(side("stated", 0.8), side("revealed", 0.25, **changes))
    assert gate in [closed.gate for closed in found.gates]
    assert (found.verdict, found.direction, found.claim.shift_of_preference) == ("not interpretable", None, False)
    assert gate in found.claim.reason
    ungated = found.claim.ungated
    assert (ungated.verdict, ungated.direction, ungated.shift_of_preference) == ("deviation", "reversal", True)


def test_written_answers_close_where_they_disagree_and_are_told_where_they_are_missing():
    items = side("stated", 0.8) + side("revealed", 0.25)
    written = {"m": {"stated": WrittenAgreement(0.95, 120), "revealed": WrittenAgreement(0.6, 120)}}
    found = study(items, Terms(written=written)).tradeoffs["t"]
    assert [(gate.gate, gate.side) for gate in found.gates] == [("written_agreement", "revealed")]
    assert found.verdict == "not interpretable"
    without = study(items).tradeoffs["t"]
    assert without.verdict == "deviation"
    assert [c.state for c in without.gates_checked if c.gate == "written_agreement"] == ["not measured"] * 2


def test_rounding_that_exceeds_the_margin_closes():
    found = claimed(side("stated", 0.5), side("revealed", 0.5), floors={"m": 0.3})
    assert [gate.gate for gate in found.gates] == ["numeric_error"]
    assert found.inference.numeric_error == pytest.approx(0.3 * 0.5, rel=0.01)
    saturated = claimed(side("stated", 0.999), side("revealed", 0.001), floors={"m": 0.3})
    assert saturated.gates == ()


def test_controls_close_every_trade_off_of_the_model():
    about = facts(controls={"t/c": control("fact", "first")})
    found = study(side("stated", 0.8) + side("revealed", 0.25) + [Asked("t/c", "control", -3.0)], about=about)
    assert found.tradeoffs["t"].verdict == "not interpretable"
    assert found.tradeoffs["t"].claim.repeated["fact"].half == "not interpretable"


def test_every_claim_is_repeated_at_half_and_twice_every_threshold():
    found = claimed(side("stated", 0.8), side("revealed", 0.72))
    assert found.verdict == "deviation"
    again = {name: (r.half, r.twice) for name, r in found.claim.repeated.items()}
    assert again.pop("margin") == ("deviation", "no deviation")
    assert set(again) == {"option_mass_mean", "option_mass_p10", "option_mass_difference"}
    assert set(again.values()) == {("deviation", "deviation")}
    thin = claimed(side("stated", 0.8, mass=0.7), side("revealed", 0.6, mass=0.6))
    again = {name: (r.half, r.twice) for name, r in thin.claim.repeated.items()}
    assert again["option_mass_mean"] == ("deviation", "not interpretable")
    assert again["option_mass_difference"] == ("deviation", "deviation")


def test_a_gate_that_opens_at_half_is_seen():
    found = claimed(side("stated", 0.8), side("revealed", 0.25, mass=0.7))
    again = found.claim.repeated["option_mass_difference"]
    assert (found.verdict, again.half, again.twice) == ("not interpretable", "not interpretable", "deviation")


def test_a_side_that_is_absent_leaves_no_claim():
    alone = study(side("stated", 0.8)).tradeoffs["t"]
    assert (alone.verdict, alone.claim, alone.inference, alone.gap_to_noise) == (None, None, None, None)
    assert claim_all({}, 3, THRESHOLDS) == {}


def test_thresholds_are_those_of_the_study():
    items = side("stated", 0.8) + side("revealed", 0.6)
    assert study(items, Terms(thresholds={**THRESHOLDS, "margin": 0.25})).tradeoffs["t"].verdict == "no deviation"
    strict = study(items, Terms(thresholds={**THRESHOLDS, "option_mass_mean": 0.995})).tradeoffs["t"]
    assert strict.verdict == "not interpretable"
