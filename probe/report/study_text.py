"""What a model's trade-offs show together, in sentences. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import ModelResults, StudyLevel
from probe.report.number_format import amount, clean, joined, probability, signed

__all__ = ["floor_line", "levels_line", "study_line"]


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
    if found is None or not found.dropped or (model.methods and model.methods.chosen not in ("labels", "none")):
        return ""
    named = joined([f"{clean(axis).replace('_', ' ')} {clean(level)}" for axis, level in found.dropped])
    return (
        f"Words rest on {found.formats} of {found.of} formats: over {found.chosen_on} known-answer controls, half by "
        f"hash of id, option mass or known answers fell short with {named}. Validity checks are read on the other half."
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
    reported = f"Reliability of an item's content over formats: {probability(model.content_reliability)}."
    return f"{reported} {_coherence(model)}".rstrip()


def _coherence(model: ModelResults) -> str:
    """Never without the reliability of content before it: a bias towards a position or a label makes it 0 as well."""
    found = model.coherence
    if found is None:
        return ""
    bounds = f", 95 % interval [{signed(found.interval[0])}, {signed(found.interval[1])}]" if found.interval else ""
    pairs = f"{found.pairs} statements and their plain denials" if found.pairs > 1 else "one statement and its denial"
    return (
        f"Of {pairs} the contents add up to 1 only up to {signed(found.excess)} on average (p(X) + p(not X) - "
        f"1{bounds}, root mean square {probability(found.size)}); a bias towards a position or a label makes this 0 "
        "too, so it counts only as far as content is reliable."
    )


def floor_line(model: ModelResults) -> str:
    """Content beside that of controls whose options mean the same; empty where no such control was read."""
    found = model.content_floor
    if found is None or found.equivalent is None:
        return ""
    reported = [
        f"{amount(value)} over {items} {kind} control{'s' * (items > 1)}"
        for kind, value, items in (
            ("equivalent", found.equivalent, found.equivalent_items),
            ("identical", found.identical, found.identical_items),
        )
        if value is not None
    ]
    return (
        f"Content is {amount(found.content)} nats (root mean square of items' mean log-odds); options that mean the "
        f"same show {joined(reported)}: content of that size cannot be distinguished from none."
    )
