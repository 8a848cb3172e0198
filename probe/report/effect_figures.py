"""Figures of what moves the choice: format axes and context factors as forests, and the shift of log-odds."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from probe.analysis.results import ContextEffect, ModelResults, Preference
from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.number_format import signed
from probe.report.plot_style import Row, rows, safe
from probe.report.sentences import by_distance

__all__ = ["axis_effects", "context_effects", "log_odds"]


def axis_effects(model: ModelResults) -> go.Figure | None:
    """Main effect of every level of every format axis, one mark a trade-off and side; None where no format varied."""
    found: dict[tuple[str, str], list[tuple[str, str, float]]] = {}
    for key, t in by_distance(model):
        for side, effects in (("revealed", t.format_effects), ("stated", t.format_effects_stated)):
            for axis, effect in effects.axes.items() if effects else ():
                for level, value in effect.levels.items():
                    found.setdefault((axis, level), []).append((side, key, value))
    if not found:
        return None
    named = [Row(f"{axis.replace('_', ' ')}: {level}") for axis, level in found]
    values = [value for marks in found.values() for _, _, value in marks]
    figure = rows(named, "nats towards the first principle", _span([0.0, *values]), pitch=46)
    figure.layout.shapes = [canvas.upright(0)]
    for side, marker in (("stated", _open_marker()), ("revealed", _filled_marker())):
        marks = [
            (index, key, axis, level, value)
            for index, ((axis, level), own) in enumerate(found.items())
            for own_side, key, value in own
            if own_side == side
        ]
        figure.add_scatter(
            x=[value for *_, value in marks],
            y=[index for index, *_ in marks],
            mode="markers",
            name=side,
            marker=marker,
            text=[
                f"{safe(key)}, {side}: {safe(axis)} at {safe(level)} {signed(value)} nats"
                for _, key, axis, level, value in marks
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    return figure


def context_effects(model: ModelResults) -> go.Figure | None:
    """Effect of every level of every context factor, with its interval; None where no scenario has a context."""
    found = [
        (key, factor, levels)
        for key, t in by_distance(model)
        for factor, levels in sorted(t.context_effects.items())
        if levels
    ]
    if not found:
        return None
    bounds = [bound for *_, levels in found for effect in levels.values() for bound in _bounds(effect)]
    named = [Row(f"{key}: {factor}") for key, factor, _ in found]
    figure = rows(named, "nats towards the first principle", _span([0.0, *bounds]), pitch=58, legend=False)
    figure.layout.shapes = [
        canvas.upright(0),
        *(
            canvas.segment(*_bounds(effect), index, colours.REVEALED, 6 if effect.z_interval else 2)
            for index, (_, _, levels) in enumerate(found)
            for effect in levels.values()
        ),
    ]
    marks = [
        (index, key, factor, level, effect)
        for index, (key, factor, levels) in enumerate(found)
        for level, effect in levels.items()
    ]
    figure.add_scatter(
        x=[effect.z for *_, effect in marks],
        y=[index for index, *_ in marks],
        mode="markers+text",
        name="level",
        showlegend=False,
        marker=go.scatter.Marker(color=colours.REVEALED, symbol="diamond", size=9),
        text=[safe(level, longest=14) for *_, level, _ in marks],
        textposition="bottom center",
        textfont={"size": 10},
        cliponaxis=False,
        hovertext=[_hover_text(*mark[1:]) for mark in marks],
        hoverinfo="text",
    )
    return figure


def _hover_text(key: str, factor: str, level: str, effect: ContextEffect) -> str:
    kind = "95 % interval" if effect.z_interval else "least to largest scenario"
    low, high = _bounds(effect)
    return (
        f"{safe(key)}, {safe(factor)} at {safe(level)}: {signed(effect.z)} nats, "
        f"{kind} [{signed(low)}, {signed(high)}], {effect.scenarios} scenarios"
    )


def _bounds(effect: ContextEffect) -> tuple[float, float]:
    return effect.z_interval or effect.z_range


def log_odds(model: ModelResults) -> go.Figure | None:
    """Latent log-odds of both sides, one mark a trade-off; None where none has both."""
    found = [
        (key, t, s, r)
        for key, t in by_distance(model)
        if (s := _logit(t.stated)) is not None and (r := _logit(t.revealed)) is not None
    ]
    if not found:
        return None
    span = _span([0.0, *(value for *_, s, r in found for value in (s, r))])
    figure = rows((), "says: log-odds, nats", span, legend=False)
    figure.update_layout(height=420, margin={"l": 62}, showlegend=False)
    figure.update_yaxes(
        range=list(span),
        showgrid=True,
        gridcolor="rgba(136, 136, 136, 0.25)",
        showticklabels=True,
        title={"text": "chooses: log-odds, nats"},
    )
    low, high = span
    figure.layout.shapes = [
        {"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": {"width": 1, "dash": "dot", "color": "#888"}}
        for x0, y0, x1, y1 in ((low, low, high, high), (0, low, 0, high), (low, 0, high, 0))
    ]
    closed = [bool(t.gates) for _, t, _, _ in found]
    figure.add_scatter(
        x=[s for *_, s, _ in found],
        y=[r for *_, r in found],
        mode="markers+text",
        marker=go.scatter.Marker(
            color=colours.REVEALED, symbol=["diamond-open" if shut else "diamond" for shut in closed], size=10
        ),
        text=[safe(key, longest=18) for key, *_ in found],
        textposition="top center",
        textfont={"size": 10},
        hovertext=[
            f"{safe(key)}: says {signed(s)}, chooses {signed(r)}, shift {signed(t.latent_gap)} nats"
            + (", not interpretable" if t.gates else "")
            for key, t, s, r in found
        ],
        hoverinfo="text",
    )
    return figure


def _logit(side: Preference | None) -> float | None:
    """None also where the preference is certain to the last bit."""
    if side is None or not 0 < side.latent < 1:
        return None
    return math.log(side.latent) - math.log1p(-side.latent)


def _span(values: list[float]) -> tuple[float, float]:
    room = 0.1 * (max(values) - min(values)) or 1.0
    return min(values) - room, max(values) + room


def _filled_marker() -> go.scatter.Marker:
    return go.scatter.Marker(color=colours.REVEALED, symbol="diamond", size=9, opacity=0.8)


def _open_marker() -> go.scatter.Marker:
    line = {"width": 2, "color": colours.STATED}
    return go.scatter.Marker(color=colours.STATED, symbol="circle-open", size=13, line=line)
