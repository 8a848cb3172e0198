"""Guards: omission and content come back from made readings, whichever principle omits, and mates weigh as scenarios."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from probe.analysis.cells import ItemRow
from probe.analysis.context import context_effects
from probe.analysis.context_factors import factor_results
from probe.analysis.omission import omission
from probe.analysis.study import analyse
from probe.design.items import MATE

from .build import QUICK, Asked, facts, table

LEVELS = {"low": -0.5, "high": 0.5}


def scenario(name, content, pull, *, omits="x", levels=LEVELS):
    """A scenario and its mate; `pull` is what the omission gains, `omits` is the omission as the scenario is told."""
    items, z, omitted = [], [], {}
    for suffix, turned in (("", False), (MATE, True)):
        for level, effect in levels.items():
            key = f"t/{name}{suffix}/stakes={level}"
            items.append(
                ItemRow(key, "t", "revealed", "choice", f"t/{name}", f"t/{name}", (("stakes", level),), "x", "y")
            )
            omitted[key] = omits if not turned else {"x": "y", "y": "x"}[omits]
            z.append([content + effect + (pull if omitted[key] == "x" else -pull)] * 2)
    return items, z, omitted


def joined(*scenarios):
    items = [item for own, _, _ in scenarios for item in own]
    omits = {key: value for *_, own in scenarios for key, value in own.items()}
    return items, np.array([row for _, own, _ in scenarios for row in own]), omits


@given(
    contents=st.lists(st.floats(-4, 4), min_size=1, max_size=4),
    pull=st.floats(-3, 3),
    omits=st.sampled_from("xy"),
)
def test_content_and_omission_come_back_whichever_principle_omits(contents, pull, omits):
    items, z, omitted = joined(*(scenario(f"s{n}", c, pull, omits=omits) for n, c in enumerate(contents)))
    found = omission(items, z, omitted)
    assert found.towards_omission == pytest.approx(pull, abs=1e-9)
    assert found.content == pytest.approx(np.mean(contents), abs=1e-9)
    assert found.scenarios == len(contents)
    assert (found.interval is None) == (len(contents) == 1)


def test_the_interval_is_over_scenarios_and_a_scenario_with_more_cells_counts_once():
    pulls = [0.2, 0.5, 1.1]
    many = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0}
    items, z, omitted = joined(
        scenario("s0", 0.0, pulls[0], levels=many), *(scenario(f"s{n}", 0.0, pulls[n]) for n in (1, 2))
    )
    found = omission(items, z, omitted)
    assert found.towards_omission == pytest.approx(np.mean(pulls))
    assert found.interval == pytest.approx(stats.t.interval(0.95, 2, loc=np.mean(pulls), scale=stats.sem(pulls)))
    assert found.by_scenario == pytest.approx({f"t/s{n}": pull for n, pull in enumerate(pulls)})


def test_a_scenario_without_a_mate_says_nothing_of_omission():
    items, z, omitted = scenario("s0", 1.0, 0.5)
    assert omission(items[:2], np.array(z[:2]), omitted) is None
    assert omission(items, np.array(z), {}) is None


def test_context_effects_are_those_without_mates_and_the_default_is_a_factor_of_its_own():
    items, z, _ = joined(*(scenario(f"s{n}", 1.0, 0.7) for n in range(3)))
    plain, plain_z, _ = joined(*(scenario(f"s{n}", 1.0, 0.0) for n in range(3)))
    found = context_effects(items, z)
    assert list(found) == ["stakes"]
    assert {level: effect.z for level, effect in found["stakes"].items()} == pytest.approx(LEVELS)
    factors = factor_results(items, z, 1e-6, "x", {})
    assert set(factors) == {"stakes", MATE}
    assert factors[MATE].z_size == pytest.approx(1.4)
    assert factors[MATE].information > 0
    assert factor_results(plain, plain_z, 1e-6, "x", {})[MATE].information == pytest.approx(0, abs=1e-12)


def asked(name, content, pull, suffix="", **options):
    return Asked(f"t/{name}{suffix}", "revealed", content + pull, "choice", f"t/{name}", **options)


def test_a_study_counts_scenario_and_mate_equally_and_context_terms_still_add_up():
    stated = [Asked(f"t/q{n}", "stated", 0.3) for n in range(3)]
    revealed = [
        *(asked("a", 1.0, pull, suffix) for suffix, pull in (("", 0.8), (MATE, -0.8))),
        asked("b", -0.5, 0.0),
    ]
    omits = {"t/a": "first", f"t/a{MATE}": "second"}
    result = analyse(table([*stated, *revealed], QUICK), facts(omits=omits), {"m": 1e-6}).models["m"].tradeoffs["t"]
    of_a = (expit(1.8) + expit(0.2)) / 2
    assert result.revealed.by_cluster == pytest.approx({"t/a": of_a, "t/b": expit(-0.5)})
    assert result.revealed.deployed == pytest.approx((of_a + expit(-0.5)) / 2)
    assert result.omission.towards_omission == pytest.approx(0.8)
    assert result.omission.content == pytest.approx(1.0)
    assert result.omission.information == pytest.approx(result.budget.context)
    assert result.context_factors == {}
