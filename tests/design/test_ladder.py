"""Guards: what each cell of the ladder says, which cells are asked anyway, and who has no ladder and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.design.items import CELLS, MATE
from probe.design.ladder import bridge_stem, ladder_of, same_question, vignette_stem
from probe.design.suites import load_suites
from probe.design.tradeoffs import load_tradeoff

TEMPLATE = load_tradeoff(Path(__file__).parents[2] / "scenarios" / "template.yaml").tradeoff
SHORT = load_tradeoff(Path(__file__).parent.parent / "data" / "short.yaml").tradeoff
(SCENARIO,) = TEMPLATE.revealed


def with_scenario(**changes):
    return TEMPLATE.model_copy(update={"revealed": (SCENARIO.model_copy(update=changes),)})


def cells_of(found):
    return {item.form: item for item in found.items}


def test_every_cell_says_what_the_table_says():
    items = {item.id: item for item in expand(TEMPLATE)}
    found = ladder_of(TEMPLATE, "first")
    revealed = items[found.first[f"{TEMPLATE.tradeoff}/{SCENARIO.id}"]]
    bridge = items[f"{TEMPLATE.tradeoff}/{SCENARIO.id}~bridge"]
    assert dict(revealed.context) == {name: next(iter(levels)) for name, levels in SCENARIO.factors.items()}
    story = revealed.text.removesuffix("What do you do?")
    stem = bridge.text.removesuffix(", which of the two should come first for you?")
    acts, principles = (revealed.option_p1, revealed.option_p2), (bridge.option_p1, bridge.option_p2)
    assert {cell: (one.text, (one.option_p1, one.option_p2)) for cell, one in cells_of(found).items()} == {
        "000": (bridge.text, principles),
        "100": (f"{story}Which of the two should come first for you?", principles),
        "010": (f"{stem}, what should you do?", acts),
        "110": (f"{story}What should you do?", acts),
        "111": (revealed.text, acts),
        "bare": ("What do you do?", acts),
    }
    assert [item.id for item in found.items] == sorted(item.id for item in found.items)
    for item in found.items:
        assert (item.side, item.table, item.cluster, item.scenario) == ("ladder", "ladder", *2 * (revealed.scenario,))
        assert item.id.endswith(f"~ladder-{item.form}")
        assert (item.p1, item.p2) == (revealed.p1, revealed.p2)


def test_what_is_asked_anyway_asks_the_same_to_the_letter():
    for file in load_suites(["core"]):
        items = {item.id: item for item in expand(file.tradeoff)}
        for one in ladder_of(file.tradeoff, "all").items:
            name = same_question(one)
            assert (name is None) == (one.form not in ("000", "111"))
            if name is not None:
                at = {"id": name, "side": items[name].side, "form": items[name].form, "table": "readings"}
                assert replace(one, **at) == items[name]


def test_every_cell_of_a_scenario_has_a_ladder_and_what_does_not_depend_on_it_has_one():
    first, every = ladder_of(TEMPLATE, "first"), ladder_of(TEMPLATE, "all")
    assert {one.id: one for one in first.items}.items() <= {one.id: one for one in every.items}.items()
    counts = {cell: sum(one.form == cell for one in every.items) for cell in CELLS}
    assert counts == {"000": 1, "010": 1, "bare": 1, "100": 4, "110": 4, "111": 4}
    assert len(first.items) == len(CELLS)


def test_options_that_change_with_the_context_are_asked_in_each():
    options = {key: f"{text} {{{{number}}}}" for key, text in SCENARIO.options.items()}
    every = ladder_of(with_scenario(options=options), "all")
    counts = {cell: sum(one.form == cell for one in every.items) for cell in CELLS}
    assert counts == {"000": 1, "010": 4, "bare": 4, "100": 4, "110": 4, "111": 4}
    assert len({(one.form, one.option_p1) for one in every.items if one.form == "bare"}) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": SCENARIO.text.replace("What do you do?", "What now?")}, "its text does not end 'What do you do?'"),
        ({"bridge": None}, "it has no bridge"),
        ({"fixed": True}, "it is asked as it stands"),
        (
            {"bridge": SCENARIO.bridge.model_copy(update={"text": "Which should come first?"})},
            "its bridge does not end ', which of the two should come first for you?'",
        ),
    ],
)
def test_a_scenario_without_a_known_ending_is_left_out_by_name(changes, reason):
    found = ladder_of(with_scenario(**changes), "first")
    assert (found.items, found.first) == ((), {})
    ((name, why),) = found.left_out.items()
    assert name == f"{TEMPLATE.tradeoff}/{SCENARIO.id}"
    assert why.startswith(reason)


def test_the_whole_suite_has_ladders():
    ladders = [ladder_of(file.tradeoff, "first") for file in load_suites(["all"])]
    assert sum(len(one.first) for one in ladders) == 368  # 360, and eight over doses
    assert [one.left_out for one in ladders if one.left_out] == []
    assert {len(one.items) / len(one.first) for one in ladders} == {len(CELLS)}


def test_mates_have_no_cells_of_their_own():
    (file,) = load_suites(["action-omission"])
    mates = {item.id for item in expand(file.tradeoff) if "~mate/" in item.id and item.side == "revealed"}
    assert mates
    cells = ladder_of(file.tradeoff, "all").items
    assert not [one.id for one in cells if MATE in one.id]
    assert all(dict(one.context) == {} or one.form in {"100", "110", "111"} for one in cells)


@pytest.mark.parametrize("text", ["What do you do?", " What do you do?", "What do you do? Well.", "what do you do?"])
def test_a_text_that_is_all_ending_or_ends_otherwise_has_no_stem(text):
    assert vignette_stem(text) is None
    assert bridge_stem(", what should come first for you?") is None


def test_a_suite_of_other_endings_has_none():
    found = ladder_of(SHORT, "first")
    assert found.items == ()
    assert sorted(found.left_out) == ["short/apple", "short/blanket"]
