from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.study import analyse
from probe.report.sensitivity_tables import sensitivity_tables
from simulation.table import facts_of, readings
from simulation.worlds import rich


@pytest.fixture(scope="module")
def measured():
    world = replace(rich(), controls=())
    facts = facts_of(world)
    told = replace(facts.tradeoffs["t"], predicts={"stakes": {"first": ["low", "high"]}})
    facts = replace(facts, tradeoffs={**facts.tradeoffs, "t": told})
    return analyse(readings(world, 1), facts, {"synthetic": 1e-9}).models["synthetic"]


@pytest.fixture(scope="module")
def tables(measured):
    return {table.title: table for table in sensitivity_tables(measured)}


def row(table, *start):
    (found,) = (r for r in table.rows if r[: len(start)] == start)
    return dict(zip(table.columns, found, strict=True))


def test_factors_name_the_one_that_turns_and_what_was_predicted(measured, tables):
    found = measured.tradeoffs["t"]
    (turning,) = found.turning_factors
    told = row(tables["Which context factor changes the choice"], "t", f"{turning} (changes it most)")
    assert told["changes"] == f"{found.context_factors[turning].turns:.3f}"
    stakes = row(
        tables["Which context factor changes the choice"], "t", f"stakes{' (changes it most)' * (turning == 'stakes')}"
    )
    assert stakes["predicted"] == "low to high: first"
    assert stakes["on z"] == f"{found.context_factors['stakes'].predicted.z:+.3f}"
    assert stakes["95 % interval, z"] == "–"


def test_pooled_factors(measured, tables):
    told = row(tables["Context factors over trade-offs"], "stakes")
    assert (told["trade-offs"], told["predicted in"]) == ("2", "1")
    assert told["size on z"] == f"{measured.context_factors['stakes'].z_size:.3f}"


def test_effects_of_formats(measured, tables):
    table = tables["Effects of formats on log-odds"]
    found = measured.tradeoffs["t"].format_effects
    order = row(table, "t", "revealed", "order")
    assert order["size"] == f"{found.axes['order'].size:.3f}"
    assert order["levels"] == f"p1 {found.axes['order'].levels['p1']:+.3f}, p2 {found.axes['order'].levels['p2']:+.3f}"
    largest = found.pairs[0]
    told = row(table, "t", "revealed", " × ".join(largest.axes).replace("_", " "))
    assert (told["size"], told["within items"]) == (f"{largest.size:.3f}", "–")
    assert sum(r[:2] == ("t", "stated") for r in table.rows) == len(found.axes) + 3


def test_corrections_stand_side_by_side(measured, tables):
    table = tables["Corrections side by side"]
    found = measured.tradeoffs["t"].corrections.pride
    told = row(table, "t", "revealed", "PriDe")
    assert (told["before"], told["after"]) == (f"{found.uncorrected:.3f}", f"{found.deployed:.3f}")
    assert told["learnt on"] == str(found.estimated_on)
    after, before = measured.tradeoffs["t"].corrected_gaps.pride
    assert told["R - S"] == f"{after:+.3f} ({before:+.3f})"
    assert [r[2] for r in table.rows if r[:2] == ("t", "stated")] == ["grid average", "PriDe"]


def test_tables_without_rows_are_left_out(model):
    assert "Context factors over trade-offs" not in {table.title for table in sensitivity_tables(model)}
