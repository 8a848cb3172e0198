"""What a side prefers over all items that could have been drawn: the truth that intervals are meant to cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from simulation.laws import normal
from simulation.layout import Planned, format_shifts, revealed_items, stated_items
from simulation.world import Revealed, Stated

__all__ = ["deployed_in_population", "with_deployed"]

Axes = Mapping[str, tuple[str, ...]]
Side = TypeVar("Side", Stated, Revealed)

QUANTILES = 2_001
"""Points of the midpoint rule over a law that is not normal."""

NODES = 61
"""Points of the Gauss-Hermite rule over what is normal."""


def deployed_in_population(side: Stated | Revealed, axes: Axes) -> float:
    """Mean p over clusters, items and formats; by quadrature, good to about 1e-5.

    Example:
        >>> from simulation.world import Root, Spread
        >>> alike = Stated(1.0, (Root(),), Spread(between=0.0, within=0.0))
        >>> round(deployed_in_population(alike, {}), 6)
        0.731059
    """
    values, weights = _mixture(side, axes)
    return float(weights @ expit(values))


def with_deployed(side: Side, deployed: float, axes: Axes) -> Side:
    """The same side with the content at which its population mean of p is `deployed`."""
    values, weights = _mixture(replace(side, content=0.0), axes)
    reach = float(np.abs(values).max()) + abs(float(logit(deployed))) + 1.0
    content = brentq(lambda c: float(weights @ expit(values + c)) - deployed, -reach, reach, xtol=1e-12)
    return replace(side, content=float(content))


def _mixture(side: Stated | Revealed, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds that a cell can have, with their probabilities."""
    spread = side.spread
    within = float(np.hypot(spread.within, side.formats.items))
    if spread.law is normal:
        between, inner, share = np.zeros(1), *_normal(float(np.hypot(spread.between, within)))
    else:
        points = (np.arange(QUANTILES) + 0.5) / QUANTILES
        between, inner, share = spread.between * spread.law(points), *_normal(within)
    fixed, chance = _fixed(side, axes)
    values = fixed[:, None, None] + between[:, None] + inner
    weights = chance[:, None, None] / len(between) * np.ones_like(between)[:, None] * share
    return values.reshape(-1), weights.reshape(-1)


def _normal(deviation: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of a normal distribution around 0 and their weights."""
    nodes, density = np.polynomial.hermite_e.hermegauss(NODES)
    return deviation * nodes, density / density.sum()


def _fixed(side: Stated | Revealed, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Fixed part of a cell's log-odds and its weight: equal ones are merged."""
    items = stated_items("t", side) if isinstance(side, Stated) else revealed_items("t", side)
    shifts = format_shifts(side.formats, axes)
    found: dict[float, float] = {}
    for item, weight in _item_weights([one for one in items if one.side != "bridge"]):
        for shift in shifts:
            value = round(item.shift + float(shift), 12)
            found[value] = found.get(value, 0.0) + weight / len(shifts)
    return np.array(list(found)), np.array(list(found.values()))


def _item_weights(items: Sequence[Planned]) -> list[tuple[Planned, float]]:
    """Items equal in their cluster, clusters equal in their form, forms equal in the side."""
    members = Counter(item.cluster for item in items)
    clusters = Counter(form for form, _ in {(item.form, item.cluster) for item in items})
    return [(item, 1 / members[item.cluster] / clusters[item.form] / len(clusters)) for item in items]
