"""Guards: a scenario is cut where its own sentences end, and what is left is a text that somebody could have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.design.clauses import chosen_first, clauses_of, option_clause, sentences, without
from probe.design.suites import load_suites
from probe.design.tradeoffs import load_tradeoff

CUT = load_tradeoff(Path(__file__).parents[1] / "data" / "cut.yaml").tradeoff
FOUND, LEFT_OUT = clauses_of(CUT)
QUESTION = "What do you do?"


def split(text):
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He says "Go." Then he goes. Why?', ['He says "Go."', "Then he goes.", "Why?"]),
        ("Mr. Ba pays 3.50 euros. J. Doe looks on.", ["Mr. Ba pays 3.50 euros.", "J. Doe looks on."]),
        ("They ask (e.g. Ann) ... and wait. Well?", ["They ask (e.g. Ann) ... and wait.", "Well?"]),
        ("One.\n\nTwo.  Three", ["One.", "Two.", "Three"]),
        ("你在开车。他在等！你怎么做？", ["你在开车。", "他在等！", "你怎么做？"]),
        ("", []),
        (" ", []),
    ],
)
def test_sentences_end_where_they_end(text, parts):
    assert split(text) == parts


def words(name):
    return [(one.kind, one.text, dict(one.factors), one.option) for one in FOUND[name].clauses]


def test_every_sentence_factor_phrase_and_second_clause_is_one():
    assert words("cut/ferry") == [
        ("sentence", "You steer a ferry.", {}, ""),
        ("factor", "It is calm. The sea is flat.", {"wind": "calm"}, ""),
        ("sentence", "If Dr. Osei is late, she loses an hour.", {"stakes": "low"}, ""),
        ("sentence", "She waves from the pier!", {}, ""),
        ("option", ", so that she can come aboard", {}, "person"),
    ]
    assert words("cut/train")[2] == ("option", "and open the door", {}, "person")


def test_each_item_lacks_its_clause_and_keeps_the_question_and_the_rest():
    whole, *others, every = FOUND["cut/ferry"].items
    assert whole.id == "cut/ferry/wind=calm,stakes=low~without-none"
    assert (whole.text, whole.left_out, whole.form) == (FOUND["cut/ferry"].whole.text, "", "whole")
    assert [one.id.rpartition("~")[2] for one in others] == [f"without-0{n}" for n in range(1, 6)]
    rest = "If Dr. Osei is late, she loses an hour. She waves from the pier!"
    assert others[1].text == f"You steer a ferry. {rest} {QUESTION}"
    assert others[3].text.endswith(f"hour. {QUESTION}")
    for one in others[:4]:
        assert one.left_out not in one.text
        assert whole.text.replace(f"{one.left_out} ", "") == one.text
        assert (one.option_p1, one.option_p2) == (whole.option_p1, whole.option_p2)
    assert (others[4].text, others[4].option_p1) == (whole.text, whole.option_p1)
    assert others[4].option_p2 == "You wait at the pier."
    assert (every.form, every.text, every.option_p2) == ("all", QUESTION, "You wait at the pier.")
    assert every.left_out == " ".join(one.left_out for one in others)
    for one in (whole, *others, every):
        assert (one.table, one.side, one.scenario) == ("clauses", "clauses", "cut/ferry")
        assert one.context == (("wind", "calm"), ("stakes", "low"))
        assert (one.p1, one.p2) == ("time", "person")


def test_one_clause_alone_is_not_left_out_twice():
    assert [one.id for one in FOUND["cut/bus"].items] == ["cut/bus~without-none", "cut/bus~without-01"]


def test_what_cannot_be_cut_is_named_with_the_reason():
    assert sorted(FOUND) == ["cut/bus", "cut/ferry", "cut/train"]
    assert LEFT_OUT == {
        "cut/bare": "its text is one sentence",
        "cut/told": "its text does not end in a question",
        "cut/fixed": "it is asked as it stands",
    }


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("You stay and wait.", None),  # two words are no clause
        ("You tell her the truth and go.", "You tell her the truth."),
        ("You tell her that, in your view, she is right.", None),
        ("If she asks, you tell her all of it.", None),
        ("You choose between the red and the blue one.", None),
        ('You say to her "Stay here, and wait."', None),
        ("You stop the train (and the bus), as told.", "You stop the train (and the bus)."),
        ("You stop the train (the bus, too), as told.", None),
        ("You stop the train. You call for help.", "You stop the train."),
        ("You stop the train; you call for help!", "You stop the train!"),
        ("You land the boat.", None),
        ("You keep the sandwich.", None),
        ("You hold the line and", None),
    ],
)
def test_an_option_keeps_its_first_clause(text, left):
    found = option_clause(text, "p")
    assert (None if found is None else without(text, [found])) == left
    assert found is None or found.option == "p"


def test_several_are_cut_at_once_wherever_they_stand():
    ferry = FOUND["cut/ferry"]
    own = [one for one in ferry.clauses if not one.option]
    assert without(ferry.whole.text, own[::-1]) == without(ferry.whole.text, own) == QUESTION


def test_more_scenarios_contain_fewer_and_the_order_is_not_that_of_names():
    names = [f"t/s{n}" for n in range(20)]
    order = chosen_first(names)
    assert sorted(order) == sorted(names) != order
    assert chosen_first(names[5:]) == [name for name in order if name in names[5:]]


def test_every_scenario_that_ships_can_be_cut_and_keeps_its_question():
    count = 0
    for file in load_suites(["all", "demo"]):
        found, left_out = clauses_of(file.tradeoff)
        assert left_out == {}
        for claused in found.values():
            for one in claused.items:
                assert one.text.endswith(QUESTION)
                assert "  " not in one.text + one.option_p1 + one.option_p2
                assert {one.option_p1[-1], one.option_p2[-1]} == {"."}
            count += len(claused.clauses)
    assert count > 3000
