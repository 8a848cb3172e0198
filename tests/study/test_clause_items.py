"""Guards: which scenarios are taken, that none is read twice, and what a folder remembers of an earlier request."""

from __future__ import annotations

from pathlib import Path

from probe.design.axes import load_design
from probe.design.clauses import clauses_of
from probe.design.expand import expand
from probe.design.tradeoffs import load_tradeoff
from probe.prompts.render import render
from probe.store.facts import ClauseFacts
from probe.study.clause_items import clause_facts, clause_items, joined_clauses

CUT = load_tradeoff(Path(__file__).parents[1] / "data" / "cut.yaml").tradeoff
ITEMS = expand(CUT)
QUICK = load_design("quick")


def own_design(tmp_path, text):
    (tmp_path / "own.yaml").write_text(f"design: own\n{text}", encoding="utf-8")
    return load_design(str(tmp_path / "own.yaml"))


def test_a_scenario_that_the_study_reads_is_not_read_twice():
    read = clause_items([CUT], ITEMS, QUICK, 9)
    assert [one.id for one in read] == sorted(one.id for one in read)
    assert {one.form for one in read} == {"sentence", "factor", "option", "all"}
    by_id = {item.id: item for item in ITEMS}
    for claused in clauses_of(CUT)[0].values():
        whole = claused.items[0]
        twin = by_id[whole.id.removesuffix("~without-none")]
        for variant in QUICK.variants_of(whole):
            assert render(whole, variant, QUICK.levels) == render(twin, variant, QUICK.levels)


def test_where_the_scenario_offers_a_neutral_option_it_is_asked_without(tmp_path):
    axes = "axes:\n  order: [p1, p2]\n  label_order: [p1, p2]\n"
    offering = own_design(tmp_path, f"{axes}neutral:\n  revealed: Neither.\n")
    assert sum(one.form == "whole" for one in clause_items([CUT], ITEMS, offering, 9)) == 3


def test_so_many_scenarios_are_taken_of_those_that_can_be_cut_and_are_read():
    def taken(count, items=ITEMS):
        return set(clause_facts([CUT], items, count).scenarios)

    assert taken(9) == {"cut/bus", "cut/ferry", "cut/train"}
    assert len(taken(1)) == 1
    assert taken(1) < taken(2) < taken(9)
    assert {one.scenario for one in clause_items([CUT], ITEMS, QUICK, 2)} == taken(2)
    others = [item for item in ITEMS if item.scenario not in taken(1)]
    assert taken(1, others) < taken(2)
    assert clause_items([CUT], [], QUICK, 9) == clause_items([CUT], ITEMS, QUICK, 0) == ()


def test_facts_hold_every_clause_with_its_place():
    found = clause_facts([CUT], ITEMS, 9)
    ferry = found.scenarios["cut/ferry"]
    assert (found.count, ferry.item) == (9, "cut/ferry/wind=calm,stakes=low")
    assert list(ferry.options) == ["time", "person"]
    for one in ferry.clauses:
        assert one.text in (ferry.options[one.option] if one.option else ferry.text)[one.start : one.end + 1]
    assert sorted(found.left_out) == ["cut/bare", "cut/fixed", "cut/told"]
    some = clause_facts([CUT], [item for item in ITEMS if item.scenario != "cut/told"], 9)
    assert sorted(some.left_out) == ["cut/bare", "cut/fixed"]


def test_a_folder_remembers_every_scenario_that_was_asked_for():
    every = clause_facts([CUT], ITEMS, 9)
    one = clause_facts([CUT], ITEMS, 1)
    assert joined_clauses(one, every) == joined_clauses(every, one)
    kept = joined_clauses(one, ClauseFacts(9, 0, every.scenarios, {"cut/x": "why"}))
    assert (kept.count, set(kept.scenarios)) == (9, set(every.scenarios))
    assert set(kept.left_out) == {"cut/x", *every.left_out}
