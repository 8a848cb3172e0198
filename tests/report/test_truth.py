"""Guards: planted and measured are paired by trade-off and side; a damaged truth is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from probe.analysis.ladder_results import Step
from probe.analysis.own_words_results import OwnWordsResult
from probe.analysis.results import ModelResults, OmissionResult
from probe.errors import StudyError
from probe.report.truth import Comparison, compare, read_truth

from .test_ladder import LADDER
from .test_own_words import AGAINST, TURNS


def test_pairs(model: ModelResults, truth_json: str) -> None:
    found = compare(read_truth(truth_json), replace(model, tradeoffs={"gift": model.tradeoffs["gift"]}))
    assert found == (
        Comparison("gift", "stated", 0.821, 0.82),
        Comparison("gift", "revealed", 0.412, 0.41),
        Comparison("gift", "position bias, stated", 0.8, 0.81),
        Comparison("gift", "label bias, stated", 0.3, 0.29),
        Comparison("gift", "acquiescence, stated", 0.25, 0.2),
        Comparison("gift", "position bias, revealed", 0.8, 0.81),
        Comparison("gift", "label bias, revealed", 0.3, 0.29),
    )
    assert found[0].difference == pytest.approx(-0.001)


def test_ladder_and_omission(model: ModelResults) -> None:
    steps = {step: Step(value, None) for step, value in (("vignette", 0.41), ("wording", -0.2), ("should_to_do", -1.0))}
    omission = OmissionResult(0.49, 1.0, 8, {}, None, None, None)
    gift = replace(model.tradeoffs["gift"], ladder=replace(LADDER, **steps), omission=omission)
    planted = {
        "gift": {"ladder": {"vignette": 0.4, "wording": -0.3, "should_to_do": -0.9}, "omission": 0.5},
        "loan": {"ladder": {"vignette": 0.4}, "omission": 0.5},
    }
    found = compare(read_truth(json.dumps({"tradeoffs": planted})), replace(model, tradeoffs={"gift": gift}))
    assert found == (
        Comparison("gift", "ladder, situation", 0.4, 0.41),
        Comparison("gift", "ladder, wording", -0.3, -0.2),
        Comparison("gift", "ladder, should to do", -0.9, -1.0),
        Comparison("gift", "omission", 0.5, 0.49),
    )
    assert not compare(read_truth(json.dumps({"tradeoffs": planted})), model)


def test_own_words(model: ModelResults) -> None:
    """One direction of two was planted, and the echo of a label in all that was read."""
    planted = {"tradeoffs": {"gift": {"own_words": {"choice": 0.8}}}, "label_echo": 0.4}
    gift = replace(model.tradeoffs["gift"], own_words=OwnWordsResult(TURNS, AGAINST))
    found = compare(read_truth(json.dumps(planted)), replace(model, tradeoffs={"gift": gift}))
    assert found == (
        Comparison("gift", "pull on the choice", 0.8, TURNS.pull.value),
        Comparison("gift", "label echo, choice", 0.4, TURNS.label_echo.value),
        Comparison("gift", "label echo, principle", 0.4, AGAINST.label_echo.value),
    )
    without = replace(gift, own_words=OwnWordsResult(None, None))
    assert not compare(read_truth(json.dumps(planted)), replace(model, tradeoffs={"gift": without}))


def test_what_was_not_measured_or_not_planted_is_not_compared(model: ModelResults, truth_json: str) -> None:
    found = compare(read_truth(truth_json), model)
    assert {(c.tradeoff, c.quantity) for c in found if c.tradeoff == "walk"} == {
        ("walk", "revealed"),
        ("walk", "position bias, revealed"),
        ("walk", "label bias, revealed"),
    }
    assert not [c for c in found if c.tradeoff == "loan" and c.quantity in {"stated", "revealed"}]
    assert not compare(read_truth('{"tradeoffs": {}}'), model)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "not JSON"),
        ("[]", "no mapping 'tradeoffs'"),
        ('{"tradeoffs": 1}', "found int"),
        ('{"tradeoffs": {"gift": 0.5}}', "tradeoffs.gift: not a mapping"),
        ('{"tradeoffs": {"gift": {"stated": "0.5"}}}', "tradeoffs.gift.stated: not a number"),
        ('{"tradeoffs": {}, "label_bias": true}', "label_bias: not a number"),
        ('{"tradeoffs": {"gift": {"ladder": 1}}}', r"tradeoffs\.gift\.ladder: not a mapping"),
        ('{"tradeoffs": {"gift": {"ladder": {"wording": "1"}}}}', r"gift\.ladder\.wording: not a number"),
        ('{"tradeoffs": {"gift": {"own_words": {"choice": []}}}}', r"gift\.own_words\.choice: not a number"),
        ('{"tradeoffs": {}, "label_echo": "1"}', "label_echo: not a number"),
        ('{"tradeoffs": {"gift": {"omission": []}}}', r"gift\.omission: not a number"),
    ],
)
def test_damaged(text: str, found: str) -> None:
    with pytest.raises(StudyError, match=found):
        read_truth(text)
