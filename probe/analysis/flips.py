"""Items whose choice depends on the format, and how far p and z move."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import comb, expit

from probe.analysis.results import FlipsResult, SpreadResult

__all__ = ["flip_rates", "flips", "spread"]

NEAR_EVEN = 0.05
"""A variant this near to p = 0.5 chooses nothing."""

PIVOTAL = 0.10
"""Flip rate from which on an item counts as pivotal."""

FEW = 4
"""Number of random variants for the figure that can be compared across designs."""


def flips(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], delta: float
) -> FlipsResult:
    """How often the format decides which option is chosen.

    Args:
        z: Log-odds, nats.
        weights: Weight of each item; they add up to 1.
        delta: Numeric floor of a log-odds, nats.
    """
    variants = z.shape[1]
    plus, minus = _signs(z, delta)
    decided = plus + minus > 0
    rates = np.minimum(plus, minus) / np.maximum(plus + minus, 1)
    pairs = variants * (variants - 1) / 2
    return FlipsResult(
        rate=float(weights[decided] @ rates[decided] / weights[decided].sum()) if decided.any() else None,
        pivot_prevalence=float(weights @ (rates >= PIVOTAL)),
        prevalence_of_four=_prevalence_of_four(plus, minus, variants, weights),
        disagreement=float(weights @ (plus * minus) / pairs) if pairs else None,
        undecided=float(weights @ ~decided),
        spread=spread(z, weights),
    )


def flip_rates(z: Float64[np.ndarray, "items variants"], delta: float) -> Float64[np.ndarray, " items"]:
    """min(n+, n-)/(n+ + n-) of each item; not a number where no variant of it counts."""
    plus, minus = _signs(z, delta)
    rates = np.minimum(plus, minus) / np.maximum(plus + minus, 1)
    return np.where(plus + minus > 0, rates, np.nan)


def _signs(z: Float64[np.ndarray, "items variants"], delta: float) -> tuple[np.ndarray, np.ndarray]:
    """How many variants of each item count and choose its first option, and how many its second."""
    counts = (np.abs(expit(z) - 0.5) > NEAR_EVEN) & (np.abs(z) > delta)
    return (counts & (z > 0)).sum(axis=1), (counts & (z < 0)).sum(axis=1)


def _prevalence_of_four(
    plus: np.ndarray, minus: np.ndarray, variants: int, weights: Float64[np.ndarray, " items"]
) -> float | None:
    """Expected `pivot_prevalence` with four variants drawn without replacement.

    Among four variants one dissenter is a flip rate of at least 25 %, so an item is pivotal if both signs occur.
    """
    if variants < FEW:
        return None
    draws = comb(variants, FEW)
    lacks = comb(variants - plus, FEW) + comb(variants - minus, FEW) - comb(variants - plus - minus, FEW)
    return float(weights @ (1 - lacks / draws))


def spread(z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> SpreadResult:
    """Weighted means over items of how far p and z move over the variants."""
    p = expit(z)
    p_low, p_high = np.quantile(p, [0.05, 0.95], axis=1)
    z_low, z_high = np.quantile(z, [0.05, 0.95], axis=1)
    return SpreadResult(
        variants=z.shape[1],
        p_range=float(weights @ (p_high - p_low)),
        p_sd=float(weights @ p.std(axis=1)),
        p_max_min=float(weights @ np.ptp(p, axis=1)),
        z_range=float(weights @ (z_high - z_low)),
        z_sd=float(weights @ z.std(axis=1)),
        z_max_min=float(weights @ np.ptp(z, axis=1)),
    )
