"""Guards: a scenario's mate and its doses, as they load, expand and are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.design.mates import omissions
from probe.design.shape import Revealed
from probe.design.tradeoffs import load_tradeoff
from probe.errors import ScenarioError

GOOD = """\
tradeoff: t
family: f
principles: {safe: Keep watch., free: Let go.}
revealed:
  - id: r
    text: The {{room}} has no camera. Someone offers one.
    factors:
      room: {hall: hall, yard: yard}
      price:
        dose: [1, 2.5, 10]
        low: one euro
        middle: two and a half
        high: ten
    options:
      safe: You put it up in the {{room}} for {{price}}.
      free: You leave the {{room}} as it is.
    acts: {safe: act, free: omit}
    mate:
      text: The {{room}} has a camera. Someone offers {{price}} for it.
      options:
        safe: You leave it in the {{room}}.
        free: You take it down.
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(source):
        Path("t.yaml").write_text(source, encoding="utf-8")
        return load_tradeoff(Path("t.yaml")).tradeoff

    return run


def test_the_mate_has_the_cells_of_its_scenario_and_the_other_omission(load):
    tradeoff = load(GOOD)
    items = {item.id: item for item in expand(tradeoff)}
    assert len(items) == 12
    told, turned = items["t/r/room=hall,price=high"], items["t/r~mate/room=hall,price=high"]
    assert (told.cluster, told.scenario, told.side, told.form) == (
        turned.cluster,
        turned.scenario,
        turned.side,
        turned.form,
    )
    assert (told.context, told.omits) == (turned.context, "free")
    assert turned.omits == "safe"
    assert turned.text == "The hall has a camera. Someone offers ten for it."
    assert (turned.option_p1, turned.option_p2) == ("You leave it in the hall.", "You take it down.")


def test_a_scenario_without_factors_has_one_item_and_one_mate(load):
    source = GOOD[: GOOD.index("    factors:")] + GOOD[GOOD.index("    options:") :]
    tradeoff = load(source.replace("{{room}}", "hall").replace("{{price}}", "a euro"))
    assert [item.id for item in expand(tradeoff)] == ["t/r", "t/r~mate"]


def test_doses_are_no_level(load):
    (revealed,) = load(GOOD).revealed
    assert revealed.doses == {"price": (1.0, 2.5, 10.0)}
    assert list(revealed.factors["price"]) == ["low", "middle", "high"]


def test_a_level_may_be_called_dose(load):
    (revealed,) = load(GOOD.replace("dose: [1, 2.5, 10]", "dose: a dose")).revealed
    assert revealed.doses == {}
    assert list(revealed.factors["price"]) == ["dose", "low", "middle", "high"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[1, 2.5, 10]", "[1, 2]", "t.yaml:10: revealed[0].factors.price.dose: one number a level is expected, 3, found 2"),
        ("[1, 2.5, 10]", "[1, 10, 2.5]", "t.yaml:10: revealed[0].factors.price.dose: numbers that rise, or fall"),
        ("[1, 2.5, 10]", "[1, 1, 2]", "numbers that rise, or fall"),
        ("[1, 2.5, 10]", "[1, 2, inf]", "numbers that rise, or fall"),
        ("[1, 2.5, 10]", "[1, two, 3]", "a number is expected, found 'two'"),
        ("low: one euro", "low: [1, 2, 3]", "revealed[0].factors.price.low: text is expected, found a list"),
        ("{safe: act, free: omit}", "{safe: act, free: act}", "found safe: act, free: act. Write 'act' for one"),
        ("    acts: {safe: act, free: omit}\n", "", "found none. Write 'act' for one principle"),
        ("{safe: act, free: omit}", "{safe: act, fre: omit}", "revealed[0].acts has keys 'safe', 'fre'"),
        ("{safe: act, free: omit}", "{safe: act, free: omits}", "one of 'act', 'omit' is expected, found 'omits'"),
        ("offers {{price}} for it", "offers money for it", "revealed[0].mate: the factor 'price' is not used."),
        ("offers {{price}} for it", "offers {{prize}}, {{price}}", "{{prize}} names no factor"),
        ("        free: You take it down.\n", "", "revealed[0].mate.options has keys 'safe'"),
        ("You take it down.", "You leave it in the {{room}}.", "both options have the same text"),
        ("    acts: {", "    fixed: true\n    acts: {", "a fixed scenario is asked as it stands and has no mate"),
    ],
)  # fmt: skip
def test_what_is_refused(load, old, new, told):
    assert GOOD.count(old) == 1
    with pytest.raises(ScenarioError) as caught:
        load(GOOD.replace(old, new))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("You take it down.", "You leave it up."), ("b",)),
        (("You sign the form.", "You do not sign the form."), ("b",)),
        (("You tell her no.", "You tell her yes."), ("a",)),
        (("You sell the boat.", "You keep the boat."), ("b",)),
        (("You buy the red one.", "You buy the blue one."), ()),
        (("You turn the offer down.", "You take the offer."), ("a",)),
    ],
)
def test_which_options_read_as_omissions(options, found):
    revealed = Revealed(id="r", text="You see it.", options=dict(zip("ab", options, strict=True)))
    assert omissions(revealed) == found
