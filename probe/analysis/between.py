"""Stated against revealed preferences over the trade-offs of a model, whichever principle a file names first."""

from __future__ import annotations

from collections.abc import Mapping
from math import atanh, tanh

import numpy as np
from jaxtyping import Float64
from scipy.stats import binomtest

from probe.analysis.claim import Between, Interval
from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.permutation import seed_of
from probe.analysis.ranks import rank_principles
from probe.analysis.reliability import reliability
from probe.analysis.side import Setting, SideFigures, Sides

__all__ = ["between", "ceiling_corrected", "cosine", "cosine_interval"]

FEWEST = 3
"""Trade-offs from which on an interval over trade-offs is shown."""

CEILING = 0.5
"""Least reliability at which a value is corrected for it."""

Pair = tuple[SideFigures, SideFigures]
"""Stated and revealed figures of one trade-off."""


def between(sides: Mapping[str, Sides], principles: Mapping[str, tuple[str, str]], setting: Setting) -> Between | None:
    """Agreement of the sides over trade-offs; None below two trade-offs with both sides.

    Args:
        sides: Figures by trade-off.
        principles: p1 and p2 of each trade-off.
        setting: What the trade-offs share.
    """
    both = {n: (own.stated, own.revealed) for n, own in sorted(sides.items()) if own.stated and own.revealed}
    pairs: dict[str, Pair] = {name: (s, r) for name, (s, r) in both.items() if s and r}
    if len(pairs) < 2:
        return None
    stated, revealed = (np.array([pair[k].log_odds for pair in pairs.values()]) for k in (0, 1))
    latent = cosine(*(np.array([pair[k].latent for pair in pairs.values()]) for k in (0, 1)))
    same = int((stated * revealed > 0).sum())
    share = binomtest(same, len(pairs)).proportion_ci(method="exact")
    alike = cosine(stated, revealed)
    halves = reliability(list(pairs.values()), setting.formats, seed_of(setting.model, "between"))
    edges = [principles[name] for name in pairs]
    ranks = rank_principles(edges, stated, revealed)
    return Between(
        tradeoffs=len(pairs),
        same_sign=same / len(pairs),
        same_sign_interval=(float(share.low), float(share.high)),
        cosine=alike,
        cosine_interval=cosine_interval(stated, revealed),
        cosine_latent=latent,
        reliability=halves,
        ceiling_corrected=ceiling_corrected(alike, halves.stated, halves.revealed),
        ranks=None if isinstance(ranks, str) else ranks,
        ranks_refused=ranks if isinstance(ranks, str) else None,
    )


def cosine(stated: Float64[np.ndarray, " tradeoffs"], revealed: Float64[np.ndarray, " tradeoffs"]) -> float | None:
    """Sum z_S z_R / sqrt(sum z_S^2 sum z_R^2): 1 if the sides are proportional, 0 if they share nothing.

    None if one side is nothing but even odds.

    Example:
        >>> round(cosine(np.array([1.0, -2.0]), np.array([2.0, -4.0])), 12)
        1.0
    """
    size = float(np.linalg.norm(stated) * np.linalg.norm(revealed))
    return float(stated @ revealed) / size if size > 0 else None


def cosine_interval(
    stated: Float64[np.ndarray, " tradeoffs"], revealed: Float64[np.ndarray, " tradeoffs"], level: float = 0.95
) -> Interval | None:
    """Interval over trade-offs, by a jackknife of atanh of the cosine; None below three or where it is +-1."""
    n = len(stated)
    whole = cosine(stated, revealed)
    without = [cosine(np.delete(stated, k), np.delete(revealed, k)) for k in range(n)]
    known = [value for value in (whole, *without) if value is not None and abs(value) < 1 - 1e-12]
    if n < FEWEST or len(known) <= n:
        return None
    centre = atanh(known[0])
    pseudo = n * centre - (n - 1) * np.arctanh(known[1:])
    bounds = t_interval(pseudo, equal_weights(n), level)
    if bounds is None:
        return None
    half = (bounds[1] - bounds[0]) / 2
    return tanh(centre - half), tanh(centre + half)


def ceiling_corrected(value: float | None, stated: float | None, revealed: float | None) -> float | None:
    """A cosine over the root of the product of two reliabilities; None where one is below .5 or unknown.

    References:
        Spearman (1904), The proof and measurement of association between two things.

    Example:
        >>> ceiling_corrected(0.6, 0.8, 0.45) is None, round(ceiling_corrected(0.6, 0.8, 0.8), 12)
        (True, 0.75)
    """
    if value is None or stated is None or revealed is None or min(stated, revealed) < CEILING:
        return None
    return value / float(np.sqrt(stated * revealed))
