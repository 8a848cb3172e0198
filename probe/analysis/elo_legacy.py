"""Elo ratings of hard choices, as published value rankings use them: a legacy, for comparison with their tables only.

A rating depends on the order in which choices are fed and forgets how sure a choice was; use `utilities` instead.
"""

from __future__ import annotations

import numpy as np

from probe.analysis.bradley_terry import Comparisons

__all__ = ["elo_legacy"]

GAIN, SCALE, START, ROUNDS = 4.0, 400.0, 1000.0, 100


def elo_legacy(comparisons: Comparisons, seed: int = 0) -> dict[str, float]:
    """Mean rating of each outcome over 100 random orders of the choices; even pairs are ties.

    References:
        Elo (1978), The rating of chessplayers; the constants are those of LitmusValues, arXiv 2505.14633.
    """
    rng = np.random.default_rng(seed)
    won = (np.sign(comparisons.z) + 1) / 2
    total = np.zeros(len(comparisons.names))
    for _ in range(ROUNDS):
        rating = np.full(len(comparisons.names), START)
        for pair in rng.permutation(len(won)):
            first, second = comparisons.ends[pair]
            expected = 1 / (1 + 10 ** ((rating[second] - rating[first]) / SCALE))
            gain = GAIN * (won[pair] - expected)
            rating[first] += gain
            rating[second] -= gain
        total += rating
    return dict(zip(comparisons.names, (total / ROUNDS).tolist(), strict=True))
