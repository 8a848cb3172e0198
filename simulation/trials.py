"""The intervals and tests of the analysis on thousands of made-up data sets at once, against a known truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.special import expit, logit, stdtr

from probe.analysis.divergence import kl_divergence
from probe.analysis.intervals import equal_weights, kl_bias, kl_interval, mean_estimate, signed_root, welch
from probe.analysis.multiplicity import holm
from probe.analysis.permutation import ALPHA, arrange, draws_for, exchange
from probe.analysis.welch_permutation import Sides, deal, scaled
from simulation.cases import AXES, Case
from simulation.draw import Clusters, cluster_means, draw_revealed, draw_stated

__all__ = [
    "MARGIN",
    "Claims",
    "Coverage",
    "Family",
    "Rejections",
    "claimed",
    "claims",
    "cover",
    "draw",
    "family_errors",
    "grids",
    "p_values",
    "reject",
]

MARGIN = 0.05
"""Differences of preference up to this size are none to speak of."""

AT_ONCE = 100
"""So many data sets share the arrangements of a test that is not exact."""

Grid = Float64[np.ndarray, "sets items variants"]
PerSet = Float64[np.ndarray, " sets"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often 95 % intervals hold the truth, as shares of the data sets.

    Attributes:
        gap: Of R - S.
        root: Of the signed root of 2 KL.
        kl: Of KL(R || S).
        mean_kl: Mean plug-in KL, nats; the truth is `true_kl`.
        told_bias: Mean of the upward bias that is shown beside it.
        true_gap: R - S over all possible items.
        true_kl: KL(R || S) of them, nats.
    """

    gap: float
    root: float
    kl: float
    mean_kl: float
    told_bias: float
    true_gap: float
    true_kl: float


@dataclass(frozen=True, slots=True)
class Rejections:
    """Shares of the data sets in which R = S is rejected at .05.

    Attributes:
        test: Welch's t test with clusters exchanged between the sides.
        ranked_by_t: The same with arrangements ranked by |t|, whatever their degrees of freedom.
        t_of_clusters: Welch's t test on cluster means.
        t_of_items: Welch's t test on items, which takes rewordings and context cells for new draws.
    """

    test: float
    ranked_by_t: float
    t_of_clusters: float
    t_of_items: float


@dataclass(frozen=True, slots=True)
class Claims:
    """Shares of the data sets in which each claim is made."""

    deviation: float
    no_deviation: float


@dataclass(frozen=True, slots=True)
class Family:
    """Holm's procedure over families of tests.

    Attributes:
        error: Share of families in which a true R = S is rejected.
        claimed: Share of families in which a deviation is claimed where R = S.
        power: Mean share of the false R = S that are rejected; None where all are true.
    """

    error: float
    claimed: float
    power: float | None


def draw(case: Case, sets: int, rng: np.random.Generator) -> tuple[Clusters, Clusters]:
    """Mean p of each cluster of the stated and of the revealed side, in `sets` independent data sets."""
    s, r = grids(case, sets, rng)
    stated, revealed = case.items
    return cluster_means(stated, s), cluster_means(revealed, r)


def grids(case: Case, sets: int, rng: np.random.Generator) -> tuple[Grid, Grid]:
    """Log-odds of every cell of both sides."""
    return draw_stated("t", case.stated, AXES, sets, rng), draw_revealed("t", case.revealed, AXES, sets, rng)


def cover(case: Case, sets: int, rng: np.random.Generator) -> Coverage:
    """Coverage of the three intervals over `sets` data sets."""
    stated, revealed = draw(case, sets, rng)
    weights = equal_weights(revealed.p.shape[1]), equal_weights(stated.p.shape[1])
    bias = kl_bias(mean_estimate(revealed.p, weights[0]), mean_estimate(stated.p, weights[1]))
    s, r = case.preferences
    kl = kl_divergence(float(logit(r)), float(logit(s)))
    root = float(np.sign(r - s) * np.sqrt(2 * kl))
    found = signed_root(revealed.z, stated.z, *weights)
    bounds = found.interval()
    return Coverage(
        gap=_holding(welch(revealed.p, stated.p, *weights).interval(), r - s),
        root=_holding(bounds, root),
        kl=_holding(kl_interval(*bounds), kl),
        mean_kl=float((found.value**2 / 2).mean()),
        told_bias=float(bias.mean()),
        true_gap=r - s,
        true_kl=kl,
    )


def _holding(bounds: tuple[PerSet, PerSet], truth: float) -> float:
    low, high = bounds
    # Two preferences that are set equal differ by rounding; a bound at 0 holds 0.
    return float(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).mean())


