"""Guards: what is planted in a factor's phrase comes out of a run of the shipped model as the clause that moves the choice."""

from __future__ import annotations

import pytest
from demo_model import grammar

import probe
from probe.analysis.clauses import ranked


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("planted") / "run"
    run = probe.run("demo", suite="demo", design="quick", clauses=8, out=out, threads=1)
    return {key: t.clauses for key, t in run.results.models["demo"].tradeoffs.items()}


def every_clause(result):
    return [(scenario, one) for scenario in result.scenarios.values() for one in scenario.clauses]


def phrases(result):
    """(factor, level) and clause of every factor phrase."""
    for _, one in every_clause(result):
        if one.factors:
            (pair,) = one.factors.items()
            yield pair, one


def test_planted_clauses_come_first_in_every_scenario(found):
    for result in found.values():
        assert len(result.scenarios) == 8
        for scenario in result.scenarios.values():
            # Second clauses of options, two in `repair`, were never left out in training: nothing is promised of them.
            own = [clause for clause in scenario.clauses if clause.kind != "option"]
            first, *rest = sorted(own, key=lambda clause: -abs(clause.change))
            if scenario.item in {turned.partition("~")[0] for turned in grammar.TURNS}:
                assert (first.kind, first.number) == ("sentence", 2)
                first, *rest = rest
            assert {first.kind, rest[0].kind} == {"factor"}
            assert {clause.kind for clause in rest[1:]} <= {"sentence"}


def test_a_phrase_left_out_takes_what_is_planted_with_it(found, truth):
    for key, result in found.items():
        for factor, levels in truth["tradeoffs"][key]["context"].items():
            own = [(level, one.change) for (name, level), one in phrases(result) if name == factor]
            ((level, nats),) = {(level, levels[level]) for level, _ in own}
            assert len(own) == 8, level
            spread = key == "trail"  # its scenarios stand five nats apart
            assert sum(change for _, change in own) / 8 == pytest.approx(nats, abs=0.08 if spread else 0.05)
            assert all(change == pytest.approx(nats, abs=0.2) for _, change in own)


def test_the_larger_effect_is_first_among_all_of_its_tradeoff(found, truth):
    for key in ("gift", "harvest"):
        planted = truth["tradeoffs"][key]["context"]
        largest = max(planted, key=lambda factor: max(planted[factor].values()))
        assert all(largest in clause.factors for _, clause in ranked(found[key])[:4])


def test_a_clause_turns_the_choice_where_it_is_planted_to(found, clauses, contents):
    """Scenarios near even odds may turn on a phrase as well, which near-even odds do not count as."""
    ((item, nats),) = grammar.TURNS.items()
    whole = item.partition("~")[0]
    assert contents[whole] > 0.5
    assert contents[item] == pytest.approx(contents[whole] - nats, abs=1e-4)
    assert contents[item] < -0.5
    turned = {f"{s.item}~without-{one.number:02}": one for s, one in every_clause(found["queue"]) if one.turns}
    assert turned[item].text == "Ivan asks to be served first."
    assert turned[item].change == pytest.approx(nats, abs=0.2)
    assert all(abs(contents[other] - contents[other.partition("~")[0]]) > 0.3 for other in turned)


def test_a_phrase_exchanged_for_its_other_level_moves_what_is_planted(found, truth):
    for key, result in found.items():
        for factor, levels in truth["tradeoffs"][key]["context"].items():
            moved = [(pair[1], one.against_levels[factor]) for pair, one in phrases(result) if pair[0] == factor]
            assert len(moved) == 8
            assert sum(nats for _, nats in moved) / 8 == pytest.approx(2 * levels[moved[0][0]], abs=0.1)
