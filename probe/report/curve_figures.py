"""The specification curve: R - S in every format, sorted, above the levels that make it. Computes no statistic."""

from __future__ import annotations

import plotly.graph_objects as go

from probe.analysis.results import SpecificationCurve, TradeOffResult
from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.format_levels import levels_of
from probe.report.number_format import signed
from probe.report.plot_style import safe

__all__ = ["curve_line", "specification_curve"]

_MARGIN = 0.05
_TOP, _CURVE, _LINE, _BETWEEN = 12, 170, 17, 14


def curve_line(curve: SpecificationCurve) -> str:
    """The least and the largest, in how many formats, and how many have one sign."""
    gaps = curve.gaps
    above, below = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    return (
        f"R − S from {signed(min(gaps))} to {signed(max(gaps))} over {len(gaps)} "
        f"{'format' if len(gaps) == 1 else 'formats'}, above 0 in {above} and below 0 in {below}"
    )


def specification_curve(key: str, found: TradeOffResult) -> go.Figure | None:
    """R - S of one trade-off in each format by itself, sorted, with 95 % intervals over clusters.

    A dot below the curve says which level of each axis a format has; the band is the margin of no deviation, the dashed
    line the value over all formats.

    References:
        Simonsohn, Simmons & Nelson (2020), Specification curve analysis, Nature Human Behaviour 4, 1208-1214.
    """
    curve = found.specification
    if curve is None or len(curve.formats) < 2:
        return None
    order = sorted(range(len(curve.formats)), key=lambda number: curve.gaps[number])
    levels = levels_of(curve, found.varied_axes)
    named = [(axis, level) for axis in levels for level in found.varied_axes[axis]]
    figure = _empty(len(named), len(order))
    figure.layout.shapes = _frame(found.gap)
    _add_curve(figure, key, curve, order)
    _add_dots(figure, named, levels, order)
    return figure


def _empty(lines: int, formats: int) -> go.Figure:
    """Two panels over one axis of ranks."""
    inner = _CURVE + _BETWEEN + _LINE * lines
    figure = canvas.rows((), "", (-0.6, formats - 0.4), legend=False)
    figure.update_layout(height=_TOP + inner + 8, margin={"l": 14, "r": 14, "t": _TOP, "b": 8}, showlegend=False)
    figure.update_xaxes(showticklabels=False, showgrid=False, anchor="y2", ticks="")
    figure.update_yaxes(
        domain=[1 - _CURVE / inner, 1],
        range=None,
        autorange=True,
        showgrid=True,
        gridcolor="rgba(136, 136, 136, 0.25)",
        showticklabels=True,
        automargin=True,
        nticks=6,
        title={"text": "R − S", "font": {"size": 12}, "standoff": 6},
    )
    figure.layout.yaxis2 = {
        "domain": [0, _LINE * lines / inner],
        "range": [lines - 0.5, -0.5],
        "fixedrange": True,
        "zeroline": False,
        "showgrid": False,
        "automargin": True,
        "ticks": "",
        "tickmode": "array",
    }
    return figure


def _frame(gap: float | None) -> list[dict[str, object]]:
    across = {"xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "layer": "below"}
    band = {"type": "rect", "y0": -_MARGIN, "y1": _MARGIN, "fillcolor": colours.BAND, "line": {"width": 0}}
    drawn = [{**across, **band}, {**across, "type": "line", "y0": 0, "y1": 0, "line": {"width": 1, "color": "#888"}}]
    if gap is not None:
        whole = {"width": 1, "color": colours.GAP, "dash": "dash"}
        drawn.append({**across, "type": "line", "y0": gap, "y1": gap, "line": whole})
    return drawn


def _add_curve(figure: go.Figure, key: str, curve: SpecificationCurve, order: list[int]) -> None:
    gaps = [curve.gaps[number] for number in order]
    bounds = [(curve.low[number], curve.high[number]) for number in order]
    figure.add_scatter(
        x=list(range(len(order))),
        y=gaps,
        mode="markers",
        marker={"color": colours.GAP, "size": 6 if len(order) <= 64 else 3},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [None if high is None else high - gap for gap, (_, high) in zip(gaps, bounds, strict=True)],
            "arrayminus": [None if low is None else gap - low for gap, (low, _) in zip(gaps, bounds, strict=True)],
            "color": colours.QUIET,
            "thickness": 1,
            "width": 0,
        },
        text=[
            f"{safe(key)}: {signed(gap)}{_pair(pair)}<br>{safe(curve.formats[number], 120)}"
            for gap, pair, number in zip(gaps, bounds, order, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _pair(bounds: tuple[float | None, float | None]) -> str:
    return "" if None in bounds else f" [{signed(bounds[0])}, {signed(bounds[1])}]"


def _add_dots(
    figure: go.Figure, named: list[tuple[str, str]], levels: dict[str, tuple[str, ...]], order: list[int]
) -> None:
    """Each axis in its own colour, the one it has in the other figures."""
    for axis, values in levels.items():
        lines = {level: index for index, (of, level) in enumerate(named) if of == axis}
        points = [(rank, lines[values[number]]) for rank, number in enumerate(order) if values[number] in lines]
        figure.add_scatter(
            x=[rank for rank, _ in points],
            y=[line for _, line in points],
            yaxis="y2",
            mode="markers",
            name=axis.replace("_", " "),
            marker={"color": colours.axis_colour(axis), "symbol": "square", "size": 6 if len(order) <= 64 else 3},
            hoverinfo="skip",
        )
    reported = [safe(f"{axis.replace('_', ' ')} {level}", 22) for axis, level in named]
    figure.update_layout(
        yaxis2={"tickvals": list(range(len(reported))), "ticktext": reported, "tickfont": {"size": 11}},
    )
