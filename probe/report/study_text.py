"""What a model's trade-offs show together, in sentences. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import ModelResults, StudyLevel
from probe.report.number_format import amount, clean, joined, probability

__all__ = ["levels_line", "study_line"]


def study_line(model: ModelResults) -> str:
    """How large deviations typically are, whether there are any, and how far they carry; empty below two trade-offs."""
    found = model.study_level
    if found is None:
        return _reliability(model)
    reported = (_size(found), _omnibus(found), _carries(found), _reliability(model))
    return " ".join(line for line in reported if line)


def levels_line(model: ModelResults) -> str:
    """Which levels of the format axes no word rests on, and why; empty where all are admitted."""
    found = model.levels
    if found is None or not found.dropped:
        return ""
    named = joined([f"{clean(axis).replace('_', ' ')} {clean(level)}" for axis, level in found.dropped])
    return (
        f"Words rest on {found.formats} of {found.of} formats: over {found.chosen_on} controls, half by hash of id, "
        f"option mass or known answers fell short with {named}. Gates on controls are read on the other half."
    )


def _size(found: StudyLevel) -> str:
    if found.typical_size is None or found.typical_size_interval is None:
        return ""
    low, high = found.typical_size_interval
    return (
        f"Root mean square of R - S about 0 over {found.typical_size_tradeoffs} trade-offs, sampling error taken out: "
        f"{probability(found.typical_size)}, 95 % interval [{probability(low)}, {probability(min(high, 1.0))}]."
    )


def _omnibus(found: StudyLevel) -> str:
    if found.omnibus_p is None:
        return ""
    return (
        f"That no trade-off differs has p = {amount(found.omnibus_p)} ({found.omnibus_tradeoffs} trade-offs together; "
        "outside the family, no claim rests on it)."
    )


def _carries(found: StudyLevel) -> str:
    if found.generalisability_items is None:
        return ""
    reported = (
        f"Of the mean squared R - S, {probability(found.generalisability_items)} would carry over to other questions"
    )
    if found.generalisability_items_and_formats is None:
        return f"{reported}."
    return f"{reported}, {probability(found.generalisability_items_and_formats)} to other questions and formats."


def _reliability(model: ModelResults) -> str:
    if model.content_reliability is None:
        return ""
    return f"Reliability of an item's content over formats: {probability(model.content_reliability)}."
