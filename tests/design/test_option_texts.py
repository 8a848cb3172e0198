"""Guards: which items are asked without listed options, in which formats, and which of them ask for what is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.items import FIXED, OptionId
from probe.design.option_texts import answer_text, asks_which, has_texts, text_items
from probe.design.suites import load_suites


@pytest.fixture(scope="module")
def items():
    return [item for file in load_suites(["all"]) for item in expand(file.tradeoff)]


def test_every_item_has_texts_but_for_what_prints_its_options_and_controls_without_a_right_answer(items):
    left = [item for item in items if not has_texts(item)]
    assert left
    assert all(item.side == "control" and item.expect is None for item in left)
    assert {item.form for item in items if item.side == "control" and has_texts(item)} == {"dominated", "fact"}
    assert not has_texts(replace(items[0], fixed=OptionId("x")))


def test_they_are_the_same_questions_in_a_table_of_their_own(items):
    found = text_items(items)
    by_id = {item.id: item for item in items}
    assert [one.id for one in found] == sorted(one.id for one in found)
    for one in found:
        own = by_id[one.id.removesuffix("~texts")]
        assert one == replace(own, id=f"{own.id}~texts", table="texts")


def test_every_shipped_option_is_a_whole_sentence(items):
    assert all(answer_text(text) == text for item in items for text in (item.option_p1, item.option_p2))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Go", "Go."),
        ("Go!", "Go!"),
        ('"Go."', '"Go."'),
        ("Go (now.)", "Go (now.)"),
        (" Go, ", "Go,."),
        ("行。", "行。"),
    ],
)
def test_a_full_stop_is_added_where_none_is(text, whole):
    assert answer_text(text) == whole


def test_what_asks_which_of_them_is_marked(items):
    texts = {item.text for item in items}
    marked = {text for text in texts if asks_which(text)}
    assert {text for text in texts if "which of the two" in text.lower()} <= marked
    assert len(marked) < len(texts) / 2
    assert asks_which("Which of these views is nearer yours?")
    assert not asks_which("Whichever of them it is, what do you do?")


def test_only_the_cue_is_a_format(tmp_path, items):
    (asked,) = text_items(items[:1])
    assert [one["cue"] for one in load_design("standard").variants_of(asked)] == ["answer", "choice"]
    assert {one[axis] for one in load_design("full").variants_of(asked) for axis in one.axes if axis != "cue"} == {
        "none"
    }
    path = tmp_path / "own.yaml"
    for cues, found in (("[select, none]", ["none"]), ("[select]", ["answer"]), ("[choice]", ["choice"])):
        path.write_text(f"design: own\naxes: {{order: [p1, p2], cue: {cues}}}\n")
        assert [one["cue"] for one in load_design(str(path)).unlisted_variants()] == found
    assert load_design("quick").variants_of(replace(asked, fixed=OptionId("x"))) == (FIXED,)
