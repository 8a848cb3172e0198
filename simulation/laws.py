"""How the content of clusters is spread around its mean: quantile functions with mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri

__all__ = ["Law", "normal", "skewed", "two_camps"]

Law: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Value at each probability strictly between 0 and 1."""


def normal(u: Float64[np.ndarray, "*units"]) -> Float64[np.ndarray, "*units"]:
    """Standard normal."""
    return np.asarray(ndtri(u))


def two_camps(u: Float64[np.ndarray, "*units"]) -> Float64[np.ndarray, "*units"]:
    """One half of the clusters at -1, the other at 1."""
    return np.where(u < 0.5, -1.0, 1.0)


def skewed(u: Float64[np.ndarray, "*units"]) -> Float64[np.ndarray, "*units"]:
    """Exponential with its mean taken off: a few clusters far towards the first principle."""
    return np.asarray(-np.log1p(-u) - 1.0)
