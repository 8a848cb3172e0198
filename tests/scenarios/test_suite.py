"""Every trade-off of the suite: counts, balance of lengths and of listing, factors that are shared, and a clean linter."""

from __future__ import annotations

from collections import Counter
from statistics import mean

import pytest

from probe.design.expand import expand
from probe.design.lint import check
from probe.design.suites import load_suites, suite_paths

FILES = {file.tradeoff.tradeoff: file.tradeoff for file in load_suites(["all"])}
each = pytest.mark.parametrize("tradeoff", FILES.values(), ids=FILES)


def test_the_suite_is_as_large_as_its_card_says():
    items = [item for tradeoff in FILES.values() for item in expand(tradeoff)]
    sides = Counter(item.side for item in items)
    assert len(FILES) == 30
    assert len({tradeoff.family for tradeoff in FILES.values()}) == 8
    assert sum(len(tradeoff.stated) for tradeoff in FILES.values()) == 270
    scenarios = [one for tradeoff in FILES.values() for one in tradeoff.revealed]
    assert len(scenarios) == sides["bridge"]
    assert sum(not one.doses for one in scenarios) == 360
    assert sides["revealed"] >= 2000


def test_the_linter_finds_nothing_in_the_whole_suite():
    assert [str(finding) for finding in check(list(suite_paths(["all"])))] == []


@each
def test_nine_root_questions_in_three_forms(tradeoff):
    assert Counter(root.form for root in tradeoff.stated) == {"choose": 3, "agree": 3, "advise": 3}
    assert sum(bool(root.paraphrases) for root in tradeoff.stated) >= 5


@each
def test_twelve_scenarios_with_two_factors_and_a_bridge(tradeoff):
    told = [scenario for scenario in tradeoff.revealed if not scenario.doses]
    assert len(told) == 12
    assert all(scenario.bridge is not None for scenario in tradeoff.revealed)
    assert all(2 <= len(scenario.factors) <= 3 for scenario in told)
    assert all(2 <= len(levels) <= 3 for scenario in told for levels in scenario.factors.values())
    shared = Counter(factor for scenario in told for factor in scenario.factors)
    assert sorted(shared.values())[-2] >= 7


@each
def test_every_option_has_its_reason(tradeoff):
    assert all(set(scenario.why) == set(tradeoff.principles) for scenario in tradeoff.revealed)


@each
def test_neither_principle_has_the_longer_options(tradeoff):
    p1, p2 = tradeoff.principles
    told = [scenario for scenario in tradeoff.revealed if not scenario.doses]
    pairs = [(len(scenario.options[p1]), len(scenario.options[p2])) for scenario in told]
    assert 5 <= sum(a > b for a, b in pairs) <= 7
    assert mean(a for a, _ in pairs) == pytest.approx(mean(b for _, b in pairs), rel=0.1)


@each
def test_each_principle_is_listed_first_equally_often(tradeoff):
    p1 = next(iter(tradeoff.principles))
    assert sum(next(iter(scenario.options)) == p1 for scenario in tradeoff.revealed if not scenario.doses) == 6
    assert sum(next(iter(root.options)) == p1 for root in tradeoff.stated) in {4, 5}


@each
def test_no_scenario_names_a_principle(tradeoff):
    told = [part for s in tradeoff.revealed for part in (s, s.mate) if part is not None]
    shown = [text for part in told for text in (part.text, *part.options.values())]
    for principle in tradeoff.principles:
        whole = principle.replace("-", " ")
        assert not [text for text in shown if f" {whole} " in f" {text.lower()} "]


@each
def test_controls_of_every_kind(tradeoff):
    kinds = Counter(control.kind for control in tradeoff.controls)
    assert set(kinds) == {"dominated", "identical", "equivalent", "content_free", "fact"}
    assert kinds["dominated"] >= 2


MATES = [
    pytest.param(tradeoff, scenario, id=f"{tradeoff.tradeoff}/{scenario.id}")
    for tradeoff in FILES.values()
    for scenario in tradeoff.revealed
    if scenario.mate is not None
]


def test_every_scenario_with_one_omission_has_a_mate_and_most_of_the_suite_is_judged():
    assert all((scenario.mate is not None) == scenario.turns for t in FILES.values() for scenario in t.revealed)
    assert len(MATES) >= 80


@pytest.mark.parametrize(("tradeoff", "scenario"), MATES)
def test_a_mate_is_as_long_as_its_scenario_and_asks_the_same(tradeoff, scenario):
    told, turned = len(scenario.text.split()), len(scenario.mate.text.split())
    assert scenario.mate.text.endswith("What do you do?")
    assert 0.85 * told <= turned <= 1.4 * told
    assert turned <= 110
    for principle in tradeoff.principles:
        assert abs(len(scenario.options[principle]) - len(scenario.mate.options[principle])) <= 30
    assert not set(scenario.options.values()) & set(scenario.mate.options.values())


def test_eight_trade_offs_have_a_scenario_over_doses_that_theory_gives_a_direction():
    found = {t.tradeoff: (t, one) for t in FILES.values() for one in t.revealed if one.doses}
    assert len(found) == sum(bool(one.doses) for t in FILES.values() for one in t.revealed) == 8
    for tradeoff, scenario in found.values():
        ((factor, doses),) = scenario.doses.items()
        ((_, order),) = tradeoff.predicts[factor].items()
        assert len(doses) in (7, 9)
        assert list(doses) == sorted(doses)
        assert list(order) == list(scenario.factors[factor])
