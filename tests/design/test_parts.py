"""Guards: a part of a trade-off keeps ids, names only what is there, and gives way to the whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from probe.design import suites
from probe.design.expand import expand
from probe.design.parts import Part, part_of
from probe.design.suites import load_suites
from probe.design.tradeoffs import load_tradeoff
from probe.errors import ScenarioError

SHORT = Path(__file__).parent.parent / "data" / "short.yaml"
WHOLE = load_tradeoff(SHORT).tradeoff


def ids(tradeoff):
    return {item.id for item in expand(tradeoff)}


def test_a_part_holds_what_it_names_under_the_same_ids():
    part = Part(tradeoff="short", stated=("last-cake", "new-ball"), revealed={"apple": {"many": ("ten",)}})
    assert ids(part_of(WHOLE, part)) == {
        "short/last-cake",
        "short/last-cake~mate",
        "short/new-ball",
        "short/new-ball~p1",
        "short/apple/many=ten",
        "short/apple~bridge",
    }
    assert ids(part_of(WHOLE, part)) < ids(WHOLE)


def test_a_factor_that_is_not_named_keeps_its_levels_in_the_order_of_the_file():
    part = Part(tradeoff="short", revealed={"apple": {}, "blanket": {"cold": ("very", "bit")}})
    (apple, blanket) = part_of(WHOLE, part).revealed
    assert list(apple.factors["many"]) == ["one", "ten"]
    assert list(blanket.factors["cold"]) == ["bit", "very"]


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    def write(entries):
        root = tmp_path / "scenarios"
        root.mkdir(exist_ok=True)
        shutil.copy(SHORT, root)
        (root / "suites.yaml").write_text(entries, encoding="utf-8")
        monkeypatch.setattr(suites, "data_path", lambda name: tmp_path / name)

    return write


def test_the_whole_wins_over_a_part_whichever_is_named_first(shipped):
    shipped("part: [{tradeoff: short, stated: [toys]}]\nwhole: [short]\n")
    (part,) = load_suites(["part"])
    assert ids(part.tradeoff) == {"short/toys"}
    assert part.source == SHORT.read_text(encoding="utf-8")
    for order in (["part", "whole"], ["whole", "part"], ["whole"]):
        (file,) = load_suites(order)
        assert file.tradeoff == WHOLE
    assert load_suites(["part", "part"]) == (part,)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{tradeoff: short, stated: [tyos]}", "the root question 'tyos' is not there; .* Did you mean 'toys'"),
        ("{tradeoff: short, revealed: {aple: {}}}", "the scenario 'aple' is not there; .* Did you mean 'apple'"),
        ("{tradeoff: short, revealed: {apple: {mony: [one]}}}", "'apple': the factor 'mony' is not there"),
        ("{tradeoff: short, revealed: {apple: {many: [two]}}}", "'apple': the level of 'many' 'two' is not there"),
        ("{tradeoff: short, revealed: {apple: {many: []}}}", "'apple': 'many' has no level left"),
        ("{tradeoff: short, controls: [x]}", "the control 'x' is not there"),
        ("{tradeoff: shirt, controls: [x]}", "the entry 'shirt' of the suite 'part' names no file"),
        ("{tradeoff: short, control: [x]}", r"suites\.yaml:1: .*the key 'control' is not known"),
    ],
)
def test_what_a_part_cannot_name(shipped, entry, words):
    shipped(f"part: [{entry}]\n")
    with pytest.raises(ScenarioError, match=words):
        load_suites(["part"])


def test_two_different_parts_are_refused(shipped):
    shipped("one: [{tradeoff: short, stated: [toys]}]\ntwo: [{tradeoff: short, stated: [new-ball]}]\n")
    with pytest.raises(ScenarioError, match=r"short\.yaml: the suites one, two take different parts of it"):
        load_suites(["one", "two"])
