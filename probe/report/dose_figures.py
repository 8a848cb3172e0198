"""The choice over doses, as a curve. Computes no statistic."""

from __future__ import annotations

from bisect import bisect_right

import plotly.graph_objects as go

from probe.analysis.results import DoseCurve, TradeOffResult
from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.number_format import probability, signed
from probe.report.plot_style import safe

__all__ = ["dose_line", "dose_text", "dose_titled", "psychometric_curve"]


def dose_titled(key: str, curve: DoseCurve) -> str:
    """Trade-off, scenario and factor."""
    return f"{key}: {curve.scenario.split('/')[-1]}, by {curve.factor.replace('_', ' ')}"


def dose_text(dose: float | None) -> str:
    """A dose as people write it; a word where there is none."""
    return "none" if dose is None else f"{dose:,.4g}" if dose < 1000 else f"{dose:,.0f}"


def dose_line(curve: DoseCurve) -> str:
    """Indifference, slope, violations and where the choice equals S, in a sentence."""
    way = "" if curve.towards is None else f" A larger dose is predicted to favour {curve.towards}."
    steps = len(curve.points) - 1
    even = dose_text(curve.indifference) if curve.crossings <= 1 else f"none alone ({curve.crossings} crossings)"
    equal = "no single dose" if curve.equals_stated is None else dose_text(curve.equals_stated)
    against = "slope" if curve.towards is None else "prediction"
    return (
        f"Point of indifference: {even}. Slope: {signed(curve.slope)} nats a step. Against the {against}: "
        f"{curve.violations} of {steps} steps. The choice equals the stated preference at: {equal}.{way}"
    )


def psychometric_curve(key: str, found: TradeOffResult, curve: DoseCurve) -> go.Figure:
    """Probability of the first principle at every dose, equally spaced, with one half and the stated preference."""
    positions = list(range(len(curve.points)))
    figure = canvas.rows((), f"{safe(curve.factor)}, dose", (-0.4, len(positions) - 0.6), legend=False)
    figure.update_layout(height=320, margin={"l": 62, "t": 16, "b": 48}, showlegend=False)
    figure.update_xaxes(
        tickmode="array", tickvals=positions, ticktext=[dose_text(point.dose) for point in curve.points]
    )
    figure.update_yaxes(
        range=[0, 1],
        showgrid=True,
        gridcolor="rgba(136, 136, 136, 0.25)",
        showticklabels=True,
        title={"text": f"revealed: P({safe(found.p1)})"},
    )
    figure.layout.shapes = [
        _across(0.5, "#888", "dot"),
        *([_across(found.stated.deployed, colours.STATED, "dash")] if found.stated is not None else []),
        *(
            canvas.upright(_position(curve, dose))
            for dose in (curve.indifference, curve.equals_stated)
            if dose is not None
        ),
    ]
    figure.add_scatter(
        x=positions,
        y=[point.p for point in curve.points],
        mode="lines+markers",
        marker=go.scatter.Marker(color=colours.REVEALED, symbol="diamond", size=9),
        line={"color": colours.REVEALED, "width": 2},
        hovertext=[
            f"{safe(key)}, {safe(curve.factor)} {dose_text(point.dose)}: p {probability(point.p)}, "
            f"mean log-odds {signed(point.z)} nats"
            for point in curve.points
        ],
        hoverinfo="text",
    )
    return figure


def _position(curve: DoseCurve, dose: float) -> float:
    """Where a dose lies on an axis on which the doses that were asked are equally far apart."""
    doses = [point.dose for point in curve.points]
    below = min(bisect_right(doses, dose), len(doses) - 1) - 1
    return below + (dose - doses[below]) / (doses[below + 1] - doses[below])


def _across(height: float, colour: str, dash: str) -> dict[str, object]:
    line = {"width": 1, "color": colour, "dash": dash}
    return {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": height, "y1": height, "line": line}
