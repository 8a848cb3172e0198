"""The choice over doses: an exact curve, its point of indifference, its slope, and where it goes the wrong way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from scipy.special import expit

from probe.analysis.cells import Cells
from probe.analysis.results import DoseCurve, DosePoint
from probe.store.facts import TradeOffFacts

__all__ = ["crossings", "dose_curve", "dose_curves"]


def dose_curves(cells: Cells, facts: TradeOffFacts, stated: float | None, delta: float) -> tuple[DoseCurve, ...]:
    """The curve of every factor of a trade-off's scenarios that is marked with doses and was read at all of them.

    Args:
        cells: Its revealed items.
        facts: Its principles, doses and predictions.
        stated: The stated preference S; None without a stated side.
        delta: Numeric floor of a log-odds, nats.
    """
    return tuple(
        dose_curve(scenario, factor, points, _towards(factor, doses, facts), facts.p1, stated, delta)
        for scenario, factors in sorted(facts.doses.items())
        for factor, doses in factors.items()
        if len(points := list(_points(cells, scenario, factor, doses))) == len(doses)
    )


def dose_curve(
    scenario: str,
    factor: str,
    points: Sequence[DosePoint],
    towards: str | None,
    p1: str,
    stated: float | None,
    delta: float,
) -> DoseCurve:
    """What a curve shows.

    Args:
        scenario: ``tradeoff/id``.
        factor: The factor whose levels are doses.
        points: By dose, upwards.
        towards: The principle that a larger dose favours by prediction; None without one.
        p1: The first principle.
        stated: The stated preference S; None without a stated side.
        delta: Numeric floor of a log-odds, nats.
    """
    doses = [point.dose for point in points]
    z, p = np.array([point.z for point in points]), np.array([point.p for point in points])
    slope = float(np.polyfit(np.arange(len(points)), z, 1)[0])
    way = np.sign(slope) if towards is None else 1.0 if towards == p1 else -1.0
    even = crossings(doses, z.tolist())
    same = () if stated is None else crossings(doses, (p - stated).tolist())
    return DoseCurve(
        scenario=scenario,
        factor=factor,
        towards=towards,
        points=tuple(points),
        indifference=even[0] if len(even) == 1 else None,
        crossings=len(even),
        slope=slope,
        violations=int((way * np.diff(z) < -delta).sum()),
        equals_stated=same[0] if len(same) == 1 else None,
    )


def crossings(doses: Sequence[float], values: Sequence[float]) -> tuple[float, ...]:
    """The doses at which values, interpolated linearly between neighbouring doses, are 0.

    Example:
        >>> crossings([1.0, 2.0, 4.0], [-1.0, 1.0, 3.0]), crossings([1.0, 2.0], [0.5, 0.1])
        ((1.5,), ())
    """
    found = [dose for dose, value in zip(doses, values, strict=True) if value == 0]
    for (dose, after), (value, next_value) in zip(pairwise(doses), pairwise(values), strict=True):
        if value * next_value < 0:
            found.append(dose + (after - dose) * value / (value - next_value))
    return tuple(sorted(found))


def _points(cells: Cells, scenario: str, factor: str, doses: Mapping[str, float]) -> Iterator[DosePoint]:
    for level, dose in sorted(doses.items(), key=lambda pair: pair[1]):
        rows = [
            row
            for row, item in enumerate(cells.items)
            if item.cluster == scenario and dict(item.context)[factor] == level
        ]
        if rows:
            z = cells.z[rows]
            yield DosePoint(level, dose, float(expit(z).mean()), float(z.mean()))


def _towards(factor: str, doses: Mapping[str, float], facts: TradeOffFacts) -> str | None:
    """The principle that a larger dose favours: a file may predict in the order of falling doses."""
    for principle, order in facts.predicts.get(factor, {}).items():
        if doses[order[0]] < doses[order[-1]]:
            return principle
        return facts.p2 if principle == facts.p1 else facts.p1
    return None
