"""Utilities of outcomes from exact comparisons in pairs: Bradley-Terry and Thurstone on probabilities, not on samples.

References:
    Bradley and Terry (1952), Rank analysis of incomplete block designs. Thurstone (1927), A law of comparative
    judgment, case V. Mazeika et al. (2025), Utility engineering, arXiv 2502.08640, fits the second to samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
from jaxtyping import Float64, Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, log_expit, log_ndtr, ndtri_exp
from scipy.stats import t as student

from probe.errors import InputError

__all__ = ["Comparisons", "Transitivity", "Utilities", "fit_bradley_terry", "fit_thurstone", "transitivity"]

STEPS = 200
CLOSE = 1e-12
CONFIDENCE = 0.95

Edges = Int64[np.ndarray, "pairs 2"]
PerPair = Float64[np.ndarray, " pairs"]
PerOutcome = Float64[np.ndarray, " outcomes"]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Pairs of outcomes with the log-odds towards the first.

    Attributes:
        names: The outcomes.
        ends: Numbers of the two outcomes of each pair.
        z: Log-odds towards the first, nats.
        weights: Weight of each pair.
        draws: Number of the item that each pair comes from: pairs of one item are one draw.
    """

    names: tuple[str, ...]
    ends: Edges
    z: PerPair
    weights: PerPair
    draws: Int64[np.ndarray, " pairs"]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str, float, float]], draws: Sequence[int] | None = None) -> Comparisons:
        """From first outcome, second outcome, log-odds and weight of every pair; each is a draw unless told otherwise.

        Raises:
            InputError: There is no pair, an outcome is compared with itself, or the pairs fall into parts.
        """
        if not pairs:
            raise InputError("utilities: there is no comparison. Check that the outcomes belong to this run.")
        names = tuple(sorted({name for first, second, *_ in pairs for name in (first, second)}))
        index = {name: n for n, name in enumerate(names)}
        ends = np.array([[index[first], index[second]] for first, second, *_ in pairs], dtype=np.int64)
        if (ends[:, 0] == ends[:, 1]).any():
            raise InputError(f"utilities: '{names[ends[np.argmin(np.ptp(ends, axis=1)), 0]]}' is compared with itself.")
        _refuse_parts(names, ends)
        z, weights = (np.array([pair[k] for pair in pairs], dtype=np.float64) for k in (2, 3))
        return cls(names, ends, z, weights, np.array(range(len(pairs)) if draws is None else draws, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Utilities:
    """Fitted utilities.

    Attributes:
        model: ``bradley-terry`` or ``thurstone``.
        names: The outcomes.
        values: Their utilities; they add up to 0. In nats for Bradley-Terry, in standard deviations of a difference
            for Thurstone.
        low: Lower ends of 95 % intervals over comparisons of this kind; NaN where no comparison is to spare.
        high: Upper ends.
        signs: Share of pairs in which the fit prefers the outcome that was preferred.
        error: Mean absolute difference between the fitted and the read probability.
    """

    model: str
    names: tuple[str, ...]
    values: PerOutcome
    low: PerOutcome
    high: PerOutcome
    signs: float
    error: float


@dataclass(frozen=True, slots=True)
class Transitivity:
    """Whether choices among three outcomes go in circles.

    Attributes:
        triads: Sets of three outcomes of which all pairs were compared.
        cyclic: How many of them go in a circle; a quarter of them would by chance.
    """

    triads: int
    cyclic: int


def fit_bradley_terry(comparisons: Comparisons) -> Utilities:
    """P(first over second) = sigmoid(u_first - u_second), by maximum likelihood.

    Example:
        >>> from math import isclose
        >>> pairs = [("a", "b", 1.0, 1.0), ("b", "c", 2.0, 1.0), ("a", "c", 3.0, 1.0)]
        >>> [round(float(u), 6) for u in fit_bradley_terry(Comparisons.of(pairs)).values]
        [1.333333, 0.333333, -1.666667]
    """
    return _fit(comparisons, "bradley-terry")


def fit_thurstone(comparisons: Comparisons) -> Utilities:
    """P(first over second) = Phi(u_first - u_second), all outcomes of equal variance, by maximum likelihood."""
    return _fit(comparisons, "thurstone")


def transitivity(comparisons: Comparisons) -> Transitivity:
    """Count circles among three outcomes, by the sign of the mean log-odds of each pair; an even pair is left out."""
    size = len(comparisons.names)
    total = np.zeros((size, size))
    first, second = comparisons.ends.T
    np.add.at(total, (first, second), comparisons.z * comparisons.weights)
    np.add.at(total, (second, first), -comparisons.z * comparisons.weights)
    beats = (total > 0).astype(np.float64)
    either = beats + beats.T
    circles = np.einsum("ij,ji->", beats @ beats, beats) / 3
    return Transitivity(triads=round(float(np.einsum("ij,ji->", either @ either, either)) / 6), cyclic=round(circles))


def _refuse_parts(names: tuple[str, ...], ends: Edges) -> None:
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names)))
    count, part = connected_components(graph, directed=False)
    if count > 1:
        small = np.argmin(np.bincount(part))
        reported = ", ".join(name for name, p in zip(names, part, strict=True) if p == small)
        raise InputError(
            f"utilities: the comparisons fall into {count} parts, and no utility compares across them; one part is "
            f"{reported[:200]}. Compare outcomes of different parts, or fit each part by itself."
        )


