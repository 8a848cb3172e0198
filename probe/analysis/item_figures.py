"""What each item shows by itself: its preference, its log-odds, how often its formats choose differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from probe.analysis.cells import Cells, ItemRow
from probe.analysis.flips import flip_rates
from probe.analysis.neutral_grids import NeutralGrids

__all__ = ["ItemFigures", "item_figures"]


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """One item of one model over all its formats.

    Attributes:
        about: What the table says of it.
        formats: How many it was read in.
        p: Mean probability of its first option.
        z: Mean log-odds of it, nats.
        z_sd: Standard deviation of the log-odds over formats, nats.
        flip_rate: min(n+, n-)/(n+ + n-) over formats that decide; None where none does.
        option_mass: Mean probability of all forms of all labels.
    """

    about: ItemRow
    formats: int
    p: float
    z: float
    z_sd: float
    flip_rate: float | None
    option_mass: float


def item_figures(grids: NeutralGrids, delta: float) -> Iterator[ItemFigures]:
    """Every item of a model, by id.

    Args:
        grids: Readings of one model.
        delta: Numeric floor of a log-odds, nats.
    """
    found = [one for cells in (grids.plain, grids.offered) if cells is not None for one in _of_cells(cells, delta)]
    yield from sorted(found, key=lambda one: one.about.id)


def _of_cells(cells: Cells, delta: float) -> Iterator[ItemFigures]:
    if not cells.items:
        return
    means = (expit(cells.z), cells.z, cells.mass)
    p, z, mass = (values.mean(axis=1) for values in means)
    spread, rates = cells.z.std(axis=1), flip_rates(cells.z, delta)
    for row, item in enumerate(cells.items):
        yield ItemFigures(
            about=item,
            formats=1 if item.fixed else cells.z.shape[1],
            p=float(p[row]),
            z=float(z[row]),
            z_sd=float(spread[row]),
            flip_rate=None if np.isnan(rates[row]) else float(rates[row]),
            option_mass=float(mass[row]),
        )
