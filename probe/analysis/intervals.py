"""Intervals over a handful of units; they speak of other units of this kind, not of the cells' own error.

A unit is a cluster: a root question or a scenario. Whatever takes ``*sets units`` works on many data sets at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float64
from scipy.special import logsumexp, stdtrit

from probe.analysis.claim import Interval
from probe.analysis.divergence import kl_from_log_odds
from probe.analysis.logspace import log_probabilities

__all__ = [
    "DIFFERENCE",
    "PROBABILITY",
    "Estimate",
    "cut",
    "equal_weights",
    "kl_bias",
    "kl_interval",
    "mean_estimate",
    "signed_root",
    "t_interval",
    "welch",
]

ROUNDING = 1e-12
"""A standard error below this is rounding and counts as none."""

PROBABILITY: Interval = (0.0, 1.0)
DIFFERENCE: Interval = (-1.0, 1.0)
"""Where a probability can be, and a difference of two: an interval is cut to it."""

Sets = Float64[np.ndarray, "*sets"]
Values = Float64[np.ndarray, "*sets units"]
Weights = Float64[np.ndarray, " units"]
Others = Float64[np.ndarray, "*sets others"]
OtherWeights = Float64[np.ndarray, " others"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with what its t interval needs, one value per data set.

    Attributes:
        value: The figure itself.
        error: Its standard error.
        df: Degrees of freedom.
    """

    value: Sets
    error: Sets
    df: Sets

    def interval(self, level: float = 0.95) -> tuple[Sets, Sets]:
        """Lower and upper bound of the t interval; a point where there is no error."""
        half = stdtrit(self.df, (1 + level) / 2) * self.error
        return np.asarray(self.value - half), np.asarray(self.value + half)

    def ends(self, level: float = 0.95, within: Interval = (-inf, inf)) -> Interval:
        """`interval` of a single data set, cut to where the figure can be."""
        low, high = self.interval(level)
        return cut((float(low), float(high)), within)


def cut(bounds: Interval, within: Interval) -> Interval:
    """An interval without what lies where its figure cannot be.

    Example:
        >>> cut((-4.63, 0.5), DIFFERENCE)
        (-1.0, 0.5)
    """
    least, most = within
    low, high = (min(max(end, least), most) for end in bounds)
    return low, high


def equal_weights(count: int) -> Weights:
    """So many weights, alike, that add up to 1."""
    return np.full(count, 1 / count)


def mean_estimate(values: Values, weights: Weights) -> Estimate:
    """Weighted mean of at least two units, with squared error n/(n-1) sum w^2 (x - mean)^2.

    With equal weights that is s^2/n.
    """
    count = len(weights)
    mean = np.asarray(values @ weights)
    squares = np.asarray(count / (count - 1) * ((values - mean[..., None]) ** 2 @ weights**2))
    return Estimate(mean, _without_rounding(squares), np.full_like(mean, count - 1.0))


def t_interval(
    values: Float64[np.ndarray, " units"],
    weights: Float64[np.ndarray, " units"],
    level: float = 0.95,
) -> tuple[float, float] | None:
    """Interval of the weighted mean, with units - 1 degrees of freedom; None below two units.

    With equal weights it is the textbook interval mean +- t s / sqrt(n).

    Args:
        values: One value per unit.
        weights: Positive; they add up to 1.
        level: Coverage.

    Example:
        >>> low, high = t_interval(np.array([1.0, 2.0, 3.0]), np.full(3, 1 / 3))
        >>> round(low, 4), round(high, 4)
        (-0.4841, 4.4841)
    """
    if len(values) < 2:
        return None
    low, high = mean_estimate(values, weights).interval(level)
    return float(low), float(high)


def welch(revealed: Values, stated: Others, weights: Weights, stated_weights: OtherWeights) -> Estimate:
    """Difference of two weighted means, revealed minus stated, of at least two units each.

    Args:
        revealed: One value per scenario.
        stated: One value per root question.
        weights: Of the scenarios; they add up to 1.
        stated_weights: Of the root questions.

    References:
        Welch (1947), The generalization of "Student's" problem when several different population variances are
        involved.
    """
    r, s = mean_estimate(revealed, weights), mean_estimate(stated, stated_weights)
    squares = [np.asarray(side.error**2) for side in (r, s)]
    return _joined(np.asarray(r.value - s.value), (squares[0], r.df), (squares[1], s.df))


