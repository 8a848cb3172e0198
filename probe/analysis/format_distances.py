"""How far the same questions asked in two formats lie apart: a matrix over all pairs of formats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.cells import Cells
from probe.analysis.logspace import softplus
from probe.analysis.neutral_grids import NeutralGrids
from probe.analysis.results import FormatDistances
from probe.analysis.weights import revealed_weights

__all__ = ["format_distances", "mean_divergences"]


def format_distances(tradeoffs: Sequence[Cells | NeutralGrids]) -> FormatDistances | None:
    """The mean over revealed items of the divergence of each format from each other, trade-offs weighing alike.

    Items that were asked as they stand have one format and count for nothing here.

    Args:
        tradeoffs: Cells of each trade-off that counts, all sides, in one grid of formats.

    Returns:
        None where there is one format only, or no item was asked in several.
    """
    sides = [cells.of_side("revealed").of_varied() for cells in tradeoffs]
    parts = [
        mean_divergences(side.z, revealed_weights([item.cluster for item in side.items]))
        for side in sides
        if side.items and len(side.formats.variants) > 1
    ]
    if not parts:
        return None
    mean = np.mean(parts, axis=0)
    variants = next(side.formats.variants for side in sides if side.items)
    return FormatDistances(variants, tuple(tuple(float(cell) for cell in row) for row in mean), len(parts))


def mean_divergences(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]
) -> Float64[np.ndarray, "variants variants"]:
    """Weighted mean over items of D(row's format || column's format), in nats.

    D(p || q) = p (z_p - z_q) - softplus(z_p) + softplus(z_q), whose mean over items is a product of matrices.

    Args:
        z: Log-odds of each item in each format.
        weights: Of the items; they add up to 1.

    References:
        Cover and Thomas (2006), Elements of Information Theory, section 2.3.
    """
    p, soft = expit(z), softplus(z)
    own = weights @ (p * z - soft)
    divergences = own[:, None] - (p * weights[:, None]).T @ z + (weights @ soft)[None, :]
    np.fill_diagonal(divergences, 0.0)
    return np.asarray(np.maximum(divergences, 0.0))
