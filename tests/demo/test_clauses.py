"""Guards: what is planted in a factor's phrase comes out of the shipped model as the clause that moves the choice.

A prompt without the phrase was never trained: what is planted says which clauses come first and in which direction. The
phrase exchanged for its other level was trained, and moves z by twice the planted nats.
"""

from __future__ import annotations

import pytest

import probe
from probe.analysis.clauses import ranked


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("planted") / "run"
    run = probe.run("demo", suite="harvest,queue", design="quick", clauses=8, out=out, threads=1)
    return {key: t.clauses for key, t in run.results.models["demo"].tradeoffs.items()}


def test_the_planted_clause_is_first_in_its_scenario(found, truth):
    """In `harvest/apples` `effort` has 0.5 nats, `supply` 0.25, and of the other two sentences nothing is planted."""
    planted = truth["tradeoffs"]["harvest"]["context"]
    assert planted["effort"]["close"] == 0.5 > abs(planted["supply"]["plenty"])
    apples = found["harvest"].scenarios["harvest/apples"]
    first, *others = sorted(apples.clauses, key=lambda one: -abs(one.change))
    assert (first.kind, first.factors) == ("factor", {"effort": "close"})
    assert first.change > 3 * max(abs(one.change) for one in others)
    assert first.least > 0.3
    assert ranked(found["harvest"])[0][1].factors == {"effort": "close"}


def test_where_both_factors_weigh_their_phrases_come_before_all_else(found, truth):
    """In `queue` 0.45 and -0.35; no sentence tells anything that only its own words make a difference by."""
    planted = truth["tradeoffs"]["queue"]["context"]
    assert len(found["queue"].scenarios) == 8
    for scenario in found["queue"].scenarios.values():
        one, two, *others = sorted(scenario.clauses, key=lambda clause: -abs(clause.change))
        assert {one.kind, two.kind} == {"factor"}
        assert {clause.kind for clause in others} == {"sentence"}
        for clause in (one, two):
            ((factor, level),) = clause.factors.items()
            assert clause.change * planted[factor][level] > 0
    assert any(one.turns for scenario in found["queue"].scenarios.values() for one in scenario.clauses)


def test_a_phrase_exchanged_for_its_other_level_moves_what_is_planted(found, truth):
    for key, result in found.items():
        planted = truth["tradeoffs"][key]["context"]
        for factor, levels in planted.items():
            moved = [
                one.against_levels[factor]
                for scenario in result.scenarios.values()
                for one in scenario.clauses
                if factor in one.factors
            ]
            ((level, nats),) = [pair for pair in levels.items() if pair[0] in ("close", "plenty", "mild", "free")]
            assert len(moved) == 8, level
            assert sum(moved) / 8 == pytest.approx(2 * nats, abs=0.1)
