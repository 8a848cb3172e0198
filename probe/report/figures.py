"""One plotly figure per idea, drawn from the results. Computes no statistic."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from probe.analysis.results import ModelResults, NumericFloor, TradeOffResult
from probe.design.items import AXES
from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.number_format import amount, nats, probability, share
from probe.report.plot_style import Row, rows, safe
from probe.report.sentences import by_distance
from probe.report.truth import Comparison

__all__ = ["biases", "budget", "option_mass", "pivots", "planted_and_measured"]

_LABELLED = 0.08
"""A part of a bar is labelled from this share of the longest bar on: less has no room on a phone."""

_SIDES = (("stated", colours.STATED, "circle", 16), ("revealed", colours.REVEALED, "diamond", 12))
_KINDS = {"position": "circle", "label": "diamond", "slot": "square"}


def _note(result: TradeOffResult, text: str = "") -> str:
    return " · ".join(part for part in (text, "not interpretable" if result.gates else "") if part)


def budget(model: ModelResults) -> go.Figure:
    """The deviation budget of each trade-off as one stacked bar, in nats."""
    found = [(key, t, b) for key, t in by_distance(model) if (b := t.budget) is not None]
    floor = model.numeric_floor
    named = [
        Row(
            key,
            _note(t, f"{nats(b.total, floor)} nats" if b.total is not None else "no stated side, no gap"),
        )
        for key, t, b in found
    ]
    figure = rows(named, "nats", None)
    totals = [b.total for _, _, b in found]
    for name, colour in colours.TERMS.items():
        values = [getattr(b, name) for _, _, b in found]
        _add_bars(figure, name, colour, values, [key for key, _, _ in found], totals, floor)
    return figure


def _add_bars(
    figure: go.Figure,
    name: str,
    colour: str,
    values: Sequence[float | None],
    keys: Sequence[str],
    totals: Sequence[float | None],
    floor: NumericFloor,
) -> None:
    longest = max((total for total in totals if total is not None), default=0.0)
    shares = [share(value, total) for value, total in zip(values, totals, strict=True)]
    figure.add_bar(
        x=list(values),
        y=list(range(len(values))),
        orientation="h",
        name=name,
        marker={"color": colour, "line": {"width": 1, "color": "#8a8a8a"}},
        text=[
            part if (value or 0) >= _LABELLED * longest and total is not None else ""
            for value, total, part in zip(values, totals, shares, strict=True)
        ],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={"color": colours.INK, "size": 11},
        constraintext="none",
        hovertext=[
            f"{safe(key)}, {safe(name)}: {nats(value, floor)} nats, {part}"
            for key, value, part in zip(keys, values, shares, strict=True)
        ],
        hoverinfo="text",
    )


def pivots(model: ModelResults) -> go.Figure:
    """The format term of each trade-off, split by format axis."""
    found = [(key, t, b) for key, t in by_distance(model) if (b := t.budget) is not None and b.format_by_axis]
    named = [Row(key, _note(t, " and ".join(_words(axis) for axis in t.pivot_axes))) for key, t, _ in found]
    figure = rows(named, "nats of the format term")
    present = {axis for _, _, b in found for axis in b.format_by_axis}
    known = ("slot", *AXES)
    for axis in (*(axis for axis in known if axis in present), *sorted(present.difference(known))):
        colour = colours.axis_colour(axis)
        values = [b.format_by_axis.get(axis) for _, _, b in found]
        keys, terms = [key for key, _, _ in found], [b.format for _, _, b in found]
        _add_bars(figure, _words(axis), colour, values, keys, terms, model.numeric_floor)
    return figure


def biases(model: ModelResults) -> go.Figure:
    """Position, label and slot bias of both sides, in nats of log-odds."""
    ranked = by_distance(model)
    points = {
        (side, kind): [
            (i, key, value) for i, (key, t) in enumerate(ranked) if (value := _bias(t, side, kind)) is not None
        ]
        for side in ("revealed", "stated")
        for kind in _KINDS
    }
    values = [0.0, *(value for found in points.values() for _, _, value in found)]
    room = 0.08 * (max(values) - min(values)) or 1.0
    named = [Row(key, _note(t)) for key, t in ranked]
    figure = rows(named, "nats towards what is first", (min(values) - room, max(values) + room))
    figure.layout.shapes = [canvas.upright(0)]
    for (side, kind), found in points.items():
        if found:
            _add_points(figure, f"{kind}, {side}", found, _bias_marker(side, kind))
    return figure


def _bias_marker(side: str, kind: str) -> go.scatter.Marker:
    """Stated marks are open and larger, so that a revealed mark at the same place is seen inside."""
    if side == "revealed":
        return go.scatter.Marker(color=colours.REVEALED, symbol=_KINDS[kind], size=9)
    return go.scatter.Marker(
        color=colours.STATED, symbol=f"{_KINDS[kind]}-open", size=15, line={"width": 2, "color": colours.STATED}
    )


def _bias(result: TradeOffResult, side: str, kind: str) -> float | None:
    found = result.bias_stated if side == "stated" else result.bias
    if found is None:
        return None
    return {"position": found.position, "label": found.label, "slot": found.slot}[kind]


def _add_points(figure: go.Figure, name: str, points: Sequence[tuple[int, str, float]], marker: dict[str, str]) -> None:
    figure.add_scatter(
        x=[value for _, _, value in points],
        y=[index for index, _, _ in points],
        mode="markers",
        name=name,
        marker=marker,
        text=[f"{safe(key)}, {name}: {amount(value)}" for _, key, value in points],
        hovertemplate="%{text}<extra></extra>",
    )


def option_mass(model: ModelResults) -> go.Figure:
    """Mean option mass of both sides: how much of the next token is an answer at all."""
    ranked = by_distance(model)
    figure = rows([Row(key, _note(t)) for key, t in ranked], "probability of all forms of all labels", (-0.02, 1.02))
    for side, colour, symbol, size in _SIDES:
        points = [
            (i, key, value)
            for i, (key, t) in enumerate(ranked)
            if (value := t.option_mass.stated if side == "stated" else t.option_mass.revealed) is not None
        ]
        _add_points(figure, side, points, go.scatter.Marker(color=colour, symbol=symbol, size=size))
    return figure


def planted_and_measured(comparisons: Sequence[Comparison]) -> go.Figure:
    """Measured against planted preference; a perfect reading puts every point on the diagonal."""
    figure = rows((), "planted probability", (-0.02, 1.02))
    figure.update_layout(height=420, margin={"l": 58})
    figure.update_yaxes(
        range=[-0.02, 1.02],
        showgrid=True,
        gridcolor="rgba(136, 136, 136, 0.25)",
        showticklabels=True,
        title={"text": "measured"},
    )
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"width": 1, "dash": "dot", "color": "#888"})
    for side, colour, symbol, size in _SIDES:
        found = [c for c in comparisons if c.quantity == side]
        figure.add_scatter(
            x=[c.planted for c in found],
            y=[c.measured for c in found],
            mode="markers",
            name=side,
            marker=go.scatter.Marker(color=colour, symbol=symbol, size=size),
            text=[
                f"{safe(c.tradeoff)}, {side}: planted {probability(c.planted)}, measured {probability(c.measured)}"
                for c in found
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    return figure


def _words(axis: str) -> str:
    return axis.replace("_", " ")
