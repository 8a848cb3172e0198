"""How far a condition moves preferences beside how far formats do, from the readings of several conditions."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64

from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.neutral_grids import tabulate_grids
from probe.design.items import AXES, FIXED

__all__ = ["Shift", "shifts"]


@dataclass(frozen=True, slots=True)
class Shift:
    """A root mean square in nats of log-odds, over root questions and scenarios.

    Attributes:
        name: The condition, or `formats`.
        content: Of the change of an item's mean over formats; None for `formats`.
        content_interval: 95 %: the roots of the t interval of the mean square over clusters, not below 0.
        cell: Of the change of a single cell; for `formats` of a cell from its item's mean over formats.
        cell_interval: Likewise.
        turned: Share of items whose preferred option is another, beyond the larger numeric floor; for `formats` the
            share of pairs of formats that disagree.
        turned_interval: 95 % t interval over clusters, within 0 and 1.
        floor: Numeric floor of a log-odds under this condition, nats.
    """

    name: str
    content: float | None
    content_interval: tuple[float, float] | None
    cell: float
    cell_interval: tuple[float, float] | None
    turned: float
    turned_interval: tuple[float, float] | None
    floor: float


def shifts(readings: pa.Table, base: str) -> tuple[Shift, ...]:
    """Formats under the base condition, then every other condition against it.

    Args:
        readings: Rows of `conditions.parquet`, with the floors in its metadata.
        base: Name of the condition that the others are compared with.
    """
    columns = {axis: sorted(pc.unique(readings[f"axis_{axis}"]).to_pylist()) for axis in AXES}
    axes = {axis: tuple(level for level in levels if level != FIXED[axis]) for axis, levels in columns.items()}
    floors = json.loads(readings.schema.metadata[b"floors"])
    grids = {name: grid.plain.of_varied() for name, grid in tabulate_grids(readings, axes).items()}
    first = grids[base]
    sides = [row for row, item in enumerate(first.items) if item.side in ("stated", "revealed")]
    first = first.take(sides)
    clusters = [item.cluster for item in first.items]
    means = first.z.mean(axis=1)
    found = [_formats(first.z, clusters, floors[base])]
    for name in floors:  # in the order in which they were measured
        if name == base:
            continue
        other = grids[name].take(sides)
        if [item.id for item in other.items] != [item.id for item in first.items]:
            raise ValueError(f"{name}: other items than {base}")
        floor = max(floors[base], floors[name])
        moved = other.z.mean(axis=1)
        turned = (np.sign(moved) != np.sign(means)) & (np.abs(moved) > floor) & (np.abs(means) > floor)
        content, content_interval = _root(_by_cluster((moved - means) ** 2, clusters))
        cell, cell_interval = _root(_by_cluster(((other.z - first.z) ** 2).mean(axis=1), clusters))
        rate, rate_interval = _share(_by_cluster(turned.astype(float), clusters))
        found.append(Shift(name, content, content_interval, cell, cell_interval, rate, rate_interval, floors[name]))
    return tuple(found)


def _formats(z: Float64[np.ndarray, "items variants"], clusters: list[str], floor: float) -> Shift:
    cell, cell_interval = _root(_by_cluster(z.var(axis=1), clusters))
    count = z.shape[1]
    plus, minus = (z > floor).sum(axis=1), (z < -floor).sum(axis=1)
    rate, rate_interval = _share(_by_cluster(plus * minus / (count * (count - 1) / 2), clusters))
    return Shift("formats", None, None, cell, cell_interval, rate, rate_interval, floor)


def _by_cluster(values: Float64[np.ndarray, " items"], clusters: list[str]) -> Float64[np.ndarray, " clusters"]:
    _, where = np.unique(clusters, return_inverse=True)
    return np.asarray(np.bincount(where, weights=values) / np.bincount(where))


def _root(squares: Float64[np.ndarray, " clusters"]) -> tuple[float, tuple[float, float] | None]:
    bounds = t_interval(squares, equal_weights(len(squares)))
    low_high = bounds and (max(0.0, bounds[0]) ** 0.5, max(0.0, bounds[1]) ** 0.5)
    return float(squares.mean() ** 0.5), low_high


def _share(rates: Float64[np.ndarray, " clusters"]) -> tuple[float, tuple[float, float] | None]:
    bounds = t_interval(rates, equal_weights(len(rates)))
    return float(rates.mean()), bounds and (max(0.0, bounds[0]), min(1.0, bounds[1]))
