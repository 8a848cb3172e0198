"""Mixtures of binary distributions that are given as log-odds, without overflow."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

__all__ = ["item_log_odds", "log_probabilities", "mixture_log_odds", "sigmoid", "softplus"]


def softplus(z: Float64[np.ndarray, "*cells"] | float) -> Float64[np.ndarray, "*cells"]:
    """ln(1 + e^z), which is -ln of the probability of the second option."""
    return np.asarray(np.logaddexp(0.0, z))


def sigmoid(z: float) -> float:
    """Probability whose log-odds are `z`."""
    return float(expit(z))


def log_probabilities(
    z: Float64[np.ndarray, "*cells"],
) -> tuple[Float64[np.ndarray, "*cells"], Float64[np.ndarray, "*cells"]]:
    """Logarithms of p and of 1 - p, both exact in relative terms however near p is to 0 or 1."""
    return -softplus(-z), -softplus(z)


def mixture_log_odds(z: Float64[np.ndarray, "*cells"], weights: Float64[np.ndarray, "*cells"]) -> float:
    """Log-odds of the weighted mean probability.

    Args:
        z: Log-odds in nats, any finite size.
        weights: Positive, of the shape of `z`; they need not add up to 1.

    Example:
        >>> z = np.array([40.0, 40.0])
        >>> round(mixture_log_odds(z, np.ones(2)), 12)  # the mean of sigmoid(40) is 1.0 in float64
        40.0
    """
    log_weights = np.log(weights)
    first, second = log_probabilities(z)
    return _log_sum_exp(first + log_weights) - _log_sum_exp(second + log_weights)


def item_log_odds(z: Float64[np.ndarray, "items variants"]) -> Float64[np.ndarray, " items"]:
    """Log-odds of each item's mean probability over its variants, which count equally.

    Example:
        >>> item_log_odds(np.array([[7.0, -7.0], [50.0, 50.0]])).round(12).tolist()
        [0.0, 50.0]
    """
    first, second = log_probabilities(z)
    return np.asarray(np.logaddexp.reduce(first, axis=1) - np.logaddexp.reduce(second, axis=1))


def _log_sum_exp(terms: Float64[np.ndarray, "*cells"]) -> float:
    top = terms.max()
    return float(top + np.log(np.exp(terms - top).sum()))
