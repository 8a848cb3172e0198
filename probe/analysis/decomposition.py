"""The variance of z over items and variants, split without residual: the grid is balanced and every cell is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float64

from probe.analysis.effects import AxisEffect, FormatEffects, PairEffect
from probe.analysis.formats import Formats
from probe.analysis.results import DecompositionResult

__all__ = ["decompose", "format_effects"]


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
    deviation = z - of_item[:, None] - of_variant + grand
    return DecompositionResult(
        variance=variance,
        items=float(weights @ (of_item - grand) ** 2) / variance,
        axes={name: float((effect**2).mean()) / variance for name, effect in effects.items()},
        axis_interactions=float((together**2).mean()) / variance,
        item_interactions=float(weights @ (deviation**2).mean(axis=1)) / variance,
    )


def format_effects(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], formats: Formats
) -> FormatEffects:
    """Main effect of every axis and interaction of every two, in nats of log-odds.

    With every cell of the grid known the terms are orthogonal, so nothing depends on the order in which they are
    taken out, and nothing is left over.

    Args:
        z: Log-odds, nats.
        weights: Weight of each item; they add up to 1.
        formats: The grid of variants.
    """
    names = list(formats.varied)
    mean = float(weights @ z.mean(axis=1))
    own = formats.grid(z - z.mean(axis=1)[:, None])
    common = np.tensordot(weights, own, axes=1)
    deviation = own - common
    axes, pairs = {}, []
    variance = float(weights @ ((z - mean) ** 2).mean(axis=1))
    main = [_kept(common, (k,)) for k in range(len(names))]
    of_item = [_kept(deviation, (0, k + 1)) for k in range(len(names))]
    for k, (name, levels) in enumerate(formats.varied.items()):
        axes[name] = AxisEffect(
            levels=dict(zip(levels, map(float, main[k].ravel()), strict=True)),
            size=_rms(main[k]),
            item_size=_item_rms(of_item[k], weights),
        )
    higher = np.asarray(common - sum(main))
    for a, b in combinations(range(len(names)), 2):
        both = _kept(common, (a, b)) - main[a] - main[b]
        higher = higher - both
        pairs.append(_pair(both, formats, (names[a], names[b]), variance))
    return FormatEffects(
        mean=mean,
        axes=axes,
        pairs=tuple(sorted(pairs, key=lambda pair: (-pair.size, pair.axes))),
        higher_size=_rms(higher),
        item_higher_size=_item_rms(deviation - sum(of_item), weights),
    )


def _kept(values: Float64[np.ndarray, "*axes"], kept: tuple[int, ...]) -> Float64[np.ndarray, "*means"]:
    """Mean over all dimensions but the kept ones, which stay in place."""
    return np.asarray(values.mean(axis=tuple(d for d in range(values.ndim) if d not in kept), keepdims=True))


def _pair(both: Float64[np.ndarray, "*axes"], formats: Formats, names: tuple[str, str], variance: float) -> PairEffect:
    rows, columns = (formats.varied[name] for name in names)
    table = both.reshape(len(rows), len(columns))
    size = _rms(both)
    return PairEffect(
        axes=names,
        cells={r: dict(zip(columns, map(float, line), strict=True)) for r, line in zip(rows, table, strict=True)},
        size=size,
        share=size**2 / variance if variance else 0.0,
    )


def _rms(values: Float64[np.ndarray, "*axes"]) -> float:
    return float(np.sqrt((values**2).mean()))


def _item_rms(values: Float64[np.ndarray, "items *axes"], weights: Float64[np.ndarray, " items"]) -> float:
    return float(np.sqrt(weights @ (values**2).reshape(len(weights), -1).mean(axis=1)))
