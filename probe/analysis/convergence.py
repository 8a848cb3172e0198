"""How far two ways of reading answers order the same items alike: a correlation with an interval over clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import atanh, tanh

import numpy as np
from jaxtyping import Float64

from probe.analysis.cells import ItemRow
from probe.analysis.claim import Interval
from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.text_results import Convergence
from probe.analysis.weights import nested_weights

__all__ = ["convergence"]

_FEWEST = 3

Scores = Float64[np.ndarray, " items"]


def convergence(
    labels: Mapping[str, float], scores: Scores, items: Sequence[ItemRow], groups: Sequence[str]
) -> Convergence:
    """Correlation of two methods over the stated and revealed items that both have, centred within groups.

    Args:
        labels: Mean log-odds by label, by id of the item, nats.
        scores: Mean score of each of `items`.
        items: In the order of `scores`.
        groups: Of each item.
    """
    rows = [row for row, item in enumerate(items) if item.side in ("stated", "revealed") and item.id in labels]
    x, y = np.array([labels[items[row].id] for row in rows]), scores[rows]
    clusters, own = [items[row].cluster for row in rows], np.array([groups[row] for row in rows])
    names = sorted(set(clusters))
    whole = _correlation(x, y, clusters, own)
    return Convergence(whole, _jackknifed(whole, x, y, clusters, own), len(rows), len(names))


def _correlation(
    x: Scores, y: Scores, clusters: Sequence[str], groups: np.ndarray, without: str | None = None
) -> float | None:
    kept = np.array([cluster != without for cluster in clusters], dtype=bool)
    if not kept.any():
        return None
    x, y, own = x[kept], y[kept], groups[kept]
    weights = nested_weights([cluster for cluster in clusters if cluster != without])
    a, b = (_centred(values, weights, own) for values in (x, y))
    size = float(np.sqrt((weights @ a**2) * (weights @ b**2)))
    return float(np.clip(weights @ (a * b) / size, -1, 1)) if size > 1e-12 else None


def _centred(values: Scores, weights: Scores, groups: np.ndarray) -> Scores:
    found = values.astype(np.float64)
    for group in np.unique(groups):
        own = groups == group
        found[own] -= np.average(values[own], weights=weights[own])
    return found


def _jackknifed(
    whole: float | None, x: Scores, y: Scores, clusters: Sequence[str], groups: np.ndarray
) -> Interval | None:
    """Interval over clusters, by a jackknife of atanh of the correlation; None below three or where it is +-1."""
    names = sorted(set(clusters))
    without = [_correlation(x, y, clusters, groups, name) for name in names]
    known = [value for value in (whole, *without) if value is not None and abs(value) < 1 - 1e-12]
    n = len(names)
    if n < _FEWEST or len(known) <= n:
        return None
    centre = atanh(known[0])
    bounds = t_interval(n * centre - (n - 1) * np.arctanh(known[1:]), equal_weights(n))
    if bounds is None:
        return None
    half = (bounds[1] - bounds[0]) / 2
    return tanh(centre - half), tanh(centre + half)
