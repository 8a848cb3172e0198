"""Average marginal component effects of the Moral Machine's nine attributes, from the chance that a group is spared.

References:
    Hainmueller, Hopkins and Yamamoto (2014), Causal inference in conjoint analysis. Weights and contrasts are those of
    the Moral Machine experiment's supplement (Awad et al. 2018), which arXiv 2601.17637 takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from replications.mm_design import Group, Scenario

__all__ = ["ATTRIBUTES", "Effect", "effects"]


@dataclass(frozen=True, slots=True)
class _Row:
    """One group of one scenario."""

    scenario: int
    dimension: str
    both_cross: bool
    group: Group
    spared: float


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect on the chance to be spared.

    Attributes:
        value: Weighted mean of the better level less that of the other.
        half: Half of a 95 % interval over scenarios drawn like these.
        rows: Groups that it is computed from.
    """

    value: float
    half: float
    rows: int


_SIGNALS = {"none": 0.48, "green": 0.2, "red": 0.32}
_TURNED = {"none": 0.48, "green": 0.32, "red": 0.2}


def _weight(row: _Row) -> float:
    """One over the published probability of a row's structure."""
    group = row.group
    if group.inside:
        return 1 / (0.32 if group.swerving else 0.2)
    if row.both_cross:
        return 1 / (0.48 * (_TURNED if group.swerving else _SIGNALS)[group.signal])
    return 1 / ((0.2 if group.swerving else 0.32) * _SIGNALS[group.signal])


def _of(dimension: str, better: str) -> tuple[Callable[[_Row], bool], Callable[[_Row], bool]]:
    return (lambda row: row.dimension == dimension), (lambda row: row.group.level == better)


ATTRIBUTES: dict[str, tuple[Callable[[_Row], bool], Callable[[_Row], bool]]] = {
    "Species": _of("species", "human"),
    "No. Characters": _of("number", "more"),
    "Age": _of("age", "younger"),
    "Law": (lambda row: row.both_cross and row.group.signal != "none", lambda row: row.group.signal == "green"),
    "Social Status": _of("social value", "higher"),
    "Fitness": _of("fitness", "higher"),
    "Gender": _of("gender", "female"),
    "Relation to AV": (
        lambda row: not row.both_cross and row.group.signal == "none",
        lambda row: not row.group.inside,
    ),
    "Intervention": (lambda _: True, lambda row: row.group.swerving),
}
"""Which rows an effect is computed from, and which of them have the level that counts as positive."""


def effects(scenarios: Sequence[Scenario], second_dies: Sequence[float]) -> dict[str, Effect]:
    """Effects of all nine attributes.

    Args:
        scenarios: What was asked.
        second_dies: Of each scenario, the probability that the case is chosen in which the second group dies, which is
            the chance of the first group to be spared.
    """
    rows = []
    for n, (one, p) in enumerate(zip(scenarios, second_dies, strict=True)):
        both = not one.first.inside
        rows.append(_Row(n, one.dimension, both, one.first, float(p)))
        rows.append(_Row(n, one.dimension, both, one.second, 1.0 - float(p)))
    return {name: _effect([row for row in rows if taken(row)], better) for name, (taken, better) in ATTRIBUTES.items()}


def _effect(rows: Sequence[_Row], better: Callable[[_Row], bool]) -> Effect:
    weight = np.array([_weight(row) for row in rows])
    spared = np.array([row.spared for row in rows])
    high = np.array([better(row) for row in rows])
    means = [float(np.average(spared[part], weights=weight[part])) for part in (high, ~high)]
    pull = np.where(high, spared - means[0], means[1] - spared) * weight
    pull /= np.where(high, weight[high].sum(), weight[~high].sum())
    per_scenario = np.bincount([row.scenario for row in rows], weights=pull)
    return Effect(means[0] - means[1], 1.96 * float(np.sqrt((per_scenario**2).sum())), len(rows))
