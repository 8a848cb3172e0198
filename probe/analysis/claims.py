"""A claim for every trade-off of a study: words, gates, and the same at other thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from probe.analysis.claim import Claim, Inference, Repeated, SideTest, ValidityCheck, Verdict, Words
from probe.analysis.multiplicity import holm
from probe.analysis.results import ModelResults, TradeOffResult
from probe.analysis.temperature import as_at
from probe.analysis.validity_checks import repeated_at
from probe.analysis.words import Adjusted, Ruling, judge, smallest_p

__all__ = ["claim_all"]

DIRECTED = frozenset({"deviation", "undecided", "not testable"})
"""The words beside which it is said where the means stand."""

Key = tuple[str, str]
"""Model and trade-off."""


def claim_all(
    models: Mapping[str, ModelResults], family: int, thresholds: Mapping[str, float]
) -> dict[str, ModelResults]:
    """The same results with a claim for every trade-off that has both sides.

    Args:
        models: Results by model, without claims.
        family: Number of tests planned: models of the study times its trade-offs. R - S and the contents have a
            family of this size each.
        thresholds: What gates and claims ask.
    """
    inferences = {
        (model, name): found.inference
        for model, results in models.items()
        for name, found in results.tradeoffs.items()
        if found.inference
    }
    deployed = _adjusted({key: one.test for key, one in inferences.items()}, family)
    content = _adjusted({key: one.content.test for key, one in inferences.items() if one.content}, family)
    return {
        model: replace(
            results,
            tradeoffs={
                name: _claimed(
                    found, Adjusted(deployed.get((model, name)), content.get((model, name)), family), thresholds
                )
                for name, found in results.tradeoffs.items()
            },
        )
        for model, results in models.items()
    }


def _adjusted(tests: Mapping[Key, SideTest | None], family: int) -> dict[Key, float]:
    return holm({key: test.p for key, test in tests.items() if test}, family)


def _claimed(found: TradeOffResult, p: Adjusted, thresholds: Mapping[str, float]) -> TradeOffResult:
    inference = found.inference
    if inference is None:
        return found
    ruling = judge(found, inference, p, thresholds["margin"])
    ungated = _words(found, inference, ruling)
    closed = bool(found.gates)
    claim = Claim(
        p_adjusted=p.deployed,
        family=p.family,
        shift_of_preference=ungated.shift_of_preference and not closed,
        depends_on_form=bool(found.depends_on_form) and ruling.verdict == "deviation",
        reason=f"a validity check failed: {_names(found)}" if closed else ruling.reason,
        ungated=ungated,
        repeated=_repeated(found, inference, p, thresholds),
        p_content_adjusted=p.content,
        by_format=ungated.by_format and not closed,
        at_ceiling=ungated.at_ceiling and not closed,
        format_axes=() if closed else ruling.format_axes,
        least_p=smallest_p(found, p.family),
        by_temperature=_by_temperature(found, inference, p, thresholds["margin"]),
    )
    return replace(
        found,
        claim=claim,
        verdict="not interpretable" if closed else ruling.verdict,
        direction=None if closed else ungated.direction,
    )


def _words(found: TradeOffResult, inference: Inference, ruling: Ruling) -> Words:
    shown = ruling.verdict == "deviation" and not ruling.by_format
    return Words(
        verdict=ruling.verdict,
        direction=found.direction if ruling.verdict in DIRECTED else None,
        shift_of_preference=shown and _latent_agrees(found, inference),
        by_format=ruling.by_format,
        at_ceiling=ruling.at_ceiling,
    )


def _by_temperature(found: TradeOffResult, inference: Inference, p: Adjusted, margin: float) -> dict[str, Verdict]:
    at = found.temperatures.at if found.temperatures else ()
    return {f"{one.temperature:g}": judge(*as_at(found, inference, one), p, margin).verdict for one in at}


def _latent_agrees(found: TradeOffResult, inference: Inference) -> bool:
    interval = inference.latent_gap_interval
    if interval is None or found.gap is None:
        return False
    return interval[0] > 0 if found.gap > 0 else interval[1] < 0


def _names(found: TradeOffResult) -> str:
    return ", ".join(dict.fromkeys(f"{check.gate} ({check.side})" for check in found.gates))


def _repeated(
    found: TradeOffResult, inference: Inference, p: Adjusted, thresholds: Mapping[str, float]
) -> dict[str, Repeated]:
    """The verdict with each threshold that had a say at half and at twice, the others as they are."""
    used = {"margin"}.union(*(check.repeated for check in found.gates_checked))
    repeated: dict[str, Repeated] = {}
    for name in sorted(used):
        verdicts: list[Verdict] = []
        for column, factor in enumerate(repeated_at(name, thresholds[name])):
            margin = factor if name == "margin" else thresholds["margin"]
            closed = _any_closed(found.gates_checked, name, column)
            verdict = judge(found, inference, p, margin).verdict
            verdicts.append("not interpretable" if closed else verdict)
        repeated[name] = Repeated(*verdicts)
    return repeated


def _any_closed(checks: Sequence[ValidityCheck], threshold: str, column: int) -> bool:
    return any(
        check.repeated[threshold][column] if threshold in check.repeated else check.state == "closed"
        for check in checks
    )
