"""How far two binary distributions are apart, from their log-odds: finite without a smoothing constant."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.logspace import mixture_log_odds, softplus

__all__ = [
    "jensen_shannon",
    "kl_divergence",
    "kl_error",
    "kl_floor",
    "kl_from_log_odds",
    "soft_switch",
    "soft_switch_excess",
    "total_variation",
]


def kl_from_log_odds(
    z_p: Float64[np.ndarray, "*#cells"], z_q: Float64[np.ndarray, "*#cells"] | float
) -> Float64[np.ndarray, "..."]:
    """Relative entropy D(p || q) cell by cell, in nats.

    References:
        Cover and Thomas (2006), Elements of Information Theory, section 2.3.
    """
    z_q = np.asarray(z_q, dtype=np.float64)
    return np.asarray(np.maximum(expit(z_p) * (z_p - z_q) - softplus(z_p) + softplus(z_q), 0.0))


def kl_divergence(z_p: float, z_q: float) -> float:
    """Relative entropy D(p || q) of two binary distributions, in nats.

    Example:
        >>> round(kl_divergence(40.0, 0.0), 6)
        0.693147
    """
    return float(kl_from_log_odds(np.asarray(z_p, dtype=np.float64), z_q))


def kl_floor(delta: float) -> float:
    """What two equal preferences may show at most, if every log-odds is known within `delta` (nats).

    It follows from KL <= (z_p - z_q)^2 / 8, the variance of a choice being at most 1/4.
    """
    return delta**2 / 2


def kl_error(z_p: float, z_q: float, delta: float) -> float:
    """Numeric error of D(p || q), +-, if both log-odds are known within `delta` (nats).

    Example:
        >>> round(kl_error(0.0, 0.5, 0.05), 4), round(kl_error(0.0, 3.0, 0.05), 3)
        (0.0136, 0.061)
    """
    p, q = float(expit(z_p)), float(expit(z_q))
    slope_p = p * float(expit(-z_p)) * (z_p - z_q)
    return delta * (abs(slope_p) + abs(q - p)) + kl_floor(delta)


def jensen_shannon(z_p: float, z_q: float) -> float:
    """Jensen-Shannon divergence, in nats; at most ln 2.

    References:
        Lin (1991), Divergence measures based on the Shannon entropy.
    """
    both = np.array([z_p, z_q], dtype=np.float64)
    middle = mixture_log_odds(both, np.ones(2))
    return float(kl_from_log_odds(both, middle).mean())


def total_variation(z_p: float, z_q: float) -> float:
    """|p - q|, exact also where both are near 1."""
    if z_p > 0 and z_q > 0:
        z_p, z_q = -z_p, -z_q
    return float(abs(expit(z_p) - expit(z_q)))


def soft_switch(z_p: float, z_q: float) -> float:
    """Probability that a draw from the one differs from a draw from the other."""
    return float(expit(z_p) * expit(-z_q) + expit(z_q) * expit(-z_p))


def soft_switch_excess(z_p: float, z_q: float) -> float:
    """How far `soft_switch` exceeds the mean disagreement of two draws from the same side, (p - q)^2."""
    return total_variation(z_p, z_q) ** 2
