"""Random log-odds of a side: many independent sets of items at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from simulation.layout import Planned, format_shifts, revealed_items, stated_items
from simulation.world import FormatEffects, Revealed, Spread, Stated

__all__ = ["Clusters", "cluster_means", "draw_revealed", "draw_side", "draw_stated"]

Axes = Mapping[str, tuple[str, ...]]
Sets = Float64[np.ndarray, "sets items variants"]


@dataclass(frozen=True, slots=True)
class Clusters:
    """Mean p of every cluster of every set, and its log-odds (nats)."""

    p: Float64[np.ndarray, "sets clusters"]
    z: Float64[np.ndarray, "sets clusters"]


def draw_side(
    items: Sequence[Planned], effects: FormatEffects, spread: Spread, axes: Axes, sets: int, rng: np.random.Generator
) -> Sets:
    """Log-odds towards p1 of every cell, in `sets` independent sets of items.

    Args:
        items: The side's items.
        effects: What the format adds.
        spread: How items differ.
        axes: Levels of the axes that vary.
        sets: Number of sets.
        rng: Where chance comes from.
    """
    clusters = sorted({item.cluster for item in items})
    of_item = np.array([clusters.index(item.cluster) for item in items])
    own = spread.between * spread.law(_open(rng, (sets, len(clusters))))
    z = np.array([item.shift for item in items]) + own[:, of_item]
    z = z + spread.within * rng.standard_normal((sets, len(items)))
    shifts = format_shifts(effects, axes)
    grid = z[:, :, None] + shifts
    if effects.items:
        grid = grid + effects.items * rng.standard_normal(grid.shape)
    return np.asarray(grid)


def _open(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform numbers that are neither 0 nor 1, where a quantile may be infinite."""
    return np.asarray(np.clip(rng.random(shape), 2**-53, 1 - 2**-53))


def draw_stated(tradeoff: str, side: Stated, axes: Axes, sets: int, rng: np.random.Generator) -> Sets:
    """Log-odds of the stated items, in the order of `stated_items`."""
    return draw_side(stated_items(tradeoff, side), side.formats, side.spread, axes, sets, rng)


def draw_revealed(tradeoff: str, side: Revealed, axes: Axes, sets: int, rng: np.random.Generator) -> Sets:
    """Log-odds of the cells and bridges, in the order of `revealed_items`."""
    return draw_side(revealed_items(tradeoff, side), side.formats, side.spread, axes, sets, rng)


def cluster_means(items: Sequence[Planned], z: Sets) -> Clusters:
    """Mean p of each cluster, its items and their variants counting equally; bridges do not enter."""
    rows = [row for row, item in enumerate(items) if item.side != "bridge"]
    names = sorted({items[row].cluster for row in rows})
    member = np.array([[items[row].cluster == name for name in names] for row in rows], dtype=np.float64)
    member /= member.sum(axis=0)
    first = expit(z[:, rows]).mean(axis=2) @ member
    second = expit(-z[:, rows]).mean(axis=2) @ member
    return Clusters(first, np.log(first) - np.log(second))
