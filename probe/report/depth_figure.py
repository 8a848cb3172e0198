"""Both sides of a trade-off after every layer: content, biases, option mass. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.number_format import probability, signed
from probe.report.plot_style import safe

if TYPE_CHECKING:
    from probe.analysis.depth_results import DepthCurve, DepthResult

__all__ = ["depth_curves"]

_PANELS = {"y": (0.6, 1.0), "y2": (0.22, 0.54), "y3": (0.0, 0.16)}
_TITLES = {"y": "content, nats", "y2": "biases, nats", "y3": "option mass"}
_TICKS = 12
_GRID = "rgba(136, 136, 136, 0.25)"


def depth_curves(key: str, found: DepthResult) -> go.Figure:
    """Above the mean log-odds of both sides with their bands, in the middle position and label, below option mass."""
    figure = canvas.rows((), "layer", (0.5, found.layers + 0.5))
    figure.update_layout(height=560, margin={"l": 62, "t": 62, "b": 48})
    figure.update_xaxes(anchor="y3", tickmode="linear", tick0=1, dtick=-(-found.layers // _TICKS))
    for axis, (low, high) in _PANELS.items():
        figure.layout[f"yaxis{axis[1:]}"] = {
            **{"domain": [low, high], "fixedrange": True, "zeroline": False, "showgrid": True, "gridcolor": _GRID},
            **{"automargin": True, "nticks": 5, "title": {"text": _TITLES[axis], "font": {"size": 12}}},
        }
    figure.update_layout(yaxis3={"range": [0, 1.08], "nticks": 3})
    figure.layout.shapes = [_zero("y"), _zero("y2"), *_apart(found)]
    sides = (
        ("stated", found.stated, colours.STATED, "dot", ("circle-open", 10)),
        ("revealed", found.revealed, colours.REVEALED, "solid", ("circle", 5)),
    )
    for name, side, colour, dash, (symbol, size) in sides:
        if side is None:
            continue
        _add(figure, key, name, side.content, colour, "solid", "y")
        for bias, axis in (("position", "order"), ("label", "label_order"), ("slot", "slot")):
            curve = getattr(side, bias)
            if curve is not None:
                _add(figure, key, f"{bias}, {name}", curve, colours.axis_colour(axis), dash, "y2", band=False)
        figure.add_scatter(
            x=list(found.mass_layers),
            y=list(side.option_mass),
            yaxis="y3",
            mode="lines+markers",
            name=f"option mass, {name}",
            showlegend=False,
            line={"color": colour, "width": 1.5},
            marker={"color": colour, "size": size, "symbol": symbol},
            hovertext=[
                f"{safe(key)}, layer {layer}: option mass {probability(mass)}, {name}"
                for layer, mass in zip(found.mass_layers, side.option_mass, strict=True)
            ],
            hoverinfo="text",
        )
    return figure


def _add(
    figure: go.Figure, key: str, name: str, curve: DepthCurve, colour: str, dash: str, axis: str, *, band: bool = True
) -> None:
    layers = list(range(1, len(curve.values) + 1))
    if band and curve.low and curve.high:
        figure.add_scatter(
            x=[*layers, *reversed(layers)],
            y=[*curve.high, *reversed(curve.low)],
            yaxis=axis,
            mode="lines",
            fill="toself",
            fillcolor=colour,
            opacity=0.2,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=layers,
        y=list(curve.values),
        yaxis=axis,
        mode="lines",
        name=name,
        line={"color": colour, "width": 2, "dash": dash},
        hovertext=[
            f"{safe(key)}, layer {layer}, {name}: {signed(value)} nats{_between(curve, layer)}"
            for layer, value in zip(layers, curve.values, strict=True)
        ],
        hoverinfo="text",
    )


def _between(curve: DepthCurve, layer: int) -> str:
    if not (curve.low and curve.high):
        return ""
    return f", 95 % band [{signed(curve.low[layer - 1])}, {signed(curve.high[layer - 1])}]"


def _zero(axis: str) -> dict[str, object]:
    ends = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": axis, "y0": 0, "y1": 0}
    return {**ends, "line": {"width": 1, "color": "#888"}}


def _apart(found: DepthResult) -> list[dict[str, object]]:
    """Where the signs of both sides separate."""
    return [] if found.apart_from is None else [canvas.upright(found.apart_from - 0.5, "dot")]
