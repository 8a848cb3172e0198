"""The format term shared out over the axes that varied, so that their interactions are split evenly.

References:
    Shapley (1953), A value for n-person games.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
from jaxtyping import Float64
from scipy.special import expit, rel_entr

from probe.analysis.formats import Formats

__all__ = ["named_axes", "shapley_values", "split_format", "subset_information"]

NAMED_TOGETHER = 0.10
"""Two leading axes are both named if they are less than this share of the term apart."""

TIED_DIGITS = 9
"""Decimal digits of an axis's share of the term by which it ranks: what differs behind them is rounding."""

Pair = tuple[np.ndarray, np.ndarray]
"""p and 1 - p, each computed and averaged by itself: both keep their relative precision near 0."""


def subset_information(
    grid: Float64[np.ndarray, "items *axes"], weights: Float64[np.ndarray, " items"]
) -> Float64[np.ndarray, " subsets"]:
    """I(choice; axes in A | item) for every subset A of the axes, in nats.

    Args:
        grid: Log-odds, one dimension per axis behind the items.
        weights: Weight of each item; they add up to 1.

    Returns:
        Indexed by the subset's bits, bit k for the axis of dimension k + 1.
    """
    axes = grid.ndim - 1
    full = (1 << axes) - 1
    kept: dict[int, Pair] = {full: (expit(grid), expit(-grid))}
    for subset in range(full - 1, -1, -1):
        # Every smaller subset is one average away from one that holds the lowest axis it lacks.
        axis = next(k for k in range(axes) if not subset >> k & 1)
        kept[subset] = _average_out(kept[subset | 1 << axis], axis + 1)
    base = kept[0]
    return np.array([_mean_kl(kept[subset], base, weights) for subset in range(full + 1)])


def _average_out(pair: Pair, dimension: int) -> Pair:
    first, second = (part.mean(axis=dimension, keepdims=True) for part in pair)
    return first, second


def _mean_kl(pair: Pair, base: Pair, weights: Float64[np.ndarray, " items"]) -> float:
    cells = sum(rel_entr(part, mean) for part, mean in zip(pair, base, strict=True))
    of_item = np.asarray(cells).reshape(len(weights), -1).mean(axis=1)
    return max(float(weights @ of_item), 0.0)


def split_format(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], formats: Formats
) -> dict[str, float]:
    """Shapley value of each varied axis in I(choice; format | item); they add up to it.

    Example:
        >>> from probe.analysis.formats import lay_formats
        >>> from probe.design.items import AXES
        >>> two = {axis: ("x",) for axis in AXES} | {"order": ("p1", "p2"), "label_order": ("p1", "p2")}
        >>> formats = lay_formats(two)
        >>> shares = split_format((0.5 + 2 * formats.label)[None], np.ones(1), formats)
        >>> round(shares["order"], 3), round(shares["label_order"], 3)
        (0.0, 0.316)
    """
    return shapley_values(list(formats.varied), subset_information(formats.grid(z), weights))


def shapley_values(names: Sequence[str], information: Float64[np.ndarray, " subsets"]) -> dict[str, float]:
    """Shapley value of each of `names`; they add up to the last entry less the first.

    Args:
        names: What is credited; bit k stands for entry k.
        information: Value of every subset, indexed by its bits.
    """
    subsets = np.arange(len(information))
    sizes = np.array([int(subset).bit_count() for subset in subsets])
    n = len(names)
    share = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)])
    values: dict[str, float] = {}
    for k, name in enumerate(names):
        without = subsets[(subsets >> k & 1) == 0]
        gains = information[without | 1 << k] - information[without]
        values[name] = float(share[sizes[without]] @ gains)
    return values


def named_axes(by_axis: dict[str, float], total: float) -> tuple[str, ...]:
    """The pivotal axis, or the first two if they differ by less than 10 % of the format term.

    Shares that are equal but for rounding rank by name, whichever way the levels are coded.

    Example:
        >>> named_axes({"order": 0.5, "cue": 0.45, "label_set": 0.05}, 1.0)
        ('order', 'cue')
        >>> named_axes({"order": 0.6, "cue": 0.4}, 1.0)
        ('order',)
    """
    if total <= 0 or not by_axis:
        return ()
    ranked = sorted(by_axis, key=lambda name: (-round(by_axis[name] / total, TIED_DIGITS), name))
    if len(ranked) > 1 and by_axis[ranked[0]] - by_axis[ranked[1]] < NAMED_TOGETHER * total:
        return ranked[0], ranked[1]
    return (ranked[0],)