def p_values(stated: Clusters, revealed: Clusters, family: int, rng: np.random.Generator) -> PerSet:
    """p-value of the test of R = S for every data set.

    Args:
        stated: Clusters of the stated side.
        revealed: Clusters of the revealed side.
        family: Number of tests that the number of draws is meant for.
        rng: Where the seeds of the draws come from.
    """
    weights = equal_weights(revealed.p.shape[1]), equal_weights(stated.p.shape[1])
    found = []
    for part in _parts(len(revealed.p)):
        seed = [int(number) for number in rng.integers(2**32, size=2)]
        arranged = arrange(*weights, draws_for(family), seed)
        found.append(exchange(revealed.p[part], stated.p[part], *weights, arranged).p)
    return np.concatenate(found)


def _parts(sets: int) -> Iterator[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, sets, AT_ONCE))


def reject(case: Case, sets: int, rng: np.random.Generator) -> Rejections:
    """How often R = S is rejected at .05, each test taken alone, by the test and by three that it replaces."""
    s, r = grids(case, sets, rng)
    stated, revealed = (cluster_means(items, z) for items, z in zip(case.items, (s, r), strict=True))
    by_item = (expit(z).mean(axis=2) for z in (s, r))
    return Rejections(
        test=float((p_values(stated, revealed, 1, rng) <= ALPHA).mean()),
        ranked_by_t=float((_ranked_by_t(stated, revealed, rng) <= ALPHA).mean()),
        t_of_clusters=float((_t_test(stated.p, revealed.p) <= ALPHA).mean()),
        t_of_items=float((_t_test(*by_item) <= ALPHA).mean()),
    )


def _ranked_by_t(stated: Clusters, revealed: Clusters, rng: np.random.Generator) -> PerSet:
    """p-value of the test that ranks drawn arrangements by |t|."""
    sides = Sides(equal_weights(revealed.p.shape[1]), equal_weights(stated.p.shape[1]))
    found = []
    for part in _parts(len(revealed.p)):
        columns = scaled(np.concatenate([revealed.p[part], stated.p[part]], axis=1))
        own = np.arange(len(columns), dtype=np.int8)
        drawn = rng.permuted(np.broadcast_to(own, (draws_for(1), len(own))), axis=1)
        reached = deal(columns, drawn, sides).square >= deal(columns, own[None], sides).square
        found.append((reached.sum(axis=0) + 1) / (len(drawn) + 1))
    return np.concatenate(found)


def _t_test(stated: Float64[np.ndarray, "sets units"], revealed: Float64[np.ndarray, "sets others"]) -> PerSet:
    """p-value of Welch's t test, its degrees of freedom after Satterthwaite."""
    found = welch(revealed, stated, equal_weights(revealed.shape[1]), equal_weights(stated.shape[1]))
    return np.asarray(2 * stdtr(found.df, -np.abs(found.value / found.error)))


def family_errors(cases: Sequence[Case], families: int, rng: np.random.Generator) -> Family:
    """Error and power of Holm's procedure over families of one test for each of these cases."""
    rejected, claiming = [], []
    drawn = [draw(case, families, rng) for case in cases]
    p = np.stack([p_values(*sides, len(cases), rng) for sides in drawn], axis=1)
    adjusted = np.array([_adjusted(row) for row in p])
    for sides, own in zip(drawn, adjusted.T, strict=True):
        rejected.append(own <= ALPHA)
        claiming.append(claimed(*sides, own)[0])
    true = np.array([abs(case.preferences[1] - case.preferences[0]) < 1e-6 for case in cases])
    return Family(
        error=float(np.array(rejected)[true].any(axis=0).mean()),
        claimed=float(np.array(claiming)[true].any(axis=0).mean()),
        power=None if true.all() else float(np.array(rejected)[~true].mean()),
    )


def _adjusted(p: Float64[np.ndarray, " tests"]) -> Float64[np.ndarray, " tests"]:
    adjusted = holm(dict(enumerate(p.tolist())), len(p))
    return np.array([adjusted[place] for place in range(len(p))])


def claims(case: Case, sets: int, rng: np.random.Generator, family: int = 1) -> Claims:
    """How often each claim is made if no other test of the family rejects.

    Args:
        case: The trade-off.
        sets: Number of data sets.
        rng: Where chance comes from.
        family: Size of the family: Holm's procedure multiplies the smallest p-value by it.
    """
    stated, revealed = draw(case, sets, rng)
    deviation, none = claimed(stated, revealed, p_values(stated, revealed, family, rng) * family)
    return Claims(float(deviation.mean()), float(none.mean()))


def claimed(
    stated: Clusters, revealed: Clusters, p_adjusted: PerSet, margin: float = MARGIN
) -> tuple[Bool[np.ndarray, " sets"], Bool[np.ndarray, " sets"]]:
    """For every data set whether a deviation, and whether no deviation is claimed."""
    found = welch(revealed.p, stated.p, equal_weights(revealed.p.shape[1]), equal_weights(stated.p.shape[1]))
    low, high = found.interval()
    inner_low, inner_high = found.interval(0.9)
    beyond = (low > margin) | (high < -margin)
    within = (inner_low > -margin) & (inner_high < margin)
    return (p_adjusted <= ALPHA) & beyond, within
