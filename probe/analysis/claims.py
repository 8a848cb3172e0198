"""From intervals, tests and gates to the words that may be printed: deviation, no deviation, undecided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from probe.analysis.claim import Claim, GateCheck, Inference, Repeated, Verdict, Words
from probe.analysis.gates import repeated_at
from probe.analysis.multiplicity import holm
from probe.analysis.permutation import ALPHA
from probe.analysis.results import ModelResults, TradeOffResult

__all__ = ["Ruling", "claim_all", "judge"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict before any gate, and why."""

    verdict: Verdict
    reason: str


def claim_all(
    models: Mapping[str, ModelResults], family: int, thresholds: Mapping[str, float]
) -> dict[str, ModelResults]:
    """The same results with a claim for every trade-off that has both sides.

    Args:
        models: Results by model, without claims.
        family: Number of tests planned: models of the study times its trade-offs.
        thresholds: What gates and claims ask.
    """
    p = {
        (model, name): found.inference.test.p
        for model, results in models.items()
        for name, found in results.tradeoffs.items()
        if found.inference and found.inference.test
    }
    adjusted = holm(p, family)
    return {
        model: replace(
            results,
            tradeoffs={
                name: _claimed(found, adjusted.get((model, name)), family, thresholds)
                for name, found in results.tradeoffs.items()
            },
        )
        for model, results in models.items()
    }


def judge(found: TradeOffResult, inference: Inference, p_adjusted: float | None, margin: float) -> Ruling:
    """The word for one trade-off, gates aside.

    Deviation: the adjusted test rejects and the whole 95 % interval of R - S lies beyond the margin. No deviation:
    the 90 % interval lies within it, which is two one-sided tests. A deviation also needs a KL above its floor.

    Args:
        found: The trade-off's figures.
        inference: Their intervals and test.
        p_adjusted: Of the test, for the family; None without a test.
        margin: Smallest difference that counts.

    References:
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach.
    """
    wide, narrow = inference.gap_interval, inference.gap_interval_90
    if wide is None or narrow is None:
        return Ruling("undecided", "a side has fewer than two clusters, so there is no interval")
    if -margin < narrow[0] and narrow[1] < margin:
        return Ruling("no deviation", f"the 90 % interval of R - S lies within ±{margin:g}")
    lacking = _lacking(found, inference, p_adjusted, margin)
    if lacking:
        return Ruling("undecided", lacking)
    test = "clusters do not vary, so nothing is tested" if inference.gap_flat else "the adjusted test rejects R = S"
    return Ruling("deviation", f"the 95 % interval of R - S lies beyond ±{margin:g} and {test}")


def _lacking(found: TradeOffResult, inference: Inference, p_adjusted: float | None, margin: float) -> str:
    """What a deviation lacks; empty if it lacks nothing."""
    wide = inference.gap_interval
    if wide is None or not (wide[0] > margin or wide[1] < -margin):
        return f"the 95 % interval of R - S reaches into ±{margin:g} and the 90 % interval out of it"
    if found.kl_below_floor:
        return "KL(R || S) is not above its numeric floor"
    if not inference.gap_flat and (p_adjusted is None or p_adjusted > ALPHA):
        return "the test of R = S, adjusted for the family, does not reject"
    return ""


def _claimed(
    found: TradeOffResult, p_adjusted: float | None, family: int, thresholds: Mapping[str, float]
) -> TradeOffResult:
    inference = found.inference
    if inference is None:
        return found
    ruling = judge(found, inference, p_adjusted, thresholds["margin"])
    direction = None if ruling.verdict == "no deviation" else found.direction
    ungated = Words(ruling.verdict, direction, ruling.verdict == "deviation" and _latent_agrees(found, inference))
    closed = bool(found.gates)
    claim = Claim(
        p_adjusted=p_adjusted,
        family=family,
        shift_of_preference=ungated.shift_of_preference and not closed,
        depends_on_form=bool(found.depends_on_form) and ruling.verdict == "deviation",
        reason=f"a gate is closed: {_names(found)}" if closed else ruling.reason,
        ungated=ungated,
        repeated=_repeated(found, inference, p_adjusted, thresholds),
    )
    return replace(
        found,
        claim=claim,
        verdict="not interpretable" if closed else ruling.verdict,
        direction=None if closed else direction,
    )


def _latent_agrees(found: TradeOffResult, inference: Inference) -> bool:
    interval = inference.latent_gap_interval
    if interval is None or found.gap is None:
        return False
    return interval[0] > 0 if found.gap > 0 else interval[1] < 0


def _names(found: TradeOffResult) -> str:
    return ", ".join(dict.fromkeys(f"{gate.gate} ({gate.side})" for gate in found.gates))


def _repeated(
    found: TradeOffResult, inference: Inference, p_adjusted: float | None, thresholds: Mapping[str, float]
) -> dict[str, Repeated]:
    """The verdict with each threshold that had a say at half and at twice, the others as they are."""
    used = {"margin"}.union(*(check.repeated for check in found.gates_checked))
    repeated: dict[str, Repeated] = {}
    for name in sorted(used):
        verdicts: list[Verdict] = []
        for column, factor in enumerate(repeated_at(name, thresholds[name])):
            margin = factor if name == "margin" else thresholds["margin"]
            closed = _any_closed(found.gates_checked, name, column)
            verdict = judge(found, inference, p_adjusted, margin).verdict
            verdicts.append("not interpretable" if closed else verdict)
        repeated[name] = Repeated(*verdicts)
    return repeated


def _any_closed(checks: Sequence[GateCheck], threshold: str, column: int) -> bool:
    return any(
        check.repeated[threshold][column] if threshold in check.repeated else check.state == "closed"
        for check in checks
    )
