"""Tests that exchange what no hypothesis tells apart: clusters between the sides, signs of paired differences.

Exact up to a number of arrangements, drawn with a seed beyond it; the p-value then counts the data as one more draw.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil, comb, prod

import numpy as np
from jaxtyping import Float64, Int8

from probe.analysis.welch_permutation import Sides, deal, larger, reached, scaled

__all__ = [
    "ALPHA",
    "EXACT_UP_TO",
    "SEED",
    "Arrangements",
    "Tested",
    "arrange",
    "draws_for",
    "exchange",
    "flip",
    "least_p",
    "seed_of",
]

EXACT_UP_TO = 200_000
"""So many arrangements are gone through one by one; of more, some are drawn."""

ALPHA = 0.05
"""Error that a whole family of tests is held to."""

SEED = 6
"""Every draw starts from it and from the name of what is tested."""

TIE = 1e-9
"""Sums closer than this share of the terms' sizes are the same number, computed in another order."""

AT_ONCE = 4_000_000
"""So many statistics are held in memory at a time."""

Sets = Float64[np.ndarray, "*sets"]


@dataclass(frozen=True, slots=True)
class Arrangements:
    """Ways to deal the clusters of both sides out again.

    Attributes:
        slots: Cluster on each place; the first places are the revealed side's, with its weights.
        exact: Whether these are all there are; if not, the data themselves are not among them.
    """

    slots: Int8[np.ndarray, "arrangements clusters"]
    exact: bool


@dataclass(frozen=True, slots=True)
class Tested:
    """Outcome of a test, one value per data set.

    Attributes:
        p: p-value.
        p_by_t: The same with arrangements ranked by |t|.
        arrangements: How many were gone through or drawn.
        exact: Whether these were all.
    """

    p: Sets
    p_by_t: Sets
    arrangements: int
    exact: bool


def draws_for(family: int) -> int:
    """Draws that resolve the smallest level of Holm's procedure: twenty at alpha over the size of the family.

    Example:
        >>> draws_for(72)
        28800
    """
    return ceil(20 * family / ALPHA)


def least_p(revealed: int, stated: int, family: int) -> float:
    """Least p-value that the test of so many clusters can have: that of the most extreme of all arrangements.

    Args:
        revealed: Clusters of the revealed side.
        stated: Clusters of the stated side.
        family: Number of tests that the number of draws is meant for.

    Example:
        >>> least_p(3, 3, 5), round(30 * least_p(6, 6, 30), 3), round(30 * least_p(6, 7, 30), 3)
        (0.1, 0.065, 0.017)
    """
    ways = comb(revealed + stated, stated)
    # The statistic has no sign, so sides of one size are as far apart when they change places.
    alike = 2 if revealed == stated else 1
    return alike / ways if ways <= EXACT_UP_TO else max(alike / ways, 1 / (draws_for(family) + 1))


def seed_of(*names: str) -> list[int]:
    """Seed of the draws for what these names name: the same whatever else is tested, in any order."""
    digest = hashlib.sha256("\t".join(names).encode()).digest()
    return [SEED, int.from_bytes(digest[:8], "big")]


def arrange(
    weights: Float64[np.ndarray, " units"],
    stated_weights: Float64[np.ndarray, " others"],
    draws: int,
    seed: Sequence[int],
) -> Arrangements:
    """All ways to deal the clusters of both sides over the places, or `draws` of them at random.

    Two ways that differ only among places of one side with one weight are the same way.

    Args:
        weights: Of the places of the revealed side.
        stated_weights: Of the places of the stated side.
        draws: Used where there are more than `EXACT_UP_TO` ways.
        seed: Of the draws.

    Example:
        >>> arrange(np.full(2, 0.5), np.full(3, 1 / 3), 99, [0]).slots.shape
        (10, 5)
    """
    kinds = [("revealed", round(w, 12)) for w in weights] + [("stated", round(w, 12)) for w in stated_weights]
    sizes = Counter(kinds)
    total = len(kinds)
    left, ways = total, 1
    for size in sizes.values():
        ways *= comb(left, size)
        left -= size
    if ways <= EXACT_UP_TO:
        by_kind = [[slot for slot, own in enumerate(kinds) if own == kind] for kind in sizes]
        dealt = _deal(np.arange(total, dtype=np.int8), list(sizes.values()))
        slots = np.empty_like(dealt)
        slots[:, [slot for group in by_kind for slot in group]] = dealt
        return Arrangements(slots, exact=True)
    rng = np.random.default_rng(list(seed))
    start = np.broadcast_to(np.arange(total, dtype=np.int8), (draws, total))
    return Arrangements(rng.permuted(start, axis=1), exact=False)


