"""The core suite: one whole trade-off of each family, chosen by a rule that can be run again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.design.suites import load_suites

ROOT = Path(__file__).parents[2]
CORE = {file.tradeoff.tradeoff: file.tradeoff for file in load_suites(["core"])}
WHOLE = {file.tradeoff.tradeoff: file.tradeoff for file in load_suites(["all"])}
each = pytest.mark.parametrize("tradeoff", CORE.values(), ids=CORE)


def test_one_whole_trade_off_of_each_family():
    assert all(CORE[name] == WHOLE[name] for name in CORE)
    families = sorted(tradeoff.family for tradeoff in CORE.values())
    assert families == sorted({tradeoff.family for tradeoff in WHOLE.values()})
    assert 900 <= sum(map(counted, CORE.values())) <= 960


@each
def test_it_is_testable_and_none_of_its_family_is_smaller(tradeoff):
    assert len(tradeoff.stated) >= 9
    assert len(tradeoff.revealed) >= 12
    assert {control.kind for control in tradeoff.controls} == {
        "dominated",
        "identical",
        "equivalent",
        "content_free",
        "fact",
    }
    others = [one for one in WHOLE.values() if one.family == tradeoff.family]
    assert counted(tradeoff) == min(counted(one) for one in others)


def counted(tradeoff):
    """Items, but for those of mates and of scenarios over doses."""
    doses = {f"{tradeoff.tradeoff}/{one.id}" for one in tradeoff.revealed if one.doses}
    return sum(item.scenario not in doses and "~mate/" not in item.id for item in expand(tradeoff))


def test_the_rule_chooses_what_the_file_says(capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("choose_core", ROOT / "scripts" / "choose_core.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "choose_core", module)
    spec.loader.exec_module(module)
    module.main()
    assert (ROOT / "scenarios" / "suites.yaml").read_text(encoding="utf-8").endswith(capsys.readouterr().out)
