"""The dataset card: figures as the script writes them, every trade-off mapped, and its five minutes followed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from probe.cli import main
from probe.design.suites import load_suites

SCENARIOS = Path(__file__).parents[2] / "scenarios"
CARD = (SCENARIOS / "README.md").read_text(encoding="utf-8")
FILES = [file.tradeoff for file in load_suites(["all"])]
CATEGORIES = {
    "moral dilemmas",
    "risk preference",
    "equality and fairness",
    "reciprocity",
    "mate choice and gender stereotype",
    "environment against economy",
    "cooperation against competition",
}
VALUES = {
    *("self-direction", "stimulation", "hedonism", "achievement", "power"),
    *("security", "conformity", "tradition", "benevolence", "universalism"),
}


def test_its_figures_are_what_the_script_writes():
    spec = importlib.util.spec_from_file_location("write_card", SCENARIOS.parent / "scripts" / "write_card.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert len(module.MARKS.findall(CARD)) == 4
    assert module.card(CARD) == CARD, "python scripts/write_card.py"


def mapping():
    rows = re.findall(
        r"^\| ([a-z-]+) \| ([a-z ]+) \| ([a-z ,]+) \| ([a-z-]+) / ([a-z-]+) \| ([a-z, ]+) \|$", CARD, re.M
    )
    return {name: (category, rules.split(", "), {one, two}) for name, category, rules, one, two, _ in rows}


def test_every_trade_off_is_mapped_and_every_category_covered():
    mapped = mapping()
    assert set(mapped) == {tradeoff.tradeoff for tradeoff in FILES}
    assert {category for category, _, _ in mapped.values()} == CATEGORIES | {"beyond"}
    assert set.union(*(values for _, _, values in mapped.values())) == VALUES
    rules = {rule for _, rules, _ in mapped.values() for rule in rules} - {"none"}
    assert len(rules) == 7
    assert not rules & {"do not disable", "do not deprive of pleasure", "do not cheat"}


def test_every_family_has_controls_of_every_kind():
    for family in {tradeoff.family for tradeoff in FILES}:
        kinds = [c.kind for tradeoff in FILES if tradeoff.family == family for c in tradeoff.controls]
        assert set(kinds) == {"dominated", "identical", "equivalent", "content_free", "fact"}, family


@pytest.mark.parametrize("measured", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_trade_off_is_added_in_five_minutes(tmp_path, monkeypatch, capsys, measured):
    """The steps of the card, one by one."""
    steps = CARD[CARD.index("## Add a trade-off in five minutes") :]
    commands = re.findall(r"`probe ([^`]+)`", steps.replace("\n   ", " "))
    assert commands == [
        "check my/thrift-generosity.yaml",
        "run demo --suite my/thrift-generosity.yaml --design quick",
    ]
    monkeypatch.chdir(tmp_path)
    source = (SCENARIOS / "template.yaml").read_text(encoding="utf-8")
    (tmp_path / "my").mkdir()
    path = tmp_path / "my" / "thrift-generosity.yaml"
    path.write_text(source, encoding="utf-8")
    assert main(commands[0].split()) == 1
    assert "Give both the same name." in capsys.readouterr().out
    path.write_text(source.replace("tradeoff: template ", "tradeoff: thrift-generosity "), encoding="utf-8")
    assert main(commands[0].split()) == 0
    if measured:
        assert main([*commands[1].split(), "--out", "run"]) == 0
        assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize(
    "word", ["CC-BY-4.0", "Intended use", "Not intended", "No human panel has validated the suite"]
)
def test_it_says_what_a_card_must(word):
    assert word in CARD
