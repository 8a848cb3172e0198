"""t intervals over a handful of units; they speak of other units of this kind, not of the cells' own error."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import stdtrit

__all__ = ["t_interval"]


def t_interval(
    values: Float64[np.ndarray, " units"],
    weights: Float64[np.ndarray, " units"],
    level: float = 0.95,
) -> tuple[float, float] | None:
    """Interval of the weighted mean, with units - 1 degrees of freedom; None below two units.

    With equal weights it is the textbook interval mean +- t s / sqrt(n).

    Args:
        values: One value per unit.
        weights: Positive; they add up to 1.
        level: Coverage.

    Example:
        >>> low, high = t_interval(np.array([1.0, 2.0, 3.0]), np.full(3, 1 / 3))
        >>> round(low, 4), round(high, 4)
        (-0.4841, 4.4841)
    """
    n = len(values)
    if n < 2:
        return None
    mean = float(weights @ values)
    variance = n / (n - 1) * float(weights**2 @ (values - mean) ** 2)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * variance**0.5
    return mean - half, mean + half
