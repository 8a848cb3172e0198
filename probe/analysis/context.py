"""What a context factor does: contrasts within a scenario, so that no scenario is compared with another."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.cells import ItemRow
from probe.analysis.intervals import t_interval
from probe.analysis.results import ContextEffect
from probe.design.items import MATE

__all__ = ["context_effects"]

ENOUGH = 6
"""Scenarios from which on an interval over scenarios is shown beside the range."""

Contrasts = dict[str, dict[str, list[tuple[float, float]]]]
"""On p and z, one pair a scenario, by factor and level."""


def context_effects(
    items: Sequence[ItemRow], z: Float64[np.ndarray, "items variants"]
) -> dict[str, dict[str, ContextEffect]]:
    """Effect of each level of each factor: mean of its cells minus the scenario's mean.

    A scenario of which some cells are absent carries no contrast: its levels would differ in other factors too.

    Args:
        items: The revealed items.
        z: Their log-odds towards the first principle, nats.
    """
    p_of, z_of = expit(z).mean(axis=1), z.mean(axis=1)
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item.cluster, []).append(row)
    found: Contrasts = {}
    for own in rows.values():
        _collect(found, [dict(items[row].crossed) for row in own], p_of[own], z_of[own])
    return {
        factor: {level: _effect(np.array(pairs)) for level, pairs in sorted(levels.items())}
        for factor, levels in sorted(found.items())
    }


def _collect(
    found: Contrasts,
    contexts: Sequence[dict[str, str]],
    p: Float64[np.ndarray, " items"],
    z: Float64[np.ndarray, " items"],
) -> None:
    levels: dict[str, set[str]] = {}
    for context in contexts:
        for factor, level in context.items():
            levels.setdefault(factor, set()).add(level)
    if prod(len(seen) for seen in levels.values()) != len(contexts):
        return
    for factor, seen in levels.items():
        if len(seen) < 2 or factor == MATE:
            continue
        for level in seen:
            at = np.array([context.get(factor) == level for context in contexts])
            contrast = (float(p[at].mean() - p.mean()), float(z[at].mean() - z.mean()))
            found.setdefault(factor, {}).setdefault(level, []).append(contrast)


def _effect(pairs: Float64[np.ndarray, "scenarios 2"]) -> ContextEffect:
    n = len(pairs)
    equal = np.full(n, 1 / n)
    (p, z), low, high = pairs.mean(axis=0), pairs.min(axis=0), pairs.max(axis=0)
    return ContextEffect(
        scenarios=n,
        p=float(p),
        z=float(z),
        p_range=(float(low[0]), float(high[0])),
        z_range=(float(low[1]), float(high[1])),
        p_interval=t_interval(pairs[:, 0], equal) if n >= ENOUGH else None,
        z_interval=t_interval(pairs[:, 1], equal) if n >= ENOUGH else None,
    )
