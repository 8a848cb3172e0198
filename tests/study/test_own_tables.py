"""Guards: which cells of the ladder are read, and what a folder remembers of an earlier request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.ladder import ladder_of, same_question
from probe.design.own_words import first_item, second_item
from probe.design.tradeoffs import load_tradeoff
from probe.errors import InputError
from probe.prompts.render import render
from probe.store.facts import LadderFacts, OwnWordsFacts, StudyFacts
from probe.study.own_tables import (
    kept_facts,
    ladder_facts,
    ladder_items,
    own_word_facts,
    own_word_items,
    refuse_uncrossed,
)
from probe.study.request import Request
from probe.study.resolve import resolve

TEMPLATE = load_tradeoff(Path(__file__).parents[2] / "scenarios" / "template.yaml").tradeoff
ITEMS = expand(TEMPLATE)
SHORT = load_tradeoff(Path(__file__).parents[1] / "data" / "short.yaml").tradeoff
NEUTRAL = """\
design: offered
axes:
  order: [p1, p2]
neutral:
  stated: Neither.
  {side}: Neither.
"""


@pytest.fixture
def offering(tmp_path):
    """``offering("revealed")``: a design with a neutral option on that side."""

    def design(side):
        (tmp_path / "offered.yaml").write_text(NEUTRAL.format(side=side))
        return load_design(str(tmp_path / "offered.yaml"))

    return design


@pytest.mark.parametrize("cells", ["first", "all"])
def test_what_is_not_read_twice_is_the_same_prompt(cells):
    design = load_design("standard")
    read = ladder_items([TEMPLATE], ITEMS, design, cells)
    assert {one.form for one in read} == {"100", "010", "110", "bare"}
    assert [one.id for one in read] == sorted(one.id for one in read)
    by_id = {item.id: item for item in ITEMS}
    left = [one for one in ladder_of(TEMPLATE, cells).items if one not in read]
    assert {one.form for one in left} == {"000", "111"}
    for one in left:
        twin = by_id[same_question(one)]
        assert design.variants_of(one) == design.variants_of(twin)
        for variant in design.variants_of(one):
            assert render(one, variant, design.levels) == render(twin, variant, design.levels)


@pytest.mark.parametrize(("side", "form"), [("revealed", "111"), ("bridge", "000")])
def test_a_cell_is_read_where_its_side_offers_a_neutral_option(offering, side, form):
    forms = {one.form for one in ladder_items([TEMPLATE], ITEMS, offering(side), "first")}
    assert forms == {"100", "010", "110", "bare", form}


def test_scenarios_that_are_not_read_have_no_ladder():
    design, others = load_design("quick"), [item for item in ITEMS if item.scenario is None]
    assert ladder_items([TEMPLATE, SHORT], others, design, "all") == ()
    assert ladder_facts([TEMPLATE, SHORT], others, "all") == LadderFacts("all", {}, {})
    found = ladder_facts([TEMPLATE, SHORT], [*ITEMS, *expand(SHORT)], "first")
    assert found.first == {"template/class-trip": "template/class-trip/number=one,certainty=unsure"}
    assert sorted(found.left_out) == ["short/apple", "short/blanket"]


def test_a_folder_remembers_the_widest_ladder():
    now = StudyFacts({}, {}, (), {}, {})
    first, every = LadderFacts("first", {"a": "a/x=1"}, {"c": "why"}), LadderFacts("all", {"b": "b/x=1"}, {})
    assert kept_facts(now, None) is now
    assert kept_facts(now, replace(now, ladder=first)).ladder == first
    assert kept_facts(replace(now, ladder=first), now).ladder == first
    both = LadderFacts("all", {"a": "a/x=1", "b": "b/x=1"}, {"c": "why"})
    assert kept_facts(replace(now, ladder=first), replace(now, ladder=every)).ladder == both
    assert kept_facts(replace(now, ladder=every), replace(now, ladder=first)).ladder == both


@pytest.mark.parametrize("pairs", ["some", "all"])
def test_two_turns_are_asked_of_what_is_read_alone(pairs):
    """Or nothing would say how probable the first answer is, and what is chosen without it."""
    found = own_word_items([TEMPLATE, SHORT], [*ITEMS, *expand(SHORT)], pairs)
    assert [one.id for one in found] == sorted(one.id for one in found)
    kept = [item for item in expand(SHORT) if item.cluster in ("short/toys", "short/apple")]
    some = own_word_items([TEMPLATE, SHORT], kept, pairs)
    asked = {name for one in some for name in (second_item(one.id), first_item(one.id))} - {"~unrelated"}
    assert asked <= {item.id for item in kept}
    facts = own_word_facts([TEMPLATE, SHORT], kept, pairs)
    assert (facts.pairs, facts.of["short"]) == (pairs, 3 * 2)
    rows = {(one.scenario, first_item(one.id)) for one in some if one.form == "choice"}
    assert rows == {(scenario, root) for scenario, roots in facts.paired.items() for root in roots}
    assert own_word_items([SHORT], [item for item in kept if item.side == "control"], pairs) == ()


def test_a_folder_remembers_every_pair():
    now = StudyFacts({}, {}, (), {}, {})
    some = OwnWordsFacts("some", {"a": ("t/x",)}, {"t": 4})
    every = OwnWordsFacts("all", {"a": ("t/w", "t/x"), "b": ("t/w",)}, {"t": 4, "u": 1})
    assert kept_facts(now, replace(now, own_words=some)).own_words == some
    assert kept_facts(replace(now, own_words=some), now).own_words == some
    assert kept_facts(replace(now, own_words=some), replace(now, own_words=every)).own_words == every
    assert kept_facts(replace(now, own_words=every), replace(now, own_words=some)).own_words == every
    first = LadderFacts("first", {"a": "a/x=1"}, {})
    both = kept_facts(replace(now, own_words=some), replace(now, ladder=first))
    assert (both.own_words, both.ladder) == (some, first)


@pytest.mark.parametrize(
    ("axes", "axis"),
    [
        ("order: [p1, p2]", "label_order"),
        ("label_order: [p1, p2]", "order"),
        ("cue: [answer]", "order"),
        ("order: [p1, p2]\n  label_order: [position]", "label_order"),
    ],
)
def test_a_design_that_does_not_cross_order_and_labels_is_refused(tmp_path, axes, axis):
    (tmp_path / "own.yaml").write_text(f"design: own\naxes:\n  {axes}\n")
    with pytest.raises(InputError, match=rf"--some: the design 'own' does not cross {axis}, so"):
        refuse_uncrossed(load_design(str(tmp_path / "own.yaml")), "--some")
    refuse_uncrossed(load_design("quick"), "--some")


@pytest.mark.parametrize("answers", ["auto", "labels", "texts", "both"])
@pytest.mark.parametrize("style", ["chat", "raw"])
def test_what_a_model_is_asked_is_a_matter_of_answers_and_template(answers, style):
    ladder = "none" if answers == "texts" else "first"
    asked = Request(suite=("demo",), design="quick", limit=1, ladder=ladder, answers=answers)
    study = resolve(asked, weights=False)
    tables = [item.table for item in study.items_of(style)]
    assert tables == sorted(tables, key=["readings", "ladder", "texts"].index)
    expected = {"labels": {"readings", "ladder"}, "texts": {"texts"}, "both": {"readings", "ladder", "texts"}}
    expected["auto"] = expected["both" if style == "raw" else "labels"]
    assert set(tables) - {"ladder"} == expected[answers] - {"ladder"}
    assert study.record == resolve(Request(suite=("demo",), design="quick", limit=1), weights=False).record
