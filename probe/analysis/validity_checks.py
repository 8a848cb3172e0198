"""Conditions without which a figure is not to be claimed from; a failed validity check hides no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float64

from probe.analysis.claim import CheckState, ValidityCheck
from probe.analysis.results import ControlResult, FailedCheck
from probe.analysis.weights import cell_weights

__all__ = [
    "THRESHOLDS",
    "WrittenAgreement",
    "agreement_checks",
    "control_checks",
    "control_passes",
    "failed_checks",
    "guessing_check",
    "known_answer_check",
    "low_percentile",
    "mass_checks",
    "mean_mass",
    "neutral_check",
    "numeric_check",
    "repeated_at",
]

THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "option_mass_mean": 0.5,
        "option_mass_p10": 0.1,
        "option_mass_difference": 0.25,
        "dominated": 0.9,
        "fact": 0.9,
        "equivalent": 0.8,
        "sound_probability": 0.8,
        "even_log_odds": 0.5,
        "written_agreement": 0.9,
        "margin": 0.05,
        "not_neutral": 0.1,
    }
)
"""What is asked, fixed before reading: differences, log-odds and the margin at most, all else at least so much.

`sound_probability` and `even_log_odds` decide whether a single control passes, `margin` is that of R - S.
"""

AT_MOST = frozenset({"option_mass_difference", "even_log_odds", "margin", "p_if_guessing"})

WRITTEN_CELLS = 100
"""Below so many cells with written answers, agreement counts as not measured."""

Masses = tuple[np.ndarray, np.ndarray]
"""Option mass, items x variants, and the weights of the items."""


@dataclass(frozen=True, slots=True)
class WrittenAgreement:
    """Share of cells of one side in which the written answer is the option that the reading favours."""

    share: float
    cells: int


def repeated_at(name: str, threshold: float) -> tuple[float, float]:
    """Half and twice a threshold; a share cannot be asked to exceed 1, so there what may lack is halved instead.

    Example:
        >>> repeated_at("option_mass_difference", 0.25)
        (0.125, 0.5)
        >>> repeated_at("option_mass_mean", 0.5)
        (0.25, 0.75)
    """
    twice = 2 * threshold
    return threshold / 2, twice if name in AT_MOST or twice < 1 else (1 + threshold) / 2


def mean_mass(mass: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> float:
    """Weighted mean option mass: how much of the next token is an answer at all."""
    return float(weights @ mass.mean(axis=1))


def low_percentile(
    mass: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], share: float = 0.1
) -> float:
    """Least mass that at least `share` of the weight does not exceed.

    Example:
        >>> low_percentile(np.array([[0.2, 0.9, 0.9, 0.9]]), np.ones(1))
        0.2
    """
    order = np.argsort(mass, axis=None)
    reached = np.cumsum(cell_weights(weights, mass.shape[1]).flat[order])
    # A sum of many small weights may fall short of the share by rounding.
    index = int(np.searchsorted(reached, share - 1e-12))
    return float(mass.flat[order[min(index, len(order) - 1)]])


def mass_checks(
    stated: Masses | None, revealed: Masses | None, thresholds: Mapping[str, float]
) -> tuple[ValidityCheck, ...]:
    """The gates on option mass; a side that is absent has none."""
    found: list[ValidityCheck] = []
    means: list[float] = []
    for side, masses in (("stated", stated), ("revealed", revealed)):
        if masses is None:
            continue
        means.append(mean_mass(*masses))
        found.append(_check("option_mass_mean", side, means[-1], thresholds))
        found.append(_check("option_mass_p10", side, low_percentile(*masses), thresholds))
    if len(means) == 2:
        found.append(_check("option_mass_difference", "both", abs(means[0] - means[1]), thresholds))
    return tuple(found)


def neutral_check(side: str, not_neutral: float, thresholds: Mapping[str, float]) -> ValidityCheck:
    """The gate on a side with a neutral option: closed if too little is left to distinguish the principles by.

    Args:
        side: Which.
        not_neutral: Probability that one of the two principles is chosen, given that any option is.
        thresholds: What is asked.
    """
    return _check("not_neutral", side, not_neutral, thresholds)


def control_passes(kind: str, value: float, thresholds: Mapping[str, float]) -> bool:
    """Whether a control is as it should be.

    Args:
        kind: ``equivalent``, or a kind with a sound option.
        value: |mean z| of an equivalent control, else the mean p of the sound option.
        thresholds: What is asked.
    """
    if kind == "equivalent":
        return value <= thresholds["even_log_odds"]
    return value >= thresholds["sound_probability"]


def guessing_check(p: float, limit: float) -> tuple[ValidityCheck, ...]:
    """The gate of a model of which no way of reading answers knows more than a guess would; it is closed.

    Args:
        p: p-value of its known answers under guessing.
        limit: What it would have to be.
    """
    return (ValidityCheck("p_if_guessing", "control", p, limit, "closed", {}),)


def known_answer_check(kind: str, right: Sequence[bool], thresholds: Mapping[str, float]) -> ValidityCheck:
    """The gate on controls of one kind with one right answer, by a reading that has signs alone."""
    if not right:
        return _check(kind, "control", None, thresholds)
    return replace(_check(kind, "control", sum(right) / len(right), thresholds), items=len(right))


def control_checks(controls: Mapping[str, ControlResult], thresholds: Mapping[str, float]) -> tuple[ValidityCheck, ...]:
    """The gates on a model's controls; they hold for every trade-off of the model."""
    return tuple(_control_check(kind, controls.get(kind), thresholds) for kind in ("dominated", "fact", "equivalent"))


