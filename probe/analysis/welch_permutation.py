"""Welch's t test of every way to deal clusters over two sides: which ways are as extreme as the observed one.

Ways differ in their degrees of freedom, so they are ranked by the t test's p-value and not by |t|.

References:
    Beran (1988), Prepivoting test statistics: a bootstrap view of asymptotic refinements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int8
from scipy.special import stdtr, stdtrit

__all__ = ["Dealt", "Sides", "deal", "larger", "reached", "scaled"]

TIE = 1e-9
"""Statistics closer than this share of the observed one are the same number, computed in another order."""

ROUNDING = 1e-14
"""Squared errors are sums of terms up to 1 in size, and this far from exact at most."""

FLAT = 1e-13
"""A variance below this share of the largest squared deviation is rounding."""

Each = Float64[np.ndarray, "arrangements sets"]


@dataclass(frozen=True, slots=True)
class Sides:
    """Weights of the places of either side, at least two each; they add up to 1."""

    revealed: Float64[np.ndarray, " units"]
    stated: Float64[np.ndarray, " others"]

    @property
    def fewest(self) -> float:
        """Least degrees of freedom that an arrangement can have: all variance on the smaller side."""
        return min(len(self.revealed), len(self.stated)) - 1.0

    @property
    def most(self) -> float:
        """Most degrees of freedom that an arrangement can have."""
        return len(self.revealed) + len(self.stated) - 2.0


@dataclass(frozen=True, slots=True)
class Dealt:
    """Welch's t, squared, its squared error and its degrees of freedom, of each arrangement and data set."""

    square: Each
    error: Each
    df: Each


def scaled(values: Float64[np.ndarray, "sets clusters"]) -> Float64[np.ndarray, "clusters sets"]:
    """Deviations from each data set's mean, the largest being 1, so that rounding has one size."""
    centred = values - values.mean(axis=1, keepdims=True)
    largest = np.abs(centred).max(axis=1, keepdims=True)
    return np.ascontiguousarray((centred / np.where(largest > 0, largest, 1.0)).T)


def deal(
    columns: Float64[np.ndarray, "clusters sets"], slots: Int8[np.ndarray, "arrangements clusters"], sides: Sides
) -> Dealt:
    """The clusters dealt over the places in each of these ways.

    Args:
        columns: From `scaled`.
        slots: Cluster on each place; the first places are the revealed side's.
        sides: Weights of the places.
    """
    count = len(sides.revealed)
    index = slots.astype(np.int64)
    r_mean, r_square = _side(columns, index[:, :count], sides.revealed)
    s_mean, s_square = _side(columns, index[:, count:], sides.stated)
    gap = (r_mean - s_mean) ** 2
    error = r_square + s_square
    flat = error < FLAT
    certain = np.where(gap > FLAT, np.inf, 0.0)
    below = r_square**2 / (count - 1) + s_square**2 / (len(sides.stated) - 1)
    return Dealt(
        np.divide(gap, error, out=certain, where=~flat),
        error,
        np.divide(error**2, below, out=np.full_like(error, sides.most), where=~flat),
    )


def _side(
    columns: Float64[np.ndarray, "clusters sets"], index: np.ndarray, weights: Float64[np.ndarray, " units"]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and squared error of one side in every arrangement, by products of matrices."""
    count = len(weights)
    dealt = np.zeros((len(index), len(columns)))
    np.put_along_axis(dealt, index, np.broadcast_to(weights, index.shape), axis=1)
    mean = dealt @ columns
    squared = dealt**2
    around = squared @ columns**2 - 2 * mean * (squared @ columns) + mean**2 * float(weights @ weights)
    return mean, count / (count - 1) * np.maximum(around, 0.0)


def reached(found: Dealt, observed: Dealt, sides: Sides) -> Bool[np.ndarray, "arrangements sets"]:
    """Whether the t test of an arrangement has a p-value as small as the observed arrangement's.

    Args:
        found: Any number of arrangements.
        observed: One arrangement.
        sides: Weights of the places.
    """
    same = _same(observed)
    p = _p_value(observed.square * same, observed.df * same)[0]
    least, enough = _bars(p, sides)
    certain = found.square >= enough
    # Only between the bars do the degrees of freedom matter, and their p-values are what takes time.
    between = (found.square >= least) & ~certain
    column = np.nonzero(between)[1]
    certain[between] = _p_value(found.square[between], found.df[between]) <= p[column]
    return certain


def larger(found: Dealt, observed: Dealt) -> Bool[np.ndarray, "arrangements sets"]:
    """Whether |t| of an arrangement is as large as the observed arrangement's, whatever their degrees of freedom."""
    return np.asarray(found.square >= observed.square * _same(observed))


def _same(observed: Dealt) -> Each:
    """Share of the observed arrangement's statistics from which on others are the same number."""
    return np.asarray(1 - TIE - ROUNDING / np.maximum(observed.error, FLAT))


def _bars(p: Float64[np.ndarray, " sets"], sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """Squared t below which no arrangement has so small a p-value, and from which on every one has."""
    least, enough = (
        np.square(stdtrit(df, p)) * slack for df, slack in ((sides.most, 1 - 1e-6), (sides.fewest, 1 + 1e-6))
    )
    # Far in the tail the quantile may be off or overflow; a bar that does not hold is not used.
    least = np.where(_p_value(least, sides.most) >= p, least, 0.0)
    enough = np.where(_p_value(enough, sides.fewest) <= p, enough, np.inf)
    return least, enough


def _p_value(square: np.ndarray, df: np.ndarray | float) -> np.ndarray:
    """One-sided, of a squared t."""
    return np.asarray(stdtr(df, -np.sqrt(square)))