def exchange(
    revealed: Float64[np.ndarray, "*sets units"],
    stated: Float64[np.ndarray, "*sets others"],
    weights: Float64[np.ndarray, " units"],
    stated_weights: Float64[np.ndarray, " others"],
    arrangements: Arrangements,
) -> Tested:
    """Two-sided test of equal means: Welch's t test with the clusters' sides exchanged.

    Arrangements are ranked by the p-value of their own t test, each with its own degrees of freedom, and beside it by
    |t| alone. Exact if clusters
    of both sides are exchangeable; approximate if only their means agree.

    Args:
        revealed: Mean p of each scenario, at least two.
        stated: Mean p of each root question, at least two.
        weights: Of the scenarios; they add up to 1.
        stated_weights: Of the root questions.
        arrangements: From `arrange` with the same weights.

    References:
        Janssen (1997), Studentized permutation tests for non-i.i.d. hypotheses and the generalized Behrens-Fisher
        problem. Chung and Romano (2013), Exact and asymptotically robust permutation tests.
        Beran (1988), Prepivoting test statistics: a bootstrap view of asymptotic refinements.
        Phipson and Smyth (2010), Permutation p-values should never be zero.
    """
    values = np.concatenate([revealed, stated], axis=-1)
    sets = values.shape[:-1]
    columns = scaled(values.reshape(prod(sets), values.shape[-1]))
    sides = Sides(weights, stated_weights)
    observed = deal(columns, np.arange(columns.shape[0], dtype=np.int8)[None], sides)
    count, by_t = np.zeros((2, columns.shape[1]), dtype=np.int64)
    for slots in _portions(arrangements.slots, columns.shape[1]):
        found = deal(columns, slots, sides)
        count += reached(found, observed, sides).sum(axis=0)
        by_t += larger(found, observed).sum(axis=0)
    return _tested(count.reshape(sets), by_t.reshape(sets), len(arrangements.slots), exact=arrangements.exact)


def flip(differences: Float64[np.ndarray, "*sets pairs"], draws: int, seed: Sequence[int]) -> Tested:
    """Two-sided test of a mean difference of 0: the sign of each pair's difference exchanged.

    Studentised or not makes no difference here: under a change of signs |t| grows with the |mean|.

    Args:
        differences: One per pair.
        draws: Used where there are more than `EXACT_UP_TO` combinations of signs.
        seed: Of the draws.

    Example:
        >>> flip(np.array([1.0, 2.0, 3.0, 4.0]), 99, [0]).p.item()
        0.125
    """
    sets, pairs = differences.shape[:-1], differences.shape[-1]
    columns = differences.reshape(prod(sets), pairs).T
    exact = 2**pairs <= EXACT_UP_TO
    if exact:
        signs = np.array(list(product((1, -1), repeat=pairs)), dtype=np.int8)
    else:
        signs = np.random.default_rng(list(seed)).choice(np.array([1, -1], dtype=np.int8), (draws, pairs))
    observed = np.abs(columns.sum(axis=0))
    count = np.zeros(columns.shape[1], dtype=np.int64)
    for portion in _portions(signs, columns.shape[1]):
        # Sums of zero differences tie with each other up to rounding of the differences' own size.
        slack = TIE * np.abs(columns).sum(axis=0)
        count += (np.abs(portion.astype(np.float64) @ columns) >= observed - slack).sum(axis=0)
    each = count.reshape(sets)
    return _tested(each, each, len(signs), exact=exact)


def _tested(count: np.ndarray, by_t: np.ndarray, arrangements: int, *, exact: bool) -> Tested:
    def share(one: np.ndarray) -> Sets:
        # The data are one of all arrangements, whatever rounding makes of two sides that hardly vary.
        p = np.maximum(one, 1) / arrangements if exact else (one + 1) / (arrangements + 1)
        return np.asarray(p, dtype=np.float64)

    return Tested(share(count), share(by_t), arrangements, exact)


def _portions(rows: Int8[np.ndarray, "rows columns"], sets: int) -> Iterator[Int8[np.ndarray, "some columns"]]:
    size = max(1, AT_ONCE // max(sets, 1))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _deal(clusters: Int8[np.ndarray, " clusters"], sizes: list[int]) -> Int8[np.ndarray, "ways clusters"]:
    """Every way to split the clusters into groups of these sizes, the groups side by side."""
    if len(sizes) == 1:
        return clusters[None]
    first, *rest = sizes
    everyone = range(len(clusters))
    chosen = np.array(list(combinations(everyone, first)), dtype=np.int8).reshape(-1, first)
    mask = np.ones((len(chosen), len(clusters)), dtype=bool)
    np.put_along_axis(mask, chosen.astype(np.int64), values=False, axis=1)
    left = np.nonzero(mask)[1].astype(np.int8).reshape(len(chosen), -1)
    below = _deal(np.arange(left.shape[1], dtype=np.int8), rest)
    head = np.repeat(clusters[chosen], len(below), axis=0)
    tail = clusters[left[:, below].reshape(-1, left.shape[1])]
    return np.concatenate([head, tail], axis=1)