def agreement_checks(
    agreement: Mapping[str, WrittenAgreement], thresholds: Mapping[str, float]
) -> tuple[ValidityCheck, ...]:
    """The gates on agreement with written answers, by side; below 100 cells they count as not measured."""
    found = []
    for side in ("stated", "revealed"):
        own = agreement.get(side)
        enough = own is not None and own.cells >= WRITTEN_CELLS
        found.append(_check("written_agreement", side, own.share if own and enough else None, thresholds))
    return tuple(found)


def numeric_check(error: float, thresholds: Mapping[str, float]) -> ValidityCheck:
    """The gate on rounding: closed if it alone could carry R - S across the margin.

    Args:
        error: How far rounding can move R - S.
        thresholds: What is asked.
    """
    margin = thresholds["margin"]
    half, twice = repeated_at("margin", margin)
    state: CheckState = "closed" if error > margin else "open"
    return ValidityCheck("numeric_error", "both", error, margin, state, {"margin": (error > half, error > twice)})


def failed_checks(checks: Sequence[ValidityCheck]) -> tuple[FailedCheck, ...]:
    """Those that are closed."""
    return tuple(
        FailedCheck(check.gate, check.side, check.value, check.threshold, check.items)
        for check in checks
        if check.state == "closed" and check.value is not None
    )


def _misses(name: str, value: float, threshold: float) -> bool:
    return value > threshold if name in AT_MOST else value < threshold


def _check(gate: str, side: str, value: float | None, thresholds: Mapping[str, float]) -> ValidityCheck:
    asked = thresholds[gate]
    if value is None:
        return ValidityCheck(gate, side, None, asked, "not measured", {})
    half, twice = (_misses(gate, value, other) for other in repeated_at(gate, asked))
    state: CheckState = "closed" if _misses(gate, value, asked) else "open"
    return ValidityCheck(gate, side, value, asked, state, {gate: (half, twice)})


def _control_check(kind: str, found: ControlResult | None, thresholds: Mapping[str, float]) -> ValidityCheck:
    if found is None or found.passed is None:
        return _check(kind, "control", None, thresholds)
    plain = _check(kind, "control", found.passed, thresholds)
    single = "even_log_odds" if kind == "equivalent" else "sound_probability"
    half, twice = (
        _misses(kind, _passed(kind, found, {**thresholds, single: other}), thresholds[kind])
        for other in repeated_at(single, thresholds[single])
    )
    repeated = {**plain.repeated, single: (half, twice)}
    return replace(plain, repeated=repeated, items=len(found.by_item))


def _passed(kind: str, found: ControlResult, thresholds: Mapping[str, float]) -> float:
    values = found.by_item.values()
    return sum(control_passes(kind, value, thresholds) for value in values) / len(values)
