"""The ladder as a waterfall: from the general question over bridge and steps to the choice. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.ladder_text import STEPS
from probe.report.number_format import signed
from probe.report.plot_style import Row, rows, safe
from probe.report.sentences import by_distance

if TYPE_CHECKING:
    from probe.analysis.ladder_results import LadderResult
    from probe.analysis.results import ModelResults

__all__ = ["waterfall"]

_HEIGHT = 0.16
_OFFSETS = dict(zip(STEPS, (-0.2, 0.0, 0.2), strict=True))
"""Each term of a row lies a little below the one before it, as it begins where that ends."""


def waterfall(model: ModelResults) -> go.Figure | None:
    """One row a trade-off; None where the ladder was not read."""
    found = [(key, t.gates, t.ladder) for key, t in by_distance(model) if t.ladder is not None]
    if not found:
        return None
    named = [
        Row(key, " · ".join(["not interpretable"] * bool(gates) + [f"total {signed(one.total.value)} nats"]))
        for key, gates, one in found
    ]
    ends = [end for _, _, one in found for end in (0.0, *_starts(one), *one.cells.values(), *_general(one))]
    room = 0.08 * (max(ends) - min(ends)) or 1.0
    span = min(ends) - room, max(ends) + room
    figure = rows(named, "log-odds towards the first principle, nats", span, pitch=84, lift=32)
    figure.update_layout(barmode="overlay")
    figure.layout.shapes = [canvas.upright(0)]
    for index, (field, name) in enumerate(STEPS.items()):
        figure.add_bar(
            x=[getattr(one, field).value for *_, one in found],
            base=[_starts(one)[index] for *_, one in found],
            y=[row + _OFFSETS[field] for row in range(len(found))],
            width=_HEIGHT,
            orientation="h",
            name=name,
            marker={"color": colours.STEPS[field], "line": {"width": 1, "color": "#8a8a8a"}},
            hovertext=[_text_of(key, name, one, field) for key, _, one in found],
            hoverinfo="text",
        )
    _add_points(figure, "stated in general", colours.STATED, "circle", [(k, _general(one), 0.0) for k, _, one in found])
    _add_points(figure, "bridge", colours.QUIET, "square", [(k, (one.cells["000"],), -0.2) for k, _, one in found])
    _add_points(figure, "choice", colours.REVEALED, "diamond", [(k, (one.cells["111"],), 0.2) for k, _, one in found])
    return figure


def _starts(one: LadderResult) -> tuple[float, ...]:
    """Where each term begins, and where the last one ends."""
    found = [one.cells["000"]]
    for field in STEPS:
        found.append(found[-1] + getattr(one, field).value)
    return tuple(found)


def _general(one: LadderResult) -> tuple[float, ...]:
    """Mean z of the stated side, where there is one."""
    return () if one.general_to_bridge is None else (one.cells["000"] - one.general_to_bridge.value,)


def _text_of(key: str, name: str, one: LadderResult, field: str) -> str:
    step = getattr(one, field)
    bounds = f", 95 % interval [{signed(step.interval[0])}, {signed(step.interval[1])}]" if step.interval else ""
    return f"{safe(key)}, {name}: {signed(step.value)} nats{bounds}, {one.scenarios} scenarios"


def _add_points(
    figure: go.Figure, name: str, colour: str, symbol: str, marks: list[tuple[str, tuple[float, ...], float]]
) -> None:
    drawn = [(row, key, at[0], offset) for row, (key, at, offset) in enumerate(marks) if at]
    figure.add_scatter(
        x=[at for *_, at, _ in drawn],
        y=[row + offset for row, *_, offset in drawn],
        mode="markers",
        name=name,
        marker=go.scatter.Marker(color=colour, symbol=symbol, size=9),
        hovertext=[f"{safe(key)}, {name}: {signed(at)} nats" for _, key, at, _ in drawn],
        hoverinfo="text",
    )
