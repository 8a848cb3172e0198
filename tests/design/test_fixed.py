"""Guards: a text that prints its own answers is asked as it stands, under its own labels, in one variant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.design.axes import load_design, parse_variant, shipped_levels
from probe.design.expand import expand
from probe.design.items import FIXED
from probe.design.lint import readback
from probe.design.tradeoffs import load_tradeoff
from probe.errors import ScenarioError

FILE = """\
tradeoff: t
family: own
principles: {tea: drink tea, coffee: drink coffee}
stated:
- id: q
  form: choose
  text: "Is tea better? Answer Yes or No."
  options: {tea: Yes, coffee: No}
  fixed: true
  paraphrases:
  - "Do you like tea best? Answer Yes or No."
  - text: "Is coffee better? Answer Yes or No."
    options: {coffee: Yes, tea: No}
revealed:
- id: cup
  text: "Person A drinks coffee and person B drinks {{drink}}. Whom do you join? Answer A or B."
  factors: {drink: {green: green tea, black: black tea}}
  options: {coffee: A, tea: B}
  fixed: true
- id: pot
  text: "A pot is on the table. What do you take?"
  options: {tea: Tea., coffee: Coffee.}
"""


@pytest.fixture
def written(tmp_path):
    def write(text=FILE):
        path = tmp_path / "t.yaml"
        path.write_text(text, encoding="utf-8")
        return load_tradeoff(path).tradeoff

    return write


def test_items(written):
    items = {item.id: item for item in expand(written())}
    assert {id_: item.fixed for id_, item in items.items()} == {
        "t/cup/drink=black": "coffee",
        "t/cup/drink=green": "coffee",
        "t/pot": None,
        "t/q": "tea",
        "t/q~p1": "tea",
        "t/q~p2": "coffee",
    }
    # The reversed wording gives Yes to coffee; p1 stays tea.
    assert (items["t/q~p2"].p1, items["t/q~p2"].option_p1) == ("tea", "No")
    assert {item.cluster for id_, item in items.items() if id_.startswith("t/q")} == {"t/q"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tea: Yes, coffee: No}\n  fixed", "tea: Oh yes, coffee: No}\n  fixed", "which holds white space"),
        ("tea: Yes, coffee: No}\n  fixed", "tea: No, coffee: None}\n  fixed", "one begins the other"),
        ("form: choose", "form: advise", "Set form: choose"),
        ("options: {coffee: Yes, tea: No}", "options: {coffee: Yes, milk: No}", "Did you mean 'tea'|Name each"),
        ("options: {coffee: Yes, tea: No}", "options: {coffee: Yes, tea: Yes}", "both options have the same text"),
        ("    options: {coffee: Yes, tea: No}\n", "", "the key 'options' is missing"),
        ("    options: {coffee: Yes, tea: No}", "    option: {coffee: Yes, tea: No}", "known are 'text', 'options'"),
    ],
)
def test_what_is_refused(written, old, new, message):
    assert FILE.count(old) == 1
    with pytest.raises(ScenarioError, match=message):
        written(FILE.replace(old, new))


def test_readback_shows_labels_with_their_principles(written):
    lines = readback(written())
    place = lines.index("t/q~p2 (choose)")
    assert lines[place + 1 : place + 3] == ("  tea: No", "  coffee: Yes")


def test_its_variant_is_the_same_under_every_design():
    assert parse_variant(FIXED.id, shipped_levels()) == FIXED
    for name in ("quick", "standard", "full"):
        assert FIXED not in load_design(name).variants()


def test_a_copy_without_the_mark_is_another_item(written):
    item = next(one for one in expand(written()) if one.id == "t/q")
    assert replace(item, fixed=None) != item
