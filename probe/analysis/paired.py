"""Two conditions on the same items: a model and another, two sizes, precisions, formats, system texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from probe.analysis.cells import Cells
from probe.analysis.claim import Interval
from probe.analysis.intervals import DIFFERENCE, mean_estimate, welch
from probe.analysis.neutral_grids import NeutralGrids
from probe.analysis.preference import Clusters, cluster_values
from probe.analysis.weights import revealed_weights, stated_weights

__all__ = ["Difference", "PairedTradeOff", "paired_difference"]

_CHANGE_OF_GAP: Interval = (-2.0, 2.0)


@dataclass(frozen=True, slots=True)
class Difference:
    """Second condition minus first, on deployed preferences of the items that both have.

    Attributes:
        first: The first condition's value.
        second: The second condition's value.
        value: The difference.
        interval: 95 % t interval over clusters, each paired with itself; None below two clusters.
        clusters: Root questions, scenarios, or both for the gap.
    """

    first: float
    second: float
    value: float
    interval: Interval | None
    clusters: int


@dataclass(frozen=True, slots=True)
class PairedTradeOff:
    """Differences of one trade-off between two conditions.

    Attributes:
        stated: Of the stated preference S; None where the conditions share no stated item.
        revealed: Of the revealed preference R.
        gap: Of R - S.
        items: Items that both conditions have, on both sides.
        unpaired: Items that only one of them has; they are left out.
    """

    stated: Difference | None
    revealed: Difference | None
    gap: Difference | None
    items: int
    unpaired: int


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Cluster means of p of one side: first and second condition, and the weights that both share."""

    first: Float64[np.ndarray, " clusters"]
    second: Float64[np.ndarray, " clusters"]
    weights: Float64[np.ndarray, " clusters"]

    @property
    def change(self) -> Float64[np.ndarray, " clusters"]:
        return np.asarray(self.second - self.first)


def paired_difference(first: Cells | NeutralGrids, second: Cells | NeutralGrids) -> PairedTradeOff:
    """What changes from one condition to the other, paired by item and weighted as within one condition.

    The formats need not be the same: an item counts with its mean over the formats it was asked in.

    Args:
        first: Cells of one trade-off under the first condition, all sides.
        second: The same trade-off under the second.
    """
    sides = {side: _pairs(first.of_side(side), second.of_side(side), side) for side in ("stated", "revealed")}
    stated, revealed = sides["stated"], sides["revealed"]
    ids = [{item.id for item in cells.items if item.side in sides} for cells in (first, second)]
    return PairedTradeOff(
        stated=None if stated is None else _difference(stated),
        revealed=None if revealed is None else _difference(revealed),
        gap=None if stated is None or revealed is None else _gap(stated, revealed),
        items=len(ids[0] & ids[1]),
        unpaired=len(ids[0] ^ ids[1]),
    )


def _pairs(first: Cells, second: Cells, side: str) -> _Pairs | None:
    shared = {item.id for item in first.items} & {item.id for item in second.items}
    if not shared:
        return None
    one, two = (_clusters(cells, shared, side) for cells in (first, second))
    return _Pairs(one.p, two.p, one.weights)


def _clusters(cells: Cells, shared: set[str], side: str) -> Clusters:
    own = cells.take([row for row, item in enumerate(cells.items) if item.id in shared])
    forms, clusters = [item.form for item in own.items], [item.cluster for item in own.items]
    weights = stated_weights(forms, clusters) if side == "stated" else revealed_weights(clusters)
    return cluster_values(own.z, weights, clusters, forms)


def _difference(pairs: _Pairs) -> Difference:
    values = [float(pairs.weights @ part) for part in (pairs.first, pairs.second)]
    there = len(pairs.weights) > 1
    interval = mean_estimate(pairs.change, pairs.weights).ends(within=DIFFERENCE) if there else None
    return Difference(values[0], values[1], values[1] - values[0], interval, len(pairs.weights))


def _gap(stated: _Pairs, revealed: _Pairs) -> Difference:
    values = [
        float(revealed.weights @ r - stated.weights @ s)
        for r, s in ((revealed.first, stated.first), (revealed.second, stated.second))
    ]
    there = min(len(stated.weights), len(revealed.weights)) > 1
    change = welch(revealed.change, stated.change, revealed.weights, stated.weights) if there else None
    interval = None if change is None else change.ends(within=_CHANGE_OF_GAP)
    return Difference(
        values[0], values[1], values[1] - values[0], interval, len(stated.weights) + len(revealed.weights)
    )
