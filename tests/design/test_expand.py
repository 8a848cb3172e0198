"""Guards: item ids, which option stands for which principle, and how many items a trade-off has."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.design.expand import expand
from probe.design.placeholders import fill
from probe.design.shape import TradeOff
from probe.design.tradeoffs import load_tradeoff

SHORT = load_tradeoff(Path(__file__).parent.parent / "data" / "short.yaml").tradeoff
ITEMS = {item.id: item for item in expand(SHORT)}


def test_ids():
    assert list(ITEMS) == [
        "short/apple/many=one",
        "short/apple/many=ten",
        "short/apple~bridge",
        "short/blanket/cold=bit",
        "short/blanket/cold=very",
        "short/blanket~bridge",
        "short/last-cake",
        "short/last-cake~mate",
        "short/new-ball",
        "short/new-ball~p1",
        "short/same-hat",
        "short/sky",
        "short/toys",
    ]


def test_sides_forms_and_clusters():
    told = {name.removeprefix("short/"): (i.side, i.form, i.cluster, i.scenario) for name, i in ITEMS.items()}
    apple = "short/apple"
    assert told["apple/many=ten"] == ("revealed", "choice", apple, apple)
    assert told["apple~bridge"] == ("bridge", "bridge", apple, apple)
    assert told["last-cake~mate"] == ("stated", "agree", "short/last-cake", None)
    assert told["new-ball~p1"] == ("stated", "advise", "short/new-ball", None)
    assert told["sky"] == ("control", "fact", "short/sky", None)
    assert {i.tradeoff for i in ITEMS.values()} == {"short"}


def test_p1_is_the_file_s_first_principle_wherever_its_option_stands():
    for item in ITEMS.values():
        if item.side != "control":
            assert (item.p1, item.p2) == ("share", "keep")
    ball = ITEMS["short/new-ball"]
    assert (ball.option_p1, ball.option_p2) == (
        "Lily should share it with her friend.",
        "Lily should play alone with it.",
    )


def test_a_control_s_options_are_coded_in_their_order():
    sky = ITEMS["short/sky"]
    assert (sky.p1, sky.p2, sky.option_p1, sky.expect) == ("blue", "green", "The sky is blue.", "blue")
    assert (ITEMS["short/same-hat"].p1, ITEMS["short/same-hat"].expect) == ("one", None)


def test_the_agreeing_answer():
    assert ITEMS["short/last-cake"].agreeing == "share"
    assert ITEMS["short/last-cake~mate"].agreeing == "keep"
    assert ITEMS["short/last-cake~mate"].option_p2 == "Yes, I agree with Tim."
    assert ITEMS["short/last-cake~mate"].text.startswith('Tim says: "You should not share')
    assert ITEMS["short/toys"].agreeing is None
    assert ITEMS["short/apple/many=one"].agreeing is None


def test_a_paraphrase_takes_the_root_s_options_and_agreeing():
    root, other = ITEMS["short/new-ball"], ITEMS["short/new-ball~p1"]
    assert replace(other, id=root.id, text=root.text) == root
    assert other.text != root.text
    agree = SHORT.stated[1].model_copy(update={"paraphrases": ("Is Tim right?",)})
    items = {i.id: i for i in expand(SHORT.model_copy(update={"stated": (agree,)}))}
    assert items["short/last-cake~p1"].agreeing == "share"
    assert items["short/last-cake~p1"].option_p1 == "Yes, I agree with Tim."


def test_a_cell_s_text_and_context():
    item = ITEMS["short/apple/many=ten"]
    assert item.context == (("many", "ten"),)
    assert item.text == "One day, you went to the park with ten red apples. A little boy was hungry. What do you do?"
    assert ITEMS["short/apple~bridge"].context == ()


def tradeoff_with(factors, *, options=None):
    places = " ".join("{{" + name + "}}" for name in factors)
    return TradeOff.model_validate(
        {
            "tradeoff": "t",
            "family": "f",
            "principles": {"a": "A", "b": "B"},
            "revealed": [
                {
                    "id": "r",
                    "text": f"You. {places}".strip(),
                    "factors": {
                        name: {level: f"{name} is {level}" for level in levels} for name, levels in factors.items()
                    },
                    "options": options or {"b": "Stay.", "a": "Go."},
                }
            ],
        }
    )


def test_factors_cross_in_the_file_s_order_and_options_are_filled_too():
    tradeoff = tradeoff_with({"z": ["1", "2"], "a": ["2", "1"]}, options={"a": "Go {{z}}.", "b": "Stay {{a}}."})
    items = expand(tradeoff)
    assert [i.id for i in items] == ["t/r/z=1,a=1", "t/r/z=1,a=2", "t/r/z=2,a=1", "t/r/z=2,a=2"]
    assert items[1].option_p1 == "Go z is 1."
    assert items[1].option_p2 == "Stay a is 2."
    assert items[2].text == "You. z is 2 a is 1"


def test_a_scenario_without_factors_is_one_item():
    (item,) = expand(tradeoff_with({}))
    assert (item.id, item.context, item.cluster) == ("t/r", (), "t/r")


names = st.lists(st.text("abcxyz", min_size=1, max_size=3), unique=True, max_size=3)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_cells_are_the_product_of_levels(data):
    levels = st.lists(st.text("0123", min_size=1, max_size=2), unique=True, min_size=2, max_size=3)
    factors = {name: data.draw(levels) for name in data.draw(names)}
    items = expand(tradeoff_with(factors))
    assert len({i.id for i in items}) == len({i.text for i in items}) == prod(len(v) for v in factors.values())
    assert [i.id for i in items] == sorted(i.id for i in items)
    assert all([name for name, _ in i.context] == list(factors) for i in items)


def test_fill_does_not_fill_what_it_filled():
    assert fill("{{a}} {{b}} {{a}}", {"a": "{{b}}", "b": "x"}) == "{{b}} x {{b}}"
