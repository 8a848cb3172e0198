"""Guards: a predicted direction names a factor, one principle and every level that the scenarios use."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.design.suites import load_suites
from probe.design.tradeoffs import load_tradeoff
from probe.errors import ScenarioError

GOOD = """\
tradeoff: t
family: f
principles: {honesty: Say what is so., kindness: Spare feelings.}
predicts:
  sum: {honesty: [low, high]}
revealed:
  - id: r1
    text: You owe {{sum}}.
    factors: {sum: {low: little, high: much}}
    options: {honesty: You say it., kindness: You say nothing.}
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(source):
        Path("t.yaml").write_text(source, encoding="utf-8")
        return load_tradeoff(Path("t.yaml")).tradeoff

    return run


def test_a_prediction_is_read(load):
    assert load(GOOD).predicts == {"sum": {"honesty": ("low", "high")}}
    assert load(GOOD.replace("predicts:\n  sum: {honesty: [low, high]}\n", "")).predicts == {}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("som: {honesty: [low, high]}", "predicts.som: no scenario has this factor; the factors are 'sum'. Did you"),
        ("sum: {honesti: [low, high]}", "predicts.sum names 'honesti'; the principles are"),
        ("sum: {honesty: [low, high], kindness: [high, low]}", "predicts.sum: one principle is expected, found 2."),
        ("sum: {}", "predicts.sum: one principle is expected, found 0."),
        ("sum: {honesty: [low]}", "predicts.sum.honesty has the levels 'low'; the scenarios use 'low', 'high'."),
        ("sum: {honesty: [low, hihg]}", "predicts.sum.honesty has the levels 'low', 'hihg'"),
        ("sum: {honesty: [low, high, low]}", "predicts.sum.honesty has the levels"),
    ],
)
def test_what_is_refused(load, bad, words):
    with pytest.raises(ScenarioError) as caught:
        load(GOOD.replace("sum: {honesty: [low, high]}", bad))
    assert str(caught.value).startswith("t.yaml:5: ")
    assert words in str(caught.value)


def test_every_trade_off_of_the_suite_predicts_for_two_factors_or_more():
    for file in load_suites(["all"]):
        assert len(file.tradeoff.predicts) >= 2, file.name
        towards = {principle for one in file.tradeoff.predicts.values() for principle in one}
        assert len(towards) == 2 or file.tradeoff.tradeoff == "attraction-means", file.name
