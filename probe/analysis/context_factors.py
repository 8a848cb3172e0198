"""Which context factor turns the choice: within scenarios, on the mean over formats of each cell."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.cells import ItemRow
from probe.analysis.context import ENOUGH
from probe.analysis.effects import FactorResult, PooledFactor, PredictedEffect
from probe.analysis.flips import NEAR_EVEN
from probe.analysis.intervals import t_interval
from probe.analysis.preference import deployed_log_odds
from probe.analysis.shapley import shapley_values, subset_information

__all__ = ["factor_results", "pool_factors"]

Predictions = Mapping[str, Mapping[str, Sequence[str]]]
"""By factor, the principle towards which the choice moves with the factor's levels in that order."""


@dataclass(frozen=True, slots=True)
class _Scenario:
    """A scenario of which every cell is there; arrays have one dimension per factor.

    Attributes:
        levels: Of each factor that it crosses, in the order of the dimensions.
        odds: Log-odds of the mean of p over formats, nats.
        z: Mean of z over formats, nats.
    """

    levels: dict[str, tuple[str, ...]]
    odds: Float64[np.ndarray, "*factors"]
    z: Float64[np.ndarray, "*factors"]

    def by_level(self, values: Float64[np.ndarray, "*factors"], factor: str) -> dict[str, float]:
        """Mean of `values` at each level of `factor`."""
        at = list(self.levels).index(factor)
        means = values.mean(axis=tuple(d for d in range(values.ndim) if d != at))
        return dict(zip(self.levels[factor], map(float, means), strict=True))


def factor_results(
    items: Sequence[ItemRow],
    z: Float64[np.ndarray, "items variants"],
    delta: float,
    p1: str,
    predicts: Predictions,
) -> dict[str, FactorResult]:
    """What each context factor of one trade-off does, by name.

    A scenario of which some cells are absent is left out: its levels would differ in other factors too.

    Args:
        items: The revealed items.
        z: Their log-odds towards `p1`, nats.
        delta: Numeric floor of a log-odds, nats.
        p1: The first principle.
        predicts: What the trade-off's file predicts.
    """
    scenarios = _complete(items, z)
    shares = [_information(scenario) for scenario in scenarios]
    found = {}
    for factor in sorted({name for scenario in scenarios for name in scenario.levels}):
        own = [scenario for scenario in scenarios if factor in scenario.levels]
        found[factor] = FactorResult(
            scenarios=len(own),
            information=sum((share.get(factor, 0.0) for share in shares), 0.0) / len(scenarios),
            turns=float(np.mean([_reversal(scenario, factor, delta) for scenario in own])),
            p_size=_size([s.by_level(expit(s.odds), factor) for s in own]),
            z_size=_size([s.by_level(s.z, factor) for s in own]),
            predicted=_predicted(own, factor, p1, predicts.get(factor, {})),
        )
    return found


def _complete(items: Sequence[ItemRow], z: Float64[np.ndarray, "items variants"]) -> list[_Scenario]:
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item.cluster, []).append(row)
    laid = (_lay([dict(items[row].context) for row in own], z[own]) for _, own in sorted(rows.items()))
    return [scenario for scenario in laid if scenario is not None]


def _lay(contexts: Sequence[dict[str, str]], z: Float64[np.ndarray, "cells variants"]) -> _Scenario | None:
    seen: dict[str, set[str]] = {}
    for context in contexts:
        for factor, level in context.items():
            seen.setdefault(factor, set()).add(level)
    levels = {factor: tuple(sorted(own)) for factor, own in sorted(seen.items()) if len(own) > 1}
    row_of = {tuple(context.get(factor, "") for factor in levels): row for row, context in enumerate(contexts)}
    points = list(itertools.product(*levels.values()))
    if len(contexts) != len(points) or any(point not in row_of for point in points):
        return None
    ordered = z[[row_of[point] for point in points]]
    shape = tuple(len(own) for own in levels.values())
    odds = np.array([deployed_log_odds(cell[None], np.ones(1)) for cell in ordered])
    return _Scenario(levels, odds.reshape(shape), ordered.mean(axis=1).reshape(shape))


def _information(scenario: _Scenario) -> dict[str, float]:
    """Shapley values of the factors in I(choice; context) of one scenario, nats."""
    return shapley_values(list(scenario.levels), subset_information(scenario.odds[None], np.ones(1)))


def _reversal(scenario: _Scenario, factor: str, delta: float) -> float:
    at = list(scenario.levels).index(factor)
    odds = np.moveaxis(scenario.odds, at, 0).reshape(scenario.odds.shape[at], -1)
    counts = (np.abs(expit(odds) - 0.5) > NEAR_EVEN) & (np.abs(odds) > delta)
    plus, minus = (counts & (odds > 0)).sum(axis=0), (counts & (odds < 0)).sum(axis=0)
    levels = len(odds)
    return float((plus * minus).mean() / (levels * (levels - 1) / 2))


def _size(by_level: Sequence[dict[str, float]]) -> float:
    return float(np.mean([max(means.values()) - min(means.values()) for means in by_level]))


def _predicted(
    own: Sequence[_Scenario], factor: str, p1: str, prediction: Mapping[str, Sequence[str]]
) -> PredictedEffect | None:
    for towards, order in prediction.items():
        first, last = order[0], order[-1]
        carried = [s for s in own if {first, last} <= set(s.levels[factor])]
        if not carried:
            return None
        sign = 1.0 if towards == p1 else -1.0
        pairs = []
        for scenario in carried:
            on_p, on_z = (scenario.by_level(v, factor) for v in (expit(scenario.odds), scenario.z))
            pairs.append((sign * (on_p[last] - on_p[first]), sign * (on_z[last] - on_z[first])))
        p, z = np.array(pairs).T
        return PredictedEffect(
            towards=towards,
            first=first,
            last=last,
            scenarios=len(carried),
            p=float(p.mean()),
            z=float(z.mean()),
            p_range=(float(p.min()), float(p.max())),
            z_range=(float(z.min()), float(z.max())),
            p_interval=_interval(p),
            z_interval=_interval(z),
        )
    return None


def _interval(values: Float64[np.ndarray, " units"]) -> tuple[float, float] | None:
    return t_interval(values, np.full(len(values), 1 / len(values))) if len(values) >= ENOUGH else None


def pool_factors(found: Sequence[Mapping[str, FactorResult]]) -> dict[str, PooledFactor]:
    """Each factor over trade-offs, every trade-off counting equally.

    Args:
        found: The factors of each trade-off that may enter.
    """
    pooled = {}
    for factor in sorted({name for own in found for name in own}):
        results = [own[factor] for own in found if factor in own]
        predicted = np.array([r.predicted.z for r in results if r.predicted is not None])
        any_predicted = len(predicted) > 0
        pooled[factor] = PooledFactor(
            tradeoffs=len(results),
            p_size=float(np.mean([r.p_size for r in results])),
            z_size=float(np.mean([r.z_size for r in results])),
            turns=float(np.mean([r.turns for r in results])),
            predicted_tradeoffs=len(predicted),
            predicted_z=float(predicted.mean()) if any_predicted else None,
            predicted_z_range=(float(predicted.min()), float(predicted.max())) if any_predicted else None,
            predicted_z_interval=_interval(predicted) if any_predicted else None,
        )
    return pooled
