"""At which layer stated and revealed part, and where preferences and biases arise: means over cells, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64

from probe.analysis.depth_results import DepthCurve, DepthResult, DepthSide
from probe.analysis.permutation import seed_of
from probe.analysis.results import ModelResults
from probe.analysis.weights import nested_weights
from probe.design.depth import BEHIND_ID, SIDES
from probe.errors import StudyError

__all__ = ["DRAWS", "FEWEST", "arises_at", "depth_of", "last_run", "with_depths"]

DRAWS = 2000
"""Bootstrap samples of root questions or scenarios behind a band."""

FEWEST = 4
"""Root questions or scenarios that a band needs."""

Layers = Float64[np.ndarray, " layers"]


def with_depths(
    models: Mapping[str, ModelResults], rows: pa.Table, readings: pa.Table, unordered: Sequence[str]
) -> dict[str, ModelResults]:
    """The same results with the layers of each trade-off of which some cells were read so.

    Args:
        models: Results by model.
        rows: Rows of ``depth.parquet``.
        readings: Rows of ``readings.parquet``.
        unordered: Label sets whose first label is arbitrary.

    Raises:
        StudyError: A cell has not every layer, or a number is not finite.
    """
    found = dict(models)
    for name in sorted(set(rows["model"].unique().to_pylist()) & models.keys()):
        own = rows.filter(pc.equal(rows["model"], name))
        read = readings.filter(pc.equal(readings["model"], name))
        tradeoffs = dict(models[name].tradeoffs)
        for key in sorted(set(own["tradeoff"].unique().to_pylist()) & tradeoffs.keys()):
            of_key, read_key = (one.filter(pc.equal(one["tradeoff"], key)) for one in (own, read))
            tradeoffs[key] = replace(tradeoffs[key], depth=depth_of(of_key, read_key, unordered, (name, key)))
        found[name] = replace(models[name], tradeoffs=tradeoffs)
    return found


def depth_of(rows: pa.Table, readings: pa.Table, unordered: Sequence[str], named: tuple[str, str]) -> DepthResult:
    """The layers of one trade-off of one model.

    Args:
        rows: Its rows of ``depth.parquet``.
        readings: Its rows of ``readings.parquet``.
        unordered: Label sets whose first label is arbitrary.
        named: Model and trade-off, of which the draws are made.

    Raises:
        StudyError: A cell has not every layer, or a number is not finite.
    """
    cells = _cells(rows)
    sides = {name: _side(cells, name, unordered, named) for name in SIDES}
    stated, revealed = sides["stated"], sides["revealed"]
    read = (readings[name].to_pylist() for name in ("item", "variant", "log_odds"))
    known = {(item, variant): z for item, variant, z in zip(*read, strict=True)}
    ends = [abs(known[key] - z[-1]) for key, z in zip(cells.keys, cells.z, strict=True) if key in known]
    apart = clearly = None
    if stated is not None and revealed is not None:
        opposite = np.array(stated.content.values) * np.array(revealed.content.values) < 0
        apart, clearly = last_run(opposite), last_run(opposite & _leaves_out_0(stated) & _leaves_out_0(revealed))
    return DepthResult(
        layers=cells.z.shape[1],
        mass_layers=tuple(int(at) + 1 for at in np.flatnonzero(np.isfinite(cells.mass).all(axis=0))),
        stated=stated,
        revealed=revealed,
        apart_from=apart,
        apart_clearly_from=clearly,
        end_difference=max(ends) if ends else None,
    )


def last_run(holds: Bool[np.ndarray, " layers"]) -> int | None:
    """The first layer from which on something holds up to the last, counted from 1; None where it does not at the last.

    Example:
        >>> last_run(np.array([True, False, True, True])), last_run(np.array([True, False]))
        (3, None)
    """
    if not len(holds) or not holds[-1]:
        return None
    broken = np.flatnonzero(~holds)
    return int(broken[-1]) + 2 if broken.size else 1


def arises_at(values: Layers) -> int | None:
    """The first layer from which on a curve has the sign of its end and at least half of its size.

    Example:
        >>> arises_at(np.array([0.1, -2.0, 1.2, 0.9, 2.0])), arises_at(np.zeros(3))
        (5, None)
    """
    return last_run(values * np.sign(values[-1]) >= abs(values[-1]) / 2) if values[-1] else None


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells of a trade-off, a row each.

    Attributes:
        keys: Item, as the readings call it, and variant.
        side: Which each is of.
        cluster: Its root question or scenario.
        order: +1 where the first principle's option is shown first, else -1.
        label: +1 where the first principle has the first label, else -1.
        label_set: Its label set.
        label_orders: Levels of the axis of label order that were read.
        z: Log-odds after every layer, nats.
        mass: Option mass; not a number where it was not read.
    """

    keys: tuple[tuple[str, str], ...]
    side: tuple[str, ...]
    cluster: tuple[str, ...]
    order: Float64[np.ndarray, " cells"]
    label: Float64[np.ndarray, " cells"]
    label_set: tuple[str, ...]
    label_orders: frozenset[str]
    z: Float64[np.ndarray, "cells layers"]
    mass: Float64[np.ndarray, "cells layers"]