@dataclass(frozen=True, slots=True)
class _Link:
    """Log-probabilities of either choice at a distance d of utilities, and the log of the density's slope there."""

    first: PerPair
    second: PerPair
    density: PerPair

    @classmethod
    def at(cls, model: str, d: PerPair) -> _Link:
        if model == "bradley-terry":
            return cls(log_expit(d), log_expit(-d), log_expit(d) + log_expit(-d))
        return cls(log_ndtr(d), log_ndtr(-d), -0.5 * d**2 - 0.5 * log(2 * pi))

    def score(self, z: PerPair) -> PerPair:
        """Slope of the log-likelihood of a pair read at log-odds z."""
        towards, away = self.density - self.first, self.density - self.second
        return np.asarray(np.exp(log_expit(z) + towards) - np.exp(log_expit(-z) + away))

    def information(self) -> PerPair:
        """Fisher information of a pair."""
        return np.asarray(np.exp(2 * self.density - self.first - self.second))


def _fit(comparisons: Comparisons, model: str) -> Utilities:
    z, weights = comparisons.z, comparisons.weights
    start = z if model == "bradley-terry" else np.where(z < 0, 1.0, -1.0) * ndtri_exp(log_expit(-np.abs(z)))
    u = _solve(comparisons, weights, weights * start)
    for _ in range(STEPS):
        link = _Link.at(model, _distances(comparisons, u))
        step = _solve(comparisons, weights * link.information(), weights * link.score(z))
        step *= min(1.0, 1.0 / max(float(np.abs(_distances(comparisons, step)).max()), 1e-300))
        u = u + step
        if np.abs(step).max() < CLOSE:
            break
    u = u - u.mean()
    d = _distances(comparisons, u)
    half = _half_widths(comparisons, _Link.at(model, d))
    fitted = np.exp(_Link.at(model, d).first)
    return Utilities(
        model=model,
        names=comparisons.names,
        values=u,
        low=u - half,
        high=u + half,
        signs=float(np.average(np.sign(d) == np.sign(z), weights=weights)),
        error=float(np.average(np.abs(fitted - expit(z)), weights=weights)),
    )


def _distances(comparisons: Comparisons, u: PerOutcome) -> PerPair:
    return np.asarray(u[comparisons.ends[:, 0]] - u[comparisons.ends[:, 1]])


def _solve(comparisons: Comparisons, information: PerPair, score: PerPair) -> PerOutcome:
    """Weighted least squares of a value per pair on differences of outcomes, their mean held at 0."""
    gradient = np.zeros(len(comparisons.names))
    np.add.at(gradient, comparisons.ends[:, 0], score)
    np.add.at(gradient, comparisons.ends[:, 1], -score)
    return np.asarray(np.linalg.solve(_curvature(comparisons, information), gradient))


def _curvature(comparisons: Comparisons, information: PerPair) -> Float64[np.ndarray, "outcomes outcomes"]:
    """The graph's Laplacian, made regular in the one direction that no comparison sees."""
    size = len(comparisons.names)
    first, second = comparisons.ends.T
    laplacian = np.full((size, size), float(information.mean()) / size)
    for one, other, sign in ((first, first, 1), (second, second, 1), (first, second, -1), (second, first, -1)):
        np.add.at(laplacian, (one, other), sign * information)
    return laplacian


def _half_widths(comparisons: Comparisons, link: _Link) -> PerOutcome:
    """Half widths of 95 % intervals from the spread of the draws' scores, as if other items had been asked.

    References:
        White (1982), Maximum likelihood estimation of misspecified models.
    """
    draws, outcomes = len(np.unique(comparisons.draws)), len(comparisons.names)
    spare = draws - (outcomes - 1)
    if spare < 1:
        return np.full(outcomes, np.nan)
    inverse = np.linalg.inv(_curvature(comparisons, comparisons.weights * link.information()))
    first, second = comparisons.ends.T
    score = comparisons.weights * link.score(comparisons.z)
    of_draw = np.zeros((int(comparisons.draws.max()) + 1, outcomes))
    np.add.at(of_draw, comparisons.draws, ((inverse[:, first] - inverse[:, second]) * score).T)
    variance = (of_draw**2).sum(axis=0) * draws / spare
    return np.asarray(student.ppf(0.5 + CONFIDENCE / 2, spare) * np.array([sqrt(v) for v in variance]))
