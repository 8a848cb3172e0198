"""The difference of the sides in each format by itself: what a study that had used one format would have found."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.formats import Formats
from probe.analysis.intervals import DIFFERENCE, welch
from probe.analysis.results import SpecificationCurve
from probe.analysis.side import SideFigures

__all__ = ["specification_curve"]


def specification_curve(
    stated: SideFigures | None, revealed: SideFigures | None, formats: Formats
) -> SpecificationCurve | None:
    """R - S of every format, each with a 95 % Welch interval over clusters; None without both sides or formats.

    The mean of the differences over formats is the deployed R - S. Places of a neutral option are averaged over.

    Args:
        stated: Figures of the stated side.
        revealed: Figures of the revealed side.
        formats: The grid of formats, without places of a neutral option.

    References:
        Simonsohn, Simmons & Nelson (2020), Specification curve analysis, Nature Human Behaviour 4, 1208-1214.
    """
    if stated is None or revealed is None or len(formats.variants) < 2:
        return None
    s, r = _by_format(stated), _by_format(revealed)
    own, other = stated.clusters.weights, revealed.clusters.weights
    low, high = [None] * len(formats.variants), [None] * len(formats.variants)
    if min(own.size, other.size) >= 2:
        low, high = (np.clip(ends, *DIFFERENCE).tolist() for ends in welch(r, s, other, own).interval())
    return SpecificationCurve(
        formats=formats.variants,
        stated=tuple((s @ own).tolist()),
        revealed=tuple((r @ other).tolist()),
        low=tuple(low),
        high=tuple(high),
    )


def _by_format(side: SideFigures) -> Float64[np.ndarray, "formats clusters"]:
    """Mean probability of the first principle in every cluster, by format."""
    p = expit(side.cells.z)
    p = p.reshape(len(p), -1, side.cells.formats.positions).mean(axis=2)
    names = [item.cluster for item in side.cells.items]
    member = np.array([[name == cluster for cluster in side.clusters.names] for name in names], dtype=np.float64)
    weights = member * side.weights[:, None]
    return np.asarray(p.T @ (weights / weights.sum(axis=0)))
