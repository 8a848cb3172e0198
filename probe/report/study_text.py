"""What a model's trade-offs show together, in sentences. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import ModelResults, StudyLevel
from probe.report.number_format import amount, probability

__all__ = ["study_line"]


def study_line(model: ModelResults) -> str:
    """How large deviations typically are, whether there are any, and how far they carry; empty below two trade-offs."""
    found = model.study_level
    if found is None:
        return _reliability(model)
    told = (_size(found), _omnibus(found), _carries(found), _reliability(model))
    return " ".join(line for line in told if line)


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
    told = f"Of the mean squared R - S, {probability(found.generalisability_items)} would carry over to other questions"
    if found.generalisability_items_and_formats is None:
        return f"{told}."
    return f"{told}, {probability(found.generalisability_items_and_formats)} to other questions and formats."


def _reliability(model: ModelResults) -> str:
    if model.content_reliability is None:
        return ""
    return f"Reliability of an item's content over formats: {probability(model.content_reliability)}."
