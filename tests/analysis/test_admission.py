"""Guards: words over admitted formats are those of a study that was read in these alone; the others stand beside."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from probe.analysis.levels import is_for_choosing
from probe.analysis.study import analyse

from .build import STANDARD, Asked, control, facts, laid, table

CHOICE = np.array(["cue=choice" in name for name in laid(STANDARD).variants])
FLOOR = {"m": 1e-6}


def study():
    """Under one cue nothing is answered and the sides are even; under the other they differ."""
    rng = np.random.default_rng(11)
    items = []
    for side, centre in (("stated", 1.5), ("revealed", -1.5)):
        for k in range(8):
            z = np.where(CHOICE, 0.0, centre + rng.normal(0, 0.2))
            items.append(Asked(f"t/{side}{k}", side, z, mass=np.where(CHOICE, 0.001, 0.9)))
    names = [f"t/c{k}" for k in range(24)]
    for name in names:
        z, mass = np.where(CHOICE, 0.0, 5.0), np.where(CHOICE, 0.001, 0.9)
        items.append(Asked(name, "control", z, p1="good", p2="bad", mass=mass))
    return items, {name: control("dominated", "good") for name in names}


@pytest.fixture(scope="module")
def found():
    items, controls = study()
    return analyse(table(items, STANDARD), facts(STANDARD, controls=controls), FLOOR).models["m"]


def test_the_words_are_those_of_a_study_without_the_level(found):
    items, controls = study()
    judging = [item for item in items if item.side != "control" or not is_for_choosing(item.id)]
    readings = table(judging, STANDARD)
    readings = readings.filter(pc.equal(readings["axis_cue"], "answer"))
    less = facts({**STANDARD, "cue": ("answer",)}, controls=controls)
    other = analyse(readings, less, FLOOR).models["m"].tradeoffs["t"]
    own = found.tradeoffs["t"]
    assert found.levels.dropped == (("cue", "choice"),)
    assert (own.admitted.formats, own.admitted.of) == (found.levels.formats, found.levels.of) == (16, 32)
    assert (own.verdict, own.direction) == (other.verdict, other.direction) == ("deviation", "reversal")
    assert own.claim == other.claim
    assert own.gates_checked == other.gates_checked
    assert own.admitted.inference == other.inference
    assert own.admitted.temperatures == other.temperatures
    assert (own.admitted.gap, own.admitted.latent_gap) == (other.gap, other.latent_gap)
    assert (own.admitted.stated, own.admitted.revealed) == (other.stated.deployed, other.revealed.deployed)


def test_everything_else_is_over_all_formats(found):
    own = found.tradeoffs["t"]
    assert own.gap == pytest.approx(own.admitted.gap / 2)
    assert own.admitted.verdict_over_all == "not interpretable"
    assert "option_mass_mean" in own.admitted.reason_over_all
    assert own.option_mass.stated == pytest.approx(0.4505)


def test_levels_are_told_with_their_figures(found):
    cue = found.levels.by_axis["cue"]
    assert (cue["choice"].option_mass, cue["choice"].control_mass) == pytest.approx((0.001, 0.001))
    assert (cue["answer"].known_answers, cue["choice"].known_answers) == (1.0, 0.0)
    assert cue["choice"].content == 0.0
    assert cue["answer"].content == pytest.approx(1.5, abs=0.2)
    assert set(found.levels.by_axis) == set(STANDARD)
    assert found.levels.by_axis["order"]["p1"].option_mass == pytest.approx(0.4505)


def test_gates_on_controls_are_read_on_the_other_half(found):
    items, _ = study()
    others = [item for item in items if item.side == "control" and not is_for_choosing(item.id)]
    gate = next(check for check in found.tradeoffs["t"].gates_checked if check.gate == "dominated")
    assert gate.items == len(others) == 24 - found.levels.chosen_on
    assert 0 < len(others) < 24


def test_where_nothing_is_dropped_every_control_judges():
    items, controls = study()
    kept = [Asked(i.id, i.side, np.abs(i.z) if i.side == "control" else i.z, p1=i.p1, p2=i.p2) for i in items]
    for item in kept:
        item.z = np.where(CHOICE, np.roll(item.z, 1), item.z)
    found = analyse(table(kept, STANDARD), facts(STANDARD, controls=controls), FLOOR).models["m"]
    own = found.tradeoffs["t"]
    assert (found.levels.dropped, found.levels.formats, own.admitted) == ((), 32, None)
    assert next(check.items for check in own.gates_checked if check.gate == "dominated") == 24
