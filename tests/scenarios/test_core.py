"""The core suite: a small, balanced part of every trade-off, chosen by a rule that can be run again."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest

from probe.design.expand import expand
from probe.design.suites import load_suites

ROOT = Path(__file__).parents[2]
CORE = {file.tradeoff.tradeoff: file.tradeoff for file in load_suites(["core"])}
WHOLE = {file.tradeoff.tradeoff: file.tradeoff for file in load_suites(["all"])}
each = pytest.mark.parametrize("tradeoff", CORE.values(), ids=CORE)


def test_every_trade_off_of_the_suite_is_in_it_with_the_same_items():
    assert CORE.keys() == WHOLE.keys()
    whole = {item.id: item for tradeoff in WHOLE.values() for item in expand(tradeoff)}
    for tradeoff in CORE.values():
        assert all(whole[item.id] == item for item in expand(tradeoff))


@each
def test_three_roots_three_scenarios_of_two_by_two_cells_and_every_control(tradeoff):
    assert Counter(root.form for root in tradeoff.stated) == {"choose": 1, "agree": 1, "advise": 1}
    assert [[len(levels) for levels in one.factors.values()] for one in tradeoff.revealed] == [[2, 2]] * 3
    assert Counter(item.side for item in expand(tradeoff))["revealed"] == 12
    assert len({control.kind for control in tradeoff.controls}) == len(tradeoff.controls) == 5


@each
def test_it_is_as_balanced_as_three_can_be(tradeoff):
    p1, p2 = tradeoff.principles
    assert len({next(iter(one.options)) for one in tradeoff.revealed}) == 2
    assert len({next(iter(one.options)) for one in tradeoff.stated}) == 2
    pairs = [(len(one.options[p1]), len(one.options[p2])) for one in tradeoff.revealed]
    assert 1 <= sum(a > b for a, b in pairs) <= 2
    assert mean(a for a, _ in pairs) == pytest.approx(mean(b for _, b in pairs), rel=0.1)


def test_the_rule_chooses_what_the_file_says(capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("choose_core", ROOT / "scripts" / "choose_core.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "choose_core", module)
    spec.loader.exec_module(module)
    module.main()
    assert (ROOT / "scenarios" / "suites.yaml").read_text(encoding="utf-8").endswith(capsys.readouterr().out)
