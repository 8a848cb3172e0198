"""Principles in order of strength, where trade-offs connect them; otherwise there is no order to speak of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from scipy.stats import spearmanr

from probe.analysis.claim import Ranks

__all__ = ["bradley_terry", "rank_principles"]

STEPS = 200

Ends = Int64[np.ndarray, "tradeoffs 2"]


def rank_principles(
    edges: Sequence[tuple[str, str]],
    stated: Float64[np.ndarray, " tradeoffs"],
    revealed: Float64[np.ndarray, " tradeoffs"],
) -> Ranks | str:
    """Strengths of all principles on each side, or why there are none: parts that nothing compares.

    Args:
        edges: p1 and p2 of each trade-off.
        stated: Log-odds towards p1, nats.
        revealed: The same of the revealed side.

    Example:
        >>> rank_principles([("a", "b"), ("c", "d")], np.ones(2), np.ones(2))
        'ranks refused: nothing compares the principles of these parts: a, b | c, d'
    """
    names = sorted({name for edge in edges for name in edge})
    ends = np.array([[names.index(first), names.index(second)] for first, second in edges], dtype=np.int64)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names)))
    parts, part_of = connected_components(graph, directed=False)
    if parts > 1:
        reported = [", ".join(n for n, p in zip(names, part_of, strict=True) if p == part) for part in range(parts)]
        return f"ranks refused: nothing compares the principles of these parts: {' | '.join(reported)}"
    s, r = bradley_terry(ends, stated, len(names)), bradley_terry(ends, revealed, len(names))
    return Ranks(
        stated=dict(zip(names, s.tolist(), strict=True)),
        revealed=dict(zip(names, r.tolist(), strict=True)),
        spearman=_rank_correlation(s, r),
    )


def bradley_terry(ends: Ends, z: Float64[np.ndarray, " tradeoffs"], principles: int) -> Float64[np.ndarray, " names"]:
    """Strengths u of mean 0 with P(p1 over p2) = sigmoid(u_1 - u_2), by maximum likelihood, nats.

    Without a cycle of comparisons u_1 - u_2 is the log-odds itself.

    Args:
        ends: Principle numbers of each comparison, on a connected graph.
        z: Log-odds towards the first, nats.
        principles: Their number.

    References:
        Bradley and Terry (1952), Rank analysis of incomplete block designs.
    """
    incidence = np.zeros((len(ends), principles))
    rows = np.arange(len(ends))
    np.add.at(incidence, (rows, ends[:, 0]), 1.0)
    np.add.at(incidence, (rows, ends[:, 1]), -1.0)
    u = np.linalg.lstsq(incidence, z)[0]
    for _ in range(STEPS):
        d = incidence @ u
        # p - q of two log-odds, and its slope; both keep their digits far from even odds.
        missing = expit(z) * expit(-d) - expit(-z) * expit(d)
        slope = expit(d) * expit(-d)
        step = np.linalg.lstsq(incidence.T * slope @ incidence, incidence.T @ missing, rcond=1e-13)[0]
        step *= min(1.0, 1.0 / max(float(np.abs(incidence @ step).max()), 1e-300))
        u = u + step
        if np.abs(step).max() < 1e-12:
            break
    return np.asarray(u - u.mean())


def _rank_correlation(s: Float64[np.ndarray, " names"], r: Float64[np.ndarray, " names"]) -> float | None:
    if len(s) < 3 or np.ptp(s) == 0 or np.ptp(r) == 0:
        return None
    return float(spearmanr(s, r).statistic)