def signed_root(revealed: Values, stated: Others, weights: Weights, stated_weights: OtherWeights) -> Estimate:
    """sign(R - S) sqrt(2 KL(R || S)), which is smooth where R = S and has no boundary there.

    Its error is a jackknife over the units of both sides. For KL(S || R) exchange the sides: the sign turns.

    Args:
        revealed: Log-odds of each scenario's mean p, nats; at least two.
        stated: Log-odds of each root question's mean p, nats; at least two.
        weights: Of the scenarios; they add up to 1.
        stated_weights: Of the root questions.

    References:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 11.
    """
    r, r_without = _pooled(revealed, weights)
    s, s_without = _pooled(stated, stated_weights)
    by_scenario = _root(r_without, s[..., None])
    by_question = _root(r[..., None], s_without)
    return _joined(_root(r, s), _jackknife(by_scenario, weights), _jackknife(by_question, stated_weights))


def kl_interval(low: Sets, high: Sets) -> tuple[Sets, Sets]:
    """Interval of a KL (nats) from that of its signed root.

    Example:
        >>> kl_interval(np.array(-0.2), np.array(0.4))
        (array(0.), array(0.08))
    """
    ends = np.stack([low, high]) ** 2 / 2
    return np.where((low <= 0) & (high >= 0), 0.0, ends.min(axis=0)), np.asarray(ends.max(axis=0))


def kl_bias(revealed: Estimate, stated: Estimate) -> Sets:
    """By how much the plug-in KL of two sides is too large on average if they do not differ, nats.

    Args:
        revealed: Mean of the scenarios' p.
        stated: Mean of the root questions' p.

    Returns:
        (var R + var S) / (2 P (1 - P)) with P half-way between the means; infinite where P is 0 or 1.
    """
    pooled = (revealed.value + stated.value) / 2
    room = 2 * pooled * (1 - pooled)
    squares = revealed.error**2 + stated.error**2
    return np.asarray(np.divide(squares, room, out=np.where(squares > 0, np.inf, 0.0), where=room > 0))


def _without_rounding(squares: Sets) -> Sets:
    error = np.sqrt(np.maximum(squares, 0.0))
    return np.asarray(np.where(error < ROUNDING, 0.0, error))


def _joined(value: Sets, first: tuple[Sets, Sets], second: tuple[Sets, Sets]) -> Estimate:
    """Two independent squared errors added up, with the degrees of freedom after Welch and Satterthwaite."""
    (a, a_df), (b, b_df) = first, second
    below = a**2 / a_df + b**2 / b_df
    df = np.divide((a + b) ** 2, below, out=np.asarray(a_df + b_df, dtype=np.float64), where=below > 0)
    return Estimate(value, np.asarray(np.sqrt(a + b)), df)


def _root(z_p: Float64[np.ndarray, "..."], z_q: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    z_p, z_q = np.broadcast_arrays(z_p, z_q)
    return np.asarray(np.sign(z_p - z_q) * np.sqrt(2 * kl_from_log_odds(z_p, z_q)))


def _pooled(z: Values, weights: Weights) -> tuple[Sets, Values]:
    """Log-odds of the weighted mean of p, of all units and with each unit left out."""
    first, second = (part + np.log(weights) for part in log_probabilities(z))
    pooled = logsumexp(first, axis=-1) - logsumexp(second, axis=-1)
    out = np.where(np.eye(len(weights), dtype=bool), -np.inf, 0.0)
    without = logsumexp(first[..., None, :] + out, axis=-1) - logsumexp(second[..., None, :] + out, axis=-1)
    return np.asarray(pooled), np.asarray(without)


def _jackknife(without: Values, weights: Weights) -> tuple[Sets, Sets]:
    """Squared error and degrees of freedom from the values with one unit left out.

    For a weighted mean it is n/(n-1) sum w^2 (x - mean)^2, for equal weights the textbook jackknife.
    """
    count, rest = len(weights), 1 - weights
    centre = np.asarray(without @ rest / (count - 1))
    squares = np.asarray(count / (count - 1) * ((without - centre[..., None]) ** 2 @ rest**2))
    return np.asarray(_without_rounding(squares) ** 2), np.full_like(squares, count - 1.0)
