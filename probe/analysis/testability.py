"""Before anything is read: whether tests can reject, how large a gap they find, whether "no deviation" can be had.

The decision is that of the claims where formats do nothing (then D and C are one): Welch intervals on cluster means,
the margin, and the test at the first step of Holm's procedure, its p-value by Welch's t and never below the least that
the arrangements allow. Items are normal in log-odds, equally spread on both sides. The draws are seeded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float64
from scipy.special import expit, stdtr, stdtrit

from probe.analysis.permutation import ALPHA, SEED, least_p
from probe.analysis.validity_checks import THRESHOLDS

__all__ = ["POWER", "SPREADS", "Outlook", "Reach", "clusters_needed", "outlook", "rates", "reach"]

SPREADS = (0.25, 0.5, 1.0, 1.5)
"""Standard deviations of items' log-odds for which a plan says what would be found."""

POWER = 0.8
"""A gap counts as found from this share of studies on."""

DRAWS = 2000
"""Simulated studies for each figure: a rate of .8 is known to about .01."""

_STEPS = 16
_FURTHEST = 8.0
"""Log-odds beyond which nothing is looked for: a probability of .9997."""

Sets = Float64[np.ndarray, " sets"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether a trade-off's test can reject.

    Attributes:
        roots: Clusters of the stated side.
        scenarios: Clusters of the revealed side.
        family: Number of tests planned.
        least: Least p-value by itself; None where a side has fewer than two clusters.
        testable: Whether that many times the family is at most alpha.
    """

    roots: int
    scenarios: int
    family: int
    least: float | None
    testable: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """What a testable trade-off can find at one spread of items.

    Attributes:
        spread: Standard deviation of items' log-odds.
        gap: Smallest |R - S| found with power .8, the sides on either side of one half; None where none is.
        same_from: Where the sides are equal: the least mean probability (or one minus it) from which on "no deviation"
            is had with power .8; None where it is out of reach.
    """

    spread: float
    gap: float | None
    same_from: float | None


@dataclass(frozen=True, slots=True)
class _Side:
    mean: Sets
    square: Sets
    df: int

    def within(self, centre: float, half: float, level: float) -> Bool[np.ndarray, " sets"]:
        """Whether the t interval of the mean lies within these bounds."""
        reach = stdtrit(self.df, (1 + level) / 2) * np.sqrt(self.square)
        return np.asarray((self.mean - reach > centre - half) & (self.mean + reach < centre + half))


def outlook(roots: int, scenarios: int, family: int) -> Outlook:
    """Whether the test of a trade-off with so many clusters can reject in a family of this size.

    Example:
        >>> outlook(3, 3, 1).testable, outlook(6, 6, 30).testable, outlook(6, 7, 30).testable
        (False, False, True)
    """
    if min(roots, scenarios) < 2:
        return Outlook(roots, scenarios, family, None, testable=False)
    least = least_p(scenarios, roots, family)
    return Outlook(roots, scenarios, family, least, testable=family * least <= ALPHA)


def clusters_needed(roots: int, scenarios: int, family: int) -> tuple[int, int]:
    """How many root questions and scenarios would do: one at a time is added to the side that has fewer.

    Example:
        >>> clusters_needed(2, 2, 1), clusters_needed(3, 12, 30), clusters_needed(6, 6, 30)
        ((4, 3), (4, 12), (7, 6))
    """
    while not outlook(roots, scenarios, family).testable:
        roots, scenarios = (roots + 1, scenarios) if roots <= scenarios else (roots, scenarios + 1)
    return roots, scenarios


def reach(found: Outlook, spread: float) -> Reach:
    """What such a trade-off can find if its items are spread like this."""
    if not found.testable:
        return Reach(spread, None, None)
    distance = _least(lambda d: rates(found, spread, -d / 2, d / 2)[0], 2 * _FURTHEST)
    level = _least(lambda z: rates(found, spread, z, z)[1], _FURTHEST)
    gap = None if distance is None else _expected(distance / 2, spread) - _expected(-distance / 2, spread)
    return Reach(spread, gap, None if level is None else _expected(level, spread))


def rates(found: Outlook, spread: float, stated: float, revealed: float) -> tuple[float, float]:
    """Shares of studies with the words "deviation" and "no deviation".

    Args:
        found: Numbers of clusters and family.
        spread: Standard deviation of items' log-odds on both sides.
        stated: Mean log-odds of the stated side.
        revealed: Mean log-odds of the revealed side.
    """
    margin = THRESHOLDS["margin"]
    s = _side(_normals(found.roots, 0), stated, spread)
    r = _side(_normals(found.scenarios, 1), revealed, spread)
    gap, square = r.mean - s.mean, r.square + s.square
    error, df = np.sqrt(square), square**2 / (r.square**2 / r.df + s.square**2 / s.df)
    p = np.maximum(2 * stdtr(df, -np.abs(gap) / error), found.least or 1.0)
    beyond = np.abs(gap) - stdtrit(df, 0.975) * error > margin
    deviation = beyond & (found.family * p <= ALPHA)
    half = stdtrit(df, 0.95) * error
    same = (gap - half > -margin) & (gap + half < margin)
    flat = s.within(0.5, margin, 0.9) & r.within(0.5, margin, 0.9)
    return float(deviation.mean()), float((same & ~flat & ~deviation).mean())


def _side(normals: Float64[np.ndarray, "sets clusters"], mean: float, spread: float) -> _Side:
    p = expit(mean + spread * normals)
    return _Side(p.mean(axis=1), p.var(axis=1, ddof=1) / p.shape[1], p.shape[1] - 1)


@cache
def _normals(clusters: int, side: int) -> Float64[np.ndarray, "sets clusters"]:
    return np.random.default_rng([SEED, side, clusters]).standard_normal((DRAWS, clusters))


def _expected(mean: float, spread: float) -> float:
    """Mean probability of items with these log-odds, by Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    return float(weights @ expit(mean + spread * nodes) / weights.sum())


def _least(power: Callable[[float], float], furthest: float) -> float | None:
    """Least argument with power .8, by halving: power grows with it; None where the furthest has not enough."""
    low, high = 0.0, furthest
    if power(high) < POWER:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high
