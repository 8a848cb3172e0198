from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from probe.analysis.cells import ItemRow
from probe.analysis.context import context_effects


def scenario(name, base, stakes, who):
    """Every cell of stakes x who, with additive effects; two variants that differ by 2 o."""
    items, z = [], []
    for s, of_s in stakes.items():
        for w, of_w in who.items():
            context = (("stakes", s), ("who", w))
            items.append(ItemRow(f"{name}/{s},{w}", "t", "revealed", "choice", name, name, context, "x", "y"))
            z.append([base + of_s + of_w + 1.0, base + of_s + of_w - 1.0])
    return items, z


def joined(scenarios):
    return [i for items, _ in scenarios for i in items], np.array([row for _, z in scenarios for row in z])


LEVELS = {"low": -0.5, "high": 0.5}
PEOPLE = {"self": 0.2, "other": 0.1, "all": -0.3}


def test_additive_effects_come_back_whatever_the_scenarios_are_at():
    items, z = joined([scenario(f"t/{k}", base, LEVELS, PEOPLE) for k, base in enumerate([3.0, -2.0, 0.0])])
    found = context_effects(items, z)
    assert {f: {n: e.z for n, e in levels.items()} for f, levels in found.items()} == {
        "stakes": pytest.approx(LEVELS),
        "who": pytest.approx(PEOPLE),
    }
    assert all(effect.scenarios == 3 for effect in found["who"].values())
    assert found["stakes"]["low"].z_interval is None
    of_scenario = []
    for k in range(3):
        p = expit(z[6 * k : 6 * k + 6]).mean(axis=1)
        of_scenario.append(p[:3].mean() - p.mean())
    assert found["stakes"]["low"].p == pytest.approx(np.mean(of_scenario))
    assert found["stakes"]["low"].p_range == pytest.approx((min(of_scenario), max(of_scenario)))


def test_six_scenarios_give_an_interval_beside_the_range():
    sizes = [0.1, 0.2, 0.3, 0.4, 0.5, 0.9]
    items, z = joined([scenario(f"t/{k}", 0.0, {"low": -s, "high": s}, {"self": 0.0}) for k, s in enumerate(sizes)])
    high = context_effects(items, z)["stakes"]["high"]
    assert high.z == pytest.approx(0.4)
    assert high.z_range == pytest.approx((0.1, 0.9))
    assert high.z_interval == pytest.approx(stats.t.interval(0.95, 5, loc=0.4, scale=stats.sem(sizes)))
    p = expit(z).mean(axis=1).reshape(6, 2)
    of_each = p.max(axis=1) - p.mean(axis=1)
    expected = stats.t.interval(0.95, 5, loc=of_each.mean(), scale=stats.sem(of_each))
    assert high.p_interval == pytest.approx(expected)


def test_five_scenarios_have_a_range_alone():
    items, z = joined([scenario(f"t/{k}", 0.0, LEVELS, {"self": 0.1 * k}) for k in range(5)])
    high = context_effects(items, z)["stakes"]["high"]
    assert (high.scenarios, high.p_interval, high.z_interval) == (5, None, None)


def test_a_factor_with_one_level_has_no_effect():
    items, z = scenario("t/a", 0.0, LEVELS, {"self": 1.0})
    assert list(context_effects(items, np.array(z))) == ["stakes"]


def test_a_scenario_with_absent_cells_gives_no_contrast():
    items, z = scenario("t/a", 0.0, LEVELS, PEOPLE)
    assert context_effects(items[:5], np.array(z)[:5]) == {}


def test_without_factors_there_is_nothing():
    item = ItemRow("t/a", "t", "revealed", "choice", "t/a", "t/a", (), "x", "y")
    assert context_effects([item], np.zeros((1, 2))) == {}
