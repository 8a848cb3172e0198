"""What was read after every layer, in a line and a table. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.report.number_format import MISSING, amount, counted, probability, signed, signed_pair
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

if TYPE_CHECKING:
    from probe.analysis.depth_results import DepthCurve, DepthResult, DepthSide
    from probe.analysis.results import ModelResults

__all__ = ["apart_text", "depth_line", "depth_tables", "depths_of"]


def depths_of(model: ModelResults) -> list[tuple[str, DepthResult]]:
    """Every trade-off whose layers were read, the furthest apart first."""
    return [(key, t.depth) for key, t in by_distance(model) if t.depth is not None]


def apart_text(found: DepthResult) -> str:
    """From which layer on the signs of both sides differ, and whether both bands agree."""
    if found.stated is None or found.revealed is None:
        return "one side alone was read"
    if found.apart_from is None:
        return "one sign at the last layer"
    if found.apart_clearly_from is None:
        bands = found.stated.content.low is not None and found.revealed.content.low is not None
        return f"from layer {found.apart_from} on, " + ("bands hold 0" if bands else "no bands")
    return f"from layer {found.apart_from} on, with both bands from {found.apart_clearly_from} on"


def depth_line(key: str, found: DepthResult) -> str:
    """What a figure of one trade-off shows, in a sentence."""
    cells = ", ".join(
        f"{name} {counted(side.cells, 'cell')} of {counted(side.clusters, what)}"
        for name, side, what in (
            ("stated", found.stated, "root question"),
            ("revealed", found.revealed, "scenario"),
        )
        if side is not None
    )
    return f"{key}: {cells}; opposite signs: {apart_text(found)}."


def depth_tables(model: ModelResults) -> tuple[Table, ...]:
    """One row a trade-off and side; none where no layers were read."""
    found = depths_of(model)
    if not found:
        return ()
    rows = [
        (key, one, name, side)
        for key, one in found
        for name, side in (("stated", one.stated), ("revealed", one.revealed))
        if side is not None
    ]
    layers = found[0][1].layers
    return (
        build(
            "Where in the layers it arises",
            f"A logit lens: final norm and head on the hidden state at the decision position after each of {layers} "
            "layers, on cells in which option order and labels are crossed. It shows what the state would give if the "
            "model ended there, not what a layer represents. At the end: mean log-odds towards the first principle, "
            "in nats, over the chosen cells alone, with 95 % bootstrap bands over root questions or scenarios. From "
            "layer: the first from which on the mean has the sign of its end and at least half its size; in brackets "
            "where the band of the end holds 0 or there is none. Difference: of the last layer from the readings of "
            "the same cells.",
            rows,
            [
                Column("trade-off", lambda r: r[0]),
                word("side", lambda r: r[2]),
                Column("cells", lambda r: str(r[3].cells)),
                Column("at the end", lambda r: _end(r[3].content)),
                Column("from layer", lambda r: _arises(r[3].content)),
                Column("position at the end", lambda r: _end(_pull(r[3]))),
                Column("from layer", lambda r: _arises(_pull(r[3]))),
                Column("label at the end", lambda r: _end(r[3].label)),
                Column("from layer", lambda r: _arises(r[3].label)),
                Column("option mass at the end", lambda r: probability(r[3].option_mass[-1])),
                word("opposite signs", lambda r: apart_text(r[1])),
                Column("difference", lambda r: amount(r[1].end_difference)),
            ],
        ),
    )


def _pull(side: DepthSide) -> DepthCurve | None:
    return side.slot if side.position is None else side.position


def _end(curve: DepthCurve | None) -> str:
    if curve is None:
        return MISSING
    bounds = f" {signed_pair((curve.low[-1], curve.high[-1]))}" if curve.low and curve.high else ""
    return f"{signed(curve.values[-1])}{bounds}"


def _arises(curve: DepthCurve | None) -> str:
    if curve is None or curve.arises is None:
        return MISSING
    return str(curve.arises) if curve.clear else f"({curve.arises})"
