"""How far a side would agree with itself over trade-offs: halves of its clusters, halves of its variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import logsumexp

from probe.analysis.claim import Reliability
from probe.analysis.formats import BALANCING_AXES, Formats
from probe.analysis.intervals import equal_weights
from probe.analysis.logspace import log_probabilities
from probe.analysis.neutral_grids import pooled_over_positions
from probe.analysis.side import SideFigures

__all__ = ["SPLITS", "half_log_odds", "random_halves", "reliability", "stepped_up"]

SPLITS = 200

Split = Bool[np.ndarray, "splits units"]


def reliability(pairs: Sequence[tuple[SideFigures, SideFigures]], formats: Formats, seed: Sequence[int]) -> Reliability:
    """Split-half reliabilities of stated and revealed log-odds over trade-offs.

    Formats are halved by the levels of axes other than order and label order, so that biases cancel in each half and
    no figure depends on which principle is p1.

    Args:
        pairs: Stated and revealed figures of each trade-off.
        formats: The grid of variants, without places of a neutral option.
        seed: Of the splits.

    References:
        Spearman (1910) and Brown (1910), on the reliability of a test of twice the length.
    """
    rng = np.random.default_rng(list(seed))

    def of_clusters(side: SideFigures) -> tuple[np.ndarray, ...] | None:
        clusters = side.clusters
        if len(clusters.names) < 2:
            return None
        split = random_halves(len(clusters.names), rng)
        return half_log_odds(clusters.log_odds, clusters.weights, split)

    point = _balanced_points(formats)
    halves = random_halves(int(point.max()) + 1, rng)[:, point] if point.any() else None

    def of_formats(side: SideFigures) -> tuple[np.ndarray, ...] | None:
        if halves is None:
            return None
        return half_log_odds(_by_variant(side), equal_weights(len(point)), halves)

    stated, revealed = ([pair[k] for pair in pairs] for k in (0, 1))
    return Reliability(
        stated=_median(stated, of_clusters),
        revealed=_median(revealed, of_clusters),
        format_stated=_median(stated, of_formats),
        format_revealed=_median(revealed, of_formats),
        splits=SPLITS,
    )


def random_halves(clusters: int, rng: np.random.Generator) -> Split:
    """Random halves of so many units, True for the first half; of an odd number the second is the larger."""
    first = np.arange(clusters) < clusters // 2
    return rng.permuted(np.broadcast_to(first, (SPLITS, clusters)), axis=1)


def half_log_odds(
    z: Float64[np.ndarray, " units"], weights: Float64[np.ndarray, " units"], split: Split
) -> tuple[Float64[np.ndarray, " splits"], Float64[np.ndarray, " splits"]]:
    """Log-odds of the weighted mean p of each half, nats."""
    first, second = (part + np.log(weights) for part in log_probabilities(z))

    def pooled(chosen: Split) -> Float64[np.ndarray, " splits"]:
        out = np.where(chosen, 0.0, -np.inf)
        return np.asarray(logsumexp(first + out, axis=1) - logsumexp(second + out, axis=1))

    return pooled(split), pooled(~split)


def stepped_up(
    first: Float64[np.ndarray, "splits tradeoffs"], second: Float64[np.ndarray, "splits tradeoffs"]
) -> Float64[np.ndarray, " splits"]:
    """2c / (1 + c) of the cosine c of two halves over trade-offs, at least -1.

    Example:
        >>> stepped_up(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]])).round(12).tolist()
        [0.75]
    """
    size = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    alike = np.divide((first * second).sum(axis=1), size, out=np.zeros_like(size), where=size > 0)
    alike = np.maximum(alike, -1 / 3)  # where 2c / (1 + c) is -1
    return np.asarray(2 * alike / (1 + alike))


def _balanced_points(formats: Formats) -> Int64[np.ndarray, " variants"]:
    """For each variant the number of its combination of levels of the axes that are not mirror images."""
    other = [k for k, axis in enumerate(formats.varied) if axis not in BALANCING_AXES]
    if not other:
        return np.zeros(len(formats.variants), dtype=np.int64)
    levels = np.indices(formats.shape).reshape(len(formats.shape), -1)[other]
    return np.asarray(np.unique(levels, axis=1, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _by_variant(side: SideFigures) -> Float64[np.ndarray, " variants"]:
    first, second = (part + np.log(side.weights)[:, None] for part in log_probabilities(side.cells.z))
    return pooled_over_positions(logsumexp(first, axis=0) - logsumexp(second, axis=0), side.cells.formats)


def _median(
    sides: Sequence[SideFigures], halves: Callable[[SideFigures], tuple[np.ndarray, ...] | None]
) -> float | None:
    """None if a trade-off cannot be split, or if there are too few to agree over."""
    found = [halves(side) for side in sides]
    known = [pair for pair in found if pair is not None]
    if len(known) < len(sides) or len(sides) < 2:
        return None
    first, second = (np.stack([pair[k] for pair in known], axis=1) for k in (0, 1))
    return float(np.median(stepped_up(first, second)))
