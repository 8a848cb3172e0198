"""Sides that offer a neutral option have more formats than sides that do not: how the two are brought together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64
from scipy.special import logsumexp

from probe.analysis.cells import Cells, ItemRow, no_cells, study_levels, tabulate
from probe.analysis.formats import Formats, lay_formats
from probe.analysis.logspace import log_probabilities

__all__ = ["NeutralGrids", "over_positions", "pooled_over_positions", "tabulate_grids", "widened"]

_NEUTRAL = ",neutral="


def over_positions(values: Float64[np.ndarray, " variants"], formats: Formats) -> Float64[np.ndarray, " formats"]:
    """Mean over the places of a neutral option; what there is where none is offered.

    Args:
        values: One number per variant of `formats`.
        formats: The grid, of which the place is the last axis.
    """
    return values.reshape(-1, formats.positions).mean(axis=1) if formats.positions > 1 else values


def pooled_over_positions(z: Float64[np.ndarray, " variants"], formats: Formats) -> Float64[np.ndarray, " formats"]:
    """Log-odds of the mean probability over the places of a neutral option, nats."""
    if formats.positions == 1:
        return z
    first, second = (part.reshape(-1, formats.positions) for part in log_probabilities(z))
    return np.asarray(logsumexp(first, axis=1) - logsumexp(second, axis=1))


def widened(values: Float64[np.ndarray, "items variants"], variants: int) -> Float64[np.ndarray, "items all_variants"]:
    """Each column as often as a larger grid has places for it.

    Example:
        >>> widened(np.array([[1.0, 2.0]]), 4).tolist()
        [[1.0, 1.0, 2.0, 2.0]]
    """
    return np.repeat(values, variants // values.shape[1], axis=1)


@dataclass(frozen=True, slots=True)
class NeutralGrids:
    """Readings of one model: of the sides without a neutral option, and of those that offer one.

    Attributes:
        plain: Cells of the sides without one; without items where every side offers it.
        offered: Cells of the others; None where no side offers one.
    """

    plain: Cells
    offered: Cells | None

    @property
    def items(self) -> tuple[ItemRow, ...]:
        """Items of all sides."""
        return self.plain.items + (self.offered.items if self.offered else ())

    def of_tradeoff(self, tradeoff: str) -> NeutralGrids:
        """The cells of one trade-off."""
        return NeutralGrids(self.plain.of_tradeoff(tradeoff), self.offered and self.offered.of_tradeoff(tradeoff))

    def of_side(self, side: str) -> Cells:
        """The cells of one side, all on one grid."""
        offered = self.offered.of_side(side) if self.offered else None
        return offered if offered and offered.items else self.plain.of_side(side)


def tabulate_grids(readings: pa.Table, axes: Mapping[str, tuple[str, ...]]) -> dict[str, NeutralGrids]:
    """Arrays of each model, by name, whatever the order of the table's rows.

    A side offers a neutral option if any of its rows has one; its items that are asked as they stand go with it.

    Args:
        readings: Rows of ``readings.parquet``.
        axes: Levels of the axes that the design names.

    Raises:
        StudyError: a cell is missing, stands there twice, is outside the design, or is not finite.
    """
    levels = study_levels(readings, axes)
    with_neutral = readings.filter(pc.match_substring(readings.column("variant"), _NEUTRAL))
    sides = pc.unique(with_neutral.column("side"))
    separate = pc.is_in(readings.column("side"), sides)
    plain = tabulate(readings.filter(pc.invert(separate)), lay_formats(levels))
    if with_neutral.num_rows == 0:
        return {model: NeutralGrids(cells, None) for model, cells in plain.items()}
    found = {str(variant).rpartition(_NEUTRAL)[2] for variant in pc.unique(with_neutral.column("variant")).to_pylist()}
    wide = lay_formats({**levels, "neutral": axes.get("neutral", tuple(sorted(found)))})
    offered = tabulate(readings.filter(separate), wide)
    none = no_cells(lay_formats(levels))
    return {
        name: NeutralGrids(plain.get(name, none), offered.get(name)) for name in sorted(plain.keys() | offered.keys())
    }
