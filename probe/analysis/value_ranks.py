"""Values ranked by what is stated of them and by what is chosen where they meet.

References:
    Chiu et al. (2025), LitmusValues, arXiv 2505.14633, compares the two rankings by Spearman's rho.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from probe.analysis.bradley_terry import Transitivity, Utilities, fit_bradley_terry, fit_thurstone, transitivity
from probe.analysis.outcomes import Standing, comparisons_of
from probe.errors import InputError

__all__ = ["RankedSide", "ValueRanks", "rank_sides"]

SPLITS = 200
MANY, FEWER_SPLITS = 64, 20
"""With more outcomes than this a fit takes long, and fewer splits have to do."""

LogOdds = Mapping[str, tuple[str, str, float]]


@dataclass(frozen=True, slots=True)
class RankedSide:
    """One side's utilities.

    Attributes:
        bradley_terry: Fit of the logistic model.
        thurstone: Fit of the normal model.
        transitivity: Circles among three.
        reliability: Median over splits of the items into halves of the rank correlation of both halves' utilities,
            stepped up to the full length; None where fewer than half of the splits leave both halves connected.
        items: Number of items.
    """

    bradley_terry: Utilities
    thurstone: Utilities
    transitivity: Transitivity
    reliability: float | None
    items: int


@dataclass(frozen=True, slots=True)
class ValueRanks:
    """Both sides over the values that both compare.

    Attributes:
        stated: From general questions; None without them.
        revealed: From choices; None without them.
        spearman: Rank correlation of the utilities of the values on both sides; None below three such values.
        values: How many these are.
    """

    stated: RankedSide | None
    revealed: RankedSide | None
    spearman: float | None
    values: int


def rank_sides(standings: Mapping[str, Standing], stated: LogOdds, revealed: LogOdds, *, seed: int = 0) -> ValueRanks:
    """Utilities of both sides and how far they agree.

    Args:
        standings: What each item's options stand for; items without an entry are left out.
        stated: Options and mean log-odds of the stated items, nats.
        revealed: The same of the revealed items.
        seed: Of the splits.

    Raises:
        InputError: Neither side compares anything, or the comparisons of a side fall into parts.
    """
    s = _side(standings, stated, seed)
    r = _side(standings, revealed, seed)
    if s is None and r is None:
        raise InputError("utilities: the table of outcomes names no item of this run. Give the one of its import.")
    rho, values = _agreement(s, r)
    return ValueRanks(stated=s, revealed=r, spearman=rho, values=values)


def _side(standings: Mapping[str, Standing], log_odds: LogOdds, seed: int) -> RankedSide | None:
    items = [item for item in log_odds if item in standings]
    if not items:
        return None
    comparisons = comparisons_of(standings, log_odds, items)
    return RankedSide(
        bradley_terry=fit_bradley_terry(comparisons),
        thurstone=fit_thurstone(comparisons),
        transitivity=transitivity(comparisons),
        reliability=_reliability(
            items,
            lambda part: _utilities(standings, log_odds, part),
            FEWER_SPLITS if len(comparisons.names) > MANY else SPLITS,
            seed,
        ),
        items=len(items),
    )


def _utilities(standings: Mapping[str, Standing], log_odds: LogOdds, items: Sequence[str]) -> dict[str, float] | None:
    try:
        fit = fit_bradley_terry(comparisons_of(standings, log_odds, items))
    except InputError:
        return None
    return dict(zip(fit.names, fit.values.tolist(), strict=True))


def _reliability(
    items: Sequence[str], fit: Callable[[Sequence[str]], dict[str, float] | None], splits: int, seed: int
) -> float | None:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(splits):
        order = rng.permutation(len(items))
        halves = [fit([items[n] for n in sorted(part)]) for part in np.array_split(order, 2)]
        if halves[0] is None or halves[1] is None or set(halves[0]) != set(halves[1]):
            continue
        rho = _spearman(halves[0], halves[1], sorted(halves[0]))
        if rho is not None:
            found.append(2 * rho / (1 + rho) if rho > -1 / 3 else -1.0)
    return float(np.median(found)) if len(found) >= splits / 2 else None


def _agreement(stated: RankedSide | None, revealed: RankedSide | None) -> tuple[float | None, int]:
    if stated is None or revealed is None:
        return None, 0
    s, r = (
        dict(zip(side.bradley_terry.names, side.bradley_terry.values.tolist(), strict=True))
        for side in (stated, revealed)
    )
    shared = sorted(set(s) & set(r))
    return _spearman(s, r, shared), len(shared)


def _spearman(first: Mapping[str, float], second: Mapping[str, float], names: Sequence[str]) -> float | None:
    a, b = ([side[name] for name in names] for side in (first, second))
    if len(names) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)
