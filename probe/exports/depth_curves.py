"""The layers of a run as a table: one row per model, trade-off, side and layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probe.analysis.depth_results import DepthCurve, DepthResult, DepthSide
    from probe.analysis.results import StudyResults

__all__ = ["DEPTH_CURVES", "depth_curves_table"]

_CURVES = ("content", "position", "label", "slot")

DEPTH_CURVES = pa.schema(
    [
        *(pa.field(name, pa.string(), nullable=False) for name in ("model", "tradeoff", "side")),
        *(pa.field(name, pa.int64(), nullable=False) for name in ("cells", "items", "layer")),
        *(pa.field(f"{name}{end}", pa.float64()) for name in _CURVES for end in ("", "_low", "_high")),
        pa.field("option_mass", pa.float64()),
    ]
)
"""Columns of the table; curves in nats of mean log-odds, with the ends of their 95 % bands."""


def depth_curves_table(results: StudyResults) -> pa.Table:
    """One row per model, trade-off, side and layer; empty where no layers were read."""
    rows = [
        {"model": name, "tradeoff": key, "side": side, **row}
        for name, model in sorted(results.models.items())
        for key, found in sorted(model.tradeoffs.items())
        if found.depth is not None
        for side, own in (("stated", found.depth.stated), ("revealed", found.depth.revealed))
        if own is not None
        for row in _rows(found.depth, own)
    ]
    return pa.Table.from_pylist(rows, schema=DEPTH_CURVES)


def _rows(depth: DepthResult, side: DepthSide) -> Iterator[dict[str, object]]:
    mass = dict(zip(depth.mass_layers, side.option_mass, strict=True))
    for at in range(depth.layers):
        row: dict[str, object] = {"cells": side.cells, "items": side.items, "layer": at + 1}
        for name in _CURVES:
            row |= _at(name, getattr(side, name), at)
        yield {**row, "option_mass": mass.get(at + 1)}


def _at(name: str, curve: DepthCurve | None, at: int) -> dict[str, object]:
    if curve is None:
        return {}
    bounds = {f"{name}_low": curve.low[at], f"{name}_high": curve.high[at]} if curve.low and curve.high else {}
    return {name: curve.values[at], **bounds}
