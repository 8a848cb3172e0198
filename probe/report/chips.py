"""What a reader must know before any number, in a few short marks: of the study, and of each model."""

from __future__ import annotations

from collections.abc import Sequence

from probe.analysis.results import Condition, ModelResults, StudyResults
from probe.report.claim_text import words
from probe.report.number_format import clean
from probe.store.facts import Partial

__all__ = ["model_chips", "study_chips"]


def study_chips(results: StudyResults, suites: Sequence[str], formats: int) -> tuple[str, ...]:
    """Models, suites, number of formats, and whether the suite was read as a whole.

    Args:
        results: The study.
        suites: Names of its suites; none are told where they are not known.
        formats: Number of formats in which each question was asked.
    """
    names = sorted(results.models)
    models = clean(names[0]) if len(names) == 1 else f"{len(names)} models"
    counted = "1 format" if formats == 1 else f"{formats} formats"
    reported = (models, *(f"suite {clean(suite)}" for suite in suites), counted, _complete(results.partial))
    return tuple(reported)


def _complete(partial: Partial | None) -> str:
    if partial is None:
        return "complete"
    return (
        f"PARTIAL: {partial.roots} of {partial.roots_of} questions, {partial.scenarios} of {partial.scenarios_of} "
        "scenarios"
    )


def model_chips(model: ModelResults) -> tuple[str, ...]:
    """Which checks failed or how many passed, and the condition in which it was read, where these are known."""
    return tuple(reported for reported in (_checks(model), _condition(model.condition)) if reported)


def _checks(model: ModelResults) -> str:
    """A check of controls is one for all trade-offs that give it the same value; every other is one a trade-off.

    Equivalent options are the floor of content: to see them as equal is no pass, and only not to is told.
    """
    found = [
        (key, check)
        for key, t in model.tradeoffs.items()
        for check in t.gates_checked
        if check.gate != "equivalent" or check.state == "closed"
    ]
    states = {(key if c.side != "control" else "", c.gate, c.side, c.value): c for key, c in found}
    measured = [check for check in states.values() if check.state != "not measured"]
    if not states:
        return ""
    skipped = {check.gate for check in states.values()}.difference(check.gate for check in measured)
    beside = f" ({len(skipped)} not measured)" if skipped else ""
    failed = [check for check in measured if check.state == "closed"]
    if not failed:
        return f"{len(measured)} of {len(measured)} checks passed{beside}"
    names = ", ".join(dict.fromkeys(words(check.gate) for check in failed))
    return f"{len(failed)} check{'s' * (len(failed) > 1)} failed: {names}{beside}"


def _condition(found: Condition | None) -> str:
    if found is None:
        return ""
    kept = found.dtype if found.quantisation == "none" else found.quantisation
    return clean(f"{kept}, computed in float32" if found.compute == "fp32" else kept)
