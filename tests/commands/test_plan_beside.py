"""Guards: a plan counts the known answers that can choose a method, and says where they are too few."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from probe.commands.plan_beside import beside_lines
from probe.design.axes import load_design
from probe.design.items import Item, OptionId

GOOD, BAD = OptionId("good"), OptionId("bad")
CONTROL = Item("t/c", "t", "control", "fact", "t/c", None, (), "Which?", GOOD, BAD, "One.", "Other.", expect=GOOD)
PRINTED = replace(CONTROL, id="t/printed", fixed=BAD)
EQUAL = replace(CONTROL, id="t/equal", form="identical", expect=None)
ASKED = replace(CONTROL, id="t/asked", side="stated", form="choose", expect=None)


def lines(known, answers="both"):
    items = [PRINTED, PRINTED, EQUAL, ASKED, *[CONTROL] * known]
    return beside_lines(study(items, answers), {"stated": 150, "revealed": 50, "texts": 100}, {"texts": 9, "depth": 0})


def study(items=(), answers="labels"):
    """A study that has asked for no other table."""
    facts = SimpleNamespace(ladder=None, clauses=None, own_words=None, depth=None)
    request = SimpleNamespace(answers=answers)
    return SimpleNamespace(items=items, design=load_design("standard"), request=request, facts=lambda: facts)


def test_the_cost_stands_beside_that_of_the_labels():
    cost, _ = lines(5)
    assert "option texts of 9 questions without listed options, in 2 formats, each" in cost
    assert cost.endswith("100 tokens computed beside 200, 50.0% more")


@pytest.mark.parametrize(
    ("known", "answers", "few"), [(4, "both", True), (5, "both", False), (5, "texts", True), (6, "texts", False)]
)
def test_only_controls_with_a_right_answer_that_are_asked_without_options_count(known, answers, few):
    """A control that prints its own answers, or has no right one, chooses no method."""
    _, line = lines(known, answers)
    assert f"rest on labels or on texts: {known}" in line
    assert ("too few to differ from guessing even if all are right" in line) == few


def test_nothing_is_said_where_no_table_is_asked_for():
    assert beside_lines(study(), {}, {"texts": 0, "depth": 0}) == []
