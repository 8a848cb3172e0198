"""All trade-offs of a model at once: how large deviations typically are, whether there are any, how far they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Int8
from scipy.optimize import brentq
from scipy.stats import chi2

from probe.analysis.claim import Interval
from probe.analysis.formats import BALANCING_AXES
from probe.analysis.intervals import DIFFERENCE, Estimate, welch
from probe.analysis.permutation import seed_of
from probe.analysis.preference import Clusters
from probe.analysis.results import FormatsRandom, StudyLevel
from probe.analysis.side import Setting, SideFigures, Sides
from probe.analysis.specification import specification_curve
from probe.analysis.welch_permutation import Sides as Slots
from probe.analysis.welch_permutation import deal, scaled

__all__ = ["DRAWS", "formats_random", "omnibus", "root_mean_square", "study_level"]

DRAWS = 9_999
"""Arrangements of each trade-off that the omnibus test draws."""

Pair = tuple[SideFigures, SideFigures]
"""Stated and revealed figures of one trade-off."""

Numbers = Float64[np.ndarray, " tradeoffs"]


def study_level(sides: Mapping[str, Sides], setting: Setting) -> StudyLevel | None:
    """Figures over the trade-offs with two clusters or more on both sides; None below two of them.

    Args:
        sides: Figures by trade-off.
        setting: What the trade-offs share.
    """
    pairs = {name: pair for name, own in sorted(sides.items()) if (pair := _pair(own))}
    if len(pairs) < 2:
        return None
    fixed = [_gap(stated, revealed) for stated, revealed in pairs.values()]
    gaps = np.array([float(one.value) for one in fixed])
    squares = np.array([_variance(float(one.error) ** 2, float(one.df)) for one in fixed])
    random = [formats_random(stated, revealed, setting) for stated, revealed in pairs.values()]
    typical = root_mean_square(gaps, squares)
    p, tested = omnibus({name: (s.clusters, r.clusters) for name, (s, r) in pairs.items()}, setting)
    return StudyLevel(
        tradeoffs=len(pairs),
        typical_size=typical[0] if typical else None,
        typical_size_interval=typical[1] if typical else None,
        typical_size_tradeoffs=int(np.isfinite(squares).sum()),
        omnibus_p=p,
        omnibus_tradeoffs=tested,
        omnibus_draws=DRAWS,
        generalisability_items=_coefficient(gaps, [float(one.error) for one in fixed]),
        generalisability_items_and_formats=_coefficient(gaps, [one.error for one in random if one]),
    )


def root_mean_square(gaps: Numbers, squares: Numbers, level: float = 0.95) -> tuple[float, Interval] | None:
    """Root mean square t of true differences about 0, with its interval; None below two that have an error.

    Q(t^2) = sum gap^2 / (square + t^2) is solved for the number of gaps and, for the interval, for the quantiles of
    chi-square with so many degrees of freedom; where even t = 0 gives less, the bound is 0.

    Args:
        gaps: Measured differences.
        squares: Their squared errors; not a number where unknown: left out.
        level: Coverage.

    References:
        Viechtbauer (2007), Confidence intervals for the amount of heterogeneity in meta-analysis.

    Example:
        >>> size, bounds = root_mean_square(np.array([0.3, -0.3]), np.zeros(2))
        >>> round(size, 6), round(bounds[0], 4), round(bounds[1], 4)
        (0.3, 0.1562, 1.8854)
    """
    known = np.isfinite(squares)
    count = int(known.sum())
    if count < 2:
        return None
    asked = (float(count), *(float(chi2.ppf(tail, count)) for tail in ((1 + level) / 2, (1 - level) / 2)))
    size, low, high = [_solved(gaps[known] ** 2, squares[known], value) ** 0.5 for value in asked]
    return size, (low, high)


def omnibus(clusters: Mapping[str, tuple[Clusters, Clusters]], setting: Setting) -> tuple[float | None, int]:
    """p-value of "no trade-off has a difference" and the number of trade-offs it is about; None where there are none.

    The statistic is the sum of squared Welch t; clusters change sides within their trade-off only. A trade-off is left
    out where the clusters of neither side spread by more than rounding can move a probability, delta / 4: at saturation
    a difference without any meaning would reject.

    Args:
        clusters: Clusters of the stated and of the revealed side, by trade-off; two at least of each.
        setting: Model and numeric floor.
    """
    reported = {name: both for name, both in clusters.items() if not _flat(both, setting.delta / 4)}
    if not reported:
        return None, 0
    observed, drawn = 0.0, np.zeros(DRAWS)
    for name, (s, r) in sorted(reported.items()):
        columns = scaled(np.concatenate([r.p, s.p])[None])
        slots, count = Slots(r.weights, s.weights), len(columns)
        start: Int8[np.ndarray, "1 clusters"] = np.arange(count, dtype=np.int8)[None]
        rng = np.random.default_rng(seed_of(setting.model, name, "omnibus"))
        ways = rng.permuted(np.broadcast_to(start, (DRAWS, count)), axis=1)
        observed += float(deal(columns, start, slots).square[0, 0])
        drawn += deal(columns, ways, slots).square[:, 0]
    reached = int((drawn >= observed * (1 - 1e-9)).sum())
    return (reached + 1) / (DRAWS + 1), len(reported)


def formats_random(stated: SideFigures, revealed: SideFigures, setting: Setting) -> FormatsRandom | None:
    """Error of R - S where the levels of format axes are a draw too; None where only order and labels varied.

    To the squared Welch error it adds, for every axis but order and label order, the variance of R - S over the axis's
    levels, divided by their number; degrees of freedom after Satterthwaite.

    Args:
        stated: Figures of the stated side, two clusters at least.
        revealed: Figures of the revealed side, two clusters at least.
        setting: The grid of formats.

    References:
        Brennan (2001), Generalizability Theory.
    """
    curve = specification_curve(stated, revealed, setting.formats)
    axes = [k for k, name in enumerate(setting.formats.varied) if name not in BALANCING_AXES]
    if curve is None or not axes:
        return None
    fixed = _gap(stated, revealed)
    grid = np.array(curve.gaps).reshape(setting.formats.shape)
    parts = [(float(fixed.error) ** 2, float(fixed.df))]
    for k in axes:
        means = grid.mean(axis=tuple(d for d in range(grid.ndim) if d != k))
        parts.append((float(means.var(ddof=1)) / len(means), len(means) - 1.0))
    total = sum(square for square, _ in parts)
    below = sum(square**2 / df for square, df in parts)
    df = total**2 / below if below else float(fixed.df)
    joined = Estimate(fixed.value, np.asarray(np.sqrt(total)), np.asarray(df))
    return FormatsRandom(
        error_fixed=float(fixed.error), error=float(joined.error), df=df, interval=joined.ends(within=DIFFERENCE)
    )


def _pair(sides: Sides) -> Pair | None:
    if sides.stated is None or sides.revealed is None:
        return None
    fewest = min(len(side.clusters.names) for side in (sides.stated, sides.revealed))
    return (sides.stated, sides.revealed) if fewest >= 2 else None


def _gap(stated: SideFigures, revealed: SideFigures) -> Estimate:
    s, r = stated.clusters, revealed.clusters
    return welch(r.p, s.p, r.weights, s.weights)


def _variance(square: float, df: float) -> float:
    """Variance of a t variable of this scale; not a number where it has none."""
    return square * df / (df - 2) if df > 2 else float("nan")


def _solved(gaps_squared: Numbers, squares: Numbers, asked: float) -> float:
    """The t^2 at which Q is `asked`."""

    def excess(t_squared: float) -> float:
        below = squares + t_squared
        terms = np.divide(gaps_squared, below, out=np.where(gaps_squared > 0, np.inf, 0.0), where=below > 0)
        return float(min(terms.sum(), 1e300)) - asked

    # Every term is at most gap^2 / t^2, so here Q is at most what is asked.
    most = float(gaps_squared.sum()) / asked
    if most == 0 or excess(0.0) <= 0:
        return 0.0
    return most if excess(most) >= 0 else float(brentq(excess, 0.0, most, xtol=1e-15))


def _coefficient(gaps: Numbers, errors: Sequence[float]) -> float | None:
    """1 less the errors' share of the mean squared difference; None where an error is unknown or nothing differs."""
    total = float((gaps**2).sum())
    return max(0.0, 1 - sum(error**2 for error in errors) / total) if total and len(errors) == len(gaps) else None


def _flat(both: Sequence[Clusters], floor: float) -> bool:
    return all(float(side.p.std(ddof=1)) <= floor for side in both)
