"""The variance of z over items and variants, split without residual: the grid is balanced and every cell is known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from probe.analysis.formats import Formats
from probe.analysis.results import DecompositionResult

__all__ = ["decompose"]


def decompose(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], formats: Formats
) -> DecompositionResult | None:
    """Shares of items, axes and interactions in the variance of z; None if z does not vary.

    Args:
        z: Log-odds, nats.
        weights: Weight of each item; they add up to 1.
        formats: The grid of variants.
    """
    of_item = z.mean(axis=1)
    of_variant = weights @ z
    grand = float(of_variant.mean())
    variance = float(weights @ ((z - grand) ** 2).mean(axis=1))
    if variance == 0.0:
        return None
    grid = of_variant.reshape(formats.shape) - grand
    effects = {
        name: grid.mean(axis=tuple(d for d in range(grid.ndim) if d != k), keepdims=True)
        for k, name in enumerate(formats.varied)
    }
    together = grid - sum(effects.values())
    apart = z - of_item[:, None] - of_variant + grand
    return DecompositionResult(
        variance=variance,
        items=float(weights @ (of_item - grand) ** 2) / variance,
        axes={name: float((effect**2).mean()) / variance for name, effect in effects.items()},
        axis_interactions=float((together**2).mean()) / variance,
        item_interactions=float(weights @ (apart**2).mean(axis=1)) / variance,
    )
