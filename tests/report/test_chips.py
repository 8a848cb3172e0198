"""Guards: the first marks of a page say what was read, how much of it, and how many checks it passed."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.claim import ValidityCheck
from probe.analysis.results import Condition, ModelResults, StudyResults, TradeOffResult
from probe.report.chips import model_chips, study_chips
from probe.store.facts import Partial


def test_a_whole_study(results: StudyResults) -> None:
    assert study_chips(results, ("core",), 32) == ("demo", "suite core", "32 formats", "complete")


def test_a_part_of_a_suite_is_called_so(results: StudyResults) -> None:
    told = study_chips(replace(results, partial=Partial(2, 10, 45, 8, 40)), (), 1)
    assert told == ("demo", "1 format", "PARTIAL: 10 of 45 questions, 8 of 40 scenarios")


def test_several_models_are_counted(model: ModelResults) -> None:
    assert study_chips(StudyResults(1, {"a": model, "b": model}), (), 8)[0] == "2 models"


def test_a_check_of_controls_counts_once_for_all_trade_offs(model: ModelResults) -> None:
    assert model_chips(model) == ("1 check failed: option mass mean (1 not measured)",)


def test_what_failed_is_named_once(model: ModelResults, gift: TradeOffResult) -> None:
    """Of two trade-offs one check of their own and one of controls, which is the same for both."""
    controls = ValidityCheck("fact", "control", 0.6, 0.9, "closed", {}, 10)
    both = [
        replace(gift, gates_checked=(ValidityCheck("option_mass_mean", "stated", mass, 0.5, "closed", {}), controls))
        for mass in (0.3, 0.4)
    ]
    told = model_chips(replace(model, tradeoffs=dict(zip("ab", both, strict=True))))
    assert told == ("3 checks failed: option mass mean, fact",)
    passed = replace(gift, gates_checked=(replace(controls, state="open"),))
    assert model_chips(replace(model, tradeoffs={"a": passed, "b": passed})) == ("1 of 1 checks passed",)


def test_the_condition_is_told(model: ModelResults) -> None:
    bare = replace(model, tradeoffs={})
    whole, packed = Condition("float32", "none", "native", 8, 0.0), Condition("bfloat16", "nf4", "fp32", 8, 0.1)
    assert model_chips(replace(bare, condition=whole)) == ("float32",)
    assert model_chips(replace(bare, condition=packed)) == ("nf4, computed in float32",)
