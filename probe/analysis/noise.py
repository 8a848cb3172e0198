"""The gap between the sides against what formats do within them: a description, never a condition of a claim."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from probe.analysis.budget import format_information
from probe.analysis.claim import GapToNoise
from probe.analysis.divergence import kl_divergence, kl_floor
from probe.analysis.neutral_grids import over_positions
from probe.analysis.side import SideFigures

__all__ = ["gap_to_noise"]


def gap_to_noise(stated: SideFigures, revealed: SideFigures, delta: float) -> GapToNoise:
    """KL(R || S) over the mean format information of the two sides.

    Args:
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
        delta: Numeric floor of a log-odds, nats.
    """
    noise = sum(format_information(side.cells.z, side.weights) for side in (stated, revealed)) / 2
    below = noise <= kl_floor(delta)
    gap = revealed.preference.deployed - stated.preference.deployed
    by_format = [over_positions(side.weights @ expit(side.cells.z), side.cells.formats) for side in (stated, revealed)]
    by_variant = by_format[1] - by_format[0]
    return GapToNoise(
        ratio=None if below else kl_divergence(revealed.log_odds, stated.log_odds) / noise,
        noise=noise,
        noise_below_floor=below,
        same_sign=float((np.sign(by_variant) == np.sign(gap)).mean()) if gap else None,
    )