def _cells(rows: pa.Table) -> _Cells:
    rows = rows.sort_by([(name, "ascending") for name in ("item", "variant", "layer")])
    layer, z = rows["layer"].to_numpy(), rows["log_odds"].to_numpy()
    layers = int(layer.max())
    if not np.array_equal(layer, np.tile(np.arange(1, layers + 1), len(layer) // layers)) or not np.isfinite(z).all():
        raise StudyError(
            f"depth.parquet: a cell of {rows['tradeoff'][0]} has not every layer from 1 to {layers}, or a number that "
            "is none. Run the study again in this folder: finished cells are kept and the rest is read."
        )
    first = rows.take(pa.array(np.arange(0, len(layer), layers))).to_pylist()
    order = np.array([1.0 if one["axis_order"] == "p1" else -1.0 for one in first])
    label = [one["axis_label_order"] for one in first]
    return _Cells(
        keys=tuple((one["item"].removesuffix(BEHIND_ID), one["variant"]) for one in first),
        side=tuple(one["side"] for one in first),
        cluster=tuple(one["cluster"] for one in first),
        order=order,
        label=np.where(np.array(label) == "position", order, np.where(np.array(label) == "p1", 1.0, -1.0)),
        label_set=tuple(one["axis_label_set"] for one in first),
        label_orders=frozenset(label),
        z=z.reshape(-1, layers),
        mass=rows["option_mass"].to_numpy().reshape(-1, layers),
    )


def _side(cells: _Cells, side: str, unordered: Sequence[str], named: tuple[str, str]) -> DepthSide | None:
    rows = [row for row, own in enumerate(cells.side) if own == side]
    if not rows:
        return None
    items, clusters = [cells.keys[row][0] for row in rows], [cells.cluster[row] for row in rows]
    weights = nested_weights(clusters, items)
    z, order, label = cells.z[rows], cells.order[rows], cells.label[rows]
    ordered = np.array([cells.label_set[row] not in unordered for row in rows])
    follows, moves = cells.label_orders == {"position"}, len(set(order.tolist())) > 1
    has_label = cells.label_orders == {"p1", "p2"} and bool(ordered.any())

    def curve(
        values: Float64[np.ndarray, "cells layers"], chosen: Bool[np.ndarray, " cells"] | None = None
    ) -> DepthCurve:
        return _curve(values, weights, clusters, chosen, seed_of("depth", *named, side))

    mass = cells.mass[rows]
    known = np.isfinite(cells.mass).all(axis=0)
    return DepthSide(
        cells=len(rows),
        items=len(set(items)),
        clusters=len(set(clusters)),
        content=curve(z),
        position=curve(order[:, None] * z) if moves and "position" not in cells.label_orders else None,
        label=curve(label[:, None] * z, ordered) if has_label else None,
        slot=curve(order[:, None] * z) if moves and follows else None,
        option_mass=tuple((weights @ mass[:, known]).tolist()),
    )


def _curve(
    values: Float64[np.ndarray, "cells layers"],
    weights: Float64[np.ndarray, " cells"],
    clusters: Sequence[str],
    chosen: Bool[np.ndarray, " cells"] | None,
    seed: Sequence[int],
) -> DepthCurve:
    """Mean over clusters, with percentiles of the means of clusters drawn with replacement."""
    names = np.array(clusters)
    own = np.ones(len(names), np.bool_) if chosen is None else chosen
    means = np.stack(
        [
            weights[at] @ values[at] / weights[at].sum()
            for name in dict.fromkeys(clusters)
            if (at := np.flatnonzero((names == name) & own)).size
        ]
    )
    whole = means.mean(axis=0)
    low = high = None
    if len(means) >= FEWEST:
        drawn = np.random.default_rng(list(seed)).integers(0, len(means), (DRAWS, len(means)))
        low, high = np.percentile(means[drawn].mean(axis=1), [2.5, 97.5], axis=0)
    clear = low is not None and high is not None and bool(low[-1] > 0 or high[-1] < 0)
    return DepthCurve(_listed(whole), _bounds(low), _bounds(high), arises_at(whole), clear)


def _bounds(values: Layers | None) -> tuple[float, ...] | None:
    return None if values is None else _listed(values)


def _listed(values: Layers) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _leaves_out_0(side: DepthSide) -> Bool[np.ndarray, " layers"]:
    low, high = side.content.low, side.content.high
    if low is None or high is None:
        return np.zeros(len(side.content.values), np.bool_)
    return np.asarray((np.array(low) > 0) | (np.array(high) < 0))
