"""The prompts of a trade-off whose choice turns with one format axis: three to look at. Computes no statistic."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.cells import Cells
from probe.analysis.formats import SLOT, Formats
from probe.report.number_format import clean, probability

__all__ = ["SHOWN", "Flipped", "flipped_prompts"]

SHOWN = 3
"""So many prompts of a trade-off are shown."""

_APART = 0.05
"""A choice is one where the probability is further than this from one half."""


@dataclass(frozen=True, slots=True)
class Flipped:
    """One item and two formats of it that differ in one axis and choose differently.

    Attributes:
        item: Its id.
        axis: The axis.
        levels: Its level in either format.
        p: Probability of the first principle in either.
        rest: The levels of every other axis that varied, as in a variant's id.
    """

    item: str
    axis: str
    levels: tuple[str, str]
    p: tuple[float, float]
    rest: str

    @property
    def reported(self) -> str:
        """One line.

        Example:
            >>> Flipped("t/a", "label_order", ("p1", "p2"), (0.8, 0.25), "cue=answer").reported
            't/a: label order p1 0.800, p2 0.250 (cue=answer)'
        """
        first, second = (f"{clean(level)} {probability(p)}" for level, p in zip(self.levels, self.p, strict=True))
        return (
            f"{clean(self.item)}: {clean(self.axis).replace('_', ' ')} {first}, {second}"
            f"{f' ({clean(self.rest)})' if self.rest else ''}"
        )


def flipped_prompts(cells: Cells) -> tuple[Flipped, ...]:
    """The items of which two formats that differ in one axis are furthest apart across one half; at most `SHOWN`.

    Args:
        cells: The revealed side of one trade-off.
    """
    varied = [row for row, item in enumerate(cells.items) if not item.fixed]
    if not varied or not cells.formats.varied:
        return ()
    p = expit(cells.z[varied])
    crosses = (p.min(axis=1) < 0.5 - _APART) & (p.max(axis=1) > 0.5 + _APART)
    found = [
        one
        for row, p_of in zip(np.array(varied)[crosses], p[crosses], strict=True)
        if (one := _widest(cells.items[row].id, p_of, cells))
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.p[0] - one.p[1]), one.item))[:SHOWN])


def _widest(item: str, p: Float64[np.ndarray, " variants"], cells: Cells) -> Flipped | None:
    """The two formats that differ in one axis, choose differently and are furthest apart; None without such two."""
    formats = cells.formats
    grid, positions = p.reshape(formats.shape), np.arange(len(p)).reshape(formats.shape)
    best, found = 0.0, None
    for dimension, (axis, levels) in enumerate(formats.varied.items()):
        lines, where = (np.moveaxis(one, dimension, -1).reshape(-1, len(levels)) for one in (grid, positions))
        for a, b in itertools.combinations(range(len(levels)), 2):
            low, high = np.minimum(lines[:, a], lines[:, b]), np.maximum(lines[:, a], lines[:, b])
            apart = np.where((low < 0.5 - _APART) & (high > 0.5 + _APART), high - low, 0.0)
            line = int(apart.argmax())
            if apart[line] > best:
                best, both = float(apart[line]), (float(lines[line, a]), float(lines[line, b]))
                rest = _others(formats, formats.variants[int(where[line, a])], axis)
                found = Flipped(item, axis, (levels[a], levels[b]), both, rest)
    return found


def _others(formats: Formats, variant: str, axis: str) -> str:
    """The levels of every other axis that varied."""
    column = {SLOT: "order"}.get(axis, axis)
    named = {{SLOT: "order"}.get(one, one) for one in formats.varied}
    parts = (part for part in variant.split(",") if part.split("=")[0] in named - {column})
    return ", ".join(parts)
