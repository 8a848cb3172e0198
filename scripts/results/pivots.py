"""How often the preferred option pivots between two formats, from a table of readings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from probe.analysis.cells import Cells
from probe.analysis.formats import Formats
from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.weights import nested_weights

__all__ = ["ANY", "COIN", "Pivot", "by_family", "pivots"]

ANY = "any two formats"
"""Name of the rate over all pairs of formats."""

COIN = 0.5
"""What a model would show that tosses a coin for every prompt."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pivot:
    """How often two formats of one question have different preferred options.

    Attributes:
        rate: Share of pairs in which the two readings have opposite signs and both are beyond the numeric floor;
            pairs count equally in an item, items in their root question or scenario, and those in the mean.
        interval: 95 % t interval over root questions and scenarios, within 0 and 1; None below two.
        within: Share of pairs of which a reading is within the numeric floor: they count as not pivoted.
        pairs: Pairs of formats an item has.
        clusters: Number of root questions or scenarios.
    """

    rate: float
    interval: tuple[float, float] | None
    within: float
    pairs: int
    clusters: int


def pivots(cells: Cells, floor: float) -> dict[str, Pivot]:
    """The rate over pairs that differ in one axis alone, by axis, and over all pairs under `ANY`.

    Args:
        cells: One side, or all sides, of some trade-offs; items that have one format are left out.
        floor: Numeric floor of a log-odds, nats.
    """
    varied = cells.of_varied()
    if not varied.items:
        return {}
    found = {axis: _rate(varied, pairs, floor) for axis, pairs in pairs_by_axis(varied.formats).items()}
    every = list(itertools.combinations(range(len(varied.formats.variants)), 2))
    return {ANY: _rate(varied, every, floor), **found}


def pairs_by_axis(formats: Formats) -> dict[str, list[Pair]]:
    """Pairs of variants that differ in one axis alone.

    Example:
        Two axes of two levels make four variants, of which each axis tells two pairs apart.
    """
    points = list(itertools.product(*(range(size) for size in formats.shape)))
    found: dict[str, list[Pair]] = {axis: [] for axis in formats.varied}
    axes = list(formats.varied)
    for (one, first), (other, second) in itertools.combinations(enumerate(points), 2):
        differing = [axis for axis, a, b in zip(axes, first, second, strict=True) if a != b]
        if len(differing) == 1:
            found[differing[0]].append((one, other))
    return found


def by_family(cells: Cells, families: Mapping[str, str], floor: float) -> Iterator[tuple[str, Pivot]]:
    """The rate over all pairs of formats, by family of trade-offs."""
    for family in sorted(set(families.values())):
        rows = [row for row, item in enumerate(cells.items) if families.get(item.tradeoff) == family]
        found = pivots(cells.take(rows), floor)
        if found:
            yield family, found[ANY]


def _rate(cells: Cells, pairs: Sequence[Pair], floor: float) -> Pivot:
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    z = cells.z
    beyond = (np.abs(z[:, first]) > floor) & (np.abs(z[:, second]) > floor)
    turned = beyond & ((z[:, first] > 0) != (z[:, second] > 0))
    weights = nested_weights([item.cluster for item in cells.items])
    values = _by_cluster(cells, turned.mean(axis=1), weights)
    bounds = t_interval(values, equal_weights(len(values)))
    return Pivot(
        rate=float(values.mean()),
        interval=bounds and (max(0.0, bounds[0]), min(1.0, bounds[1])),
        within=float(weights @ (~beyond).mean(axis=1)),
        pairs=len(pairs),
        clusters=len(values),
    )


def _by_cluster(
    cells: Cells, rates: Float64[np.ndarray, " items"], weights: Float64[np.ndarray, " items"]
) -> Float64[np.ndarray, " clusters"]:
    names, where = np.unique([item.cluster for item in cells.items], return_inverse=True)
    total = np.bincount(where, weights=weights * rates, minlength=len(names))
    return np.asarray(total / np.bincount(where, weights=weights, minlength=len(names)))
