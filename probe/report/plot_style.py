"""An empty figure with one row per trade-off, and its fonts. Knows no statistic.

Text and lines carry no colour of their own where the page's style sheet gives them one, so that a figure
reads in a light and in a dark scheme. Each row has its name above its marks instead of beside them, which
leaves the whole width to the data on a phone.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from probe.report.colours import GROUND
from probe.report.number_format import clean

__all__ = ["Row", "grid", "rows", "safe", "segment", "upright"]

_TOP = 62
_BARE_TOP = 20
_BOTTOM = 62


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its name, a note after the name, and what stands under its left and right ends."""

    name: str
    note: str = ""
    left: str = ""
    right: str = ""


def safe(text: str, longest: int = 30) -> str:
    """A name as a figure may show it: plotly reads a few HTML tags in text, and names must not become links.

    Example:
        >>> safe('<a href="x">x</a>'), safe("much too long", longest=6)
        ('&lt;a href="x"&gt;x&lt;/a&gt;', 'much …')
    """
    plain = clean(text)
    short = plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
    return html.escape(short, quote=False)


def rows(
    named: Sequence[Row],
    axis_title: str,
    span: tuple[float, float] | None = None,
    pitch: int = 60,
    *,
    legend: bool = True,
    lift: int = 23,
) -> go.Figure:
    """A figure whose row i lies at y = i, counted from the top.

    Args:
        named: The rows, top first.
        axis_title: What is on the horizontal axis, with its unit.
        span: Ends of the horizontal axis; None lets the data decide.
        pitch: Height of a row, in pixels.
        legend: Whether there is one above the rows, which takes room.
        lift: How far above its marks a row's name stands, in pixels.
    """
    top = _TOP if legend else _BARE_TOP
    figure = _empty(top + _BOTTOM + pitch * max(len(named), 1), top)
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        bargap=0.62,
        barmode="stack",
    )
    figure.update_xaxes(
        title={"text": axis_title, "font": {"size": 12}},
        range=list(span) if span else None,
        fixedrange=True,
        zeroline=False,
        gridcolor="rgba(136, 136, 136, 0.25)",
        nticks=6,
    )
    figure.update_yaxes(
        range=[len(named) - 0.5, -0.75], fixedrange=True, showgrid=False, zeroline=False, showticklabels=False
    )
    figure.layout.annotations = [drawn for index, row in enumerate(named) for drawn in _labels(index, row, lift)]
    return figure


def segment(x0: float, x1: float, height: float, colour: str, width: int) -> dict[str, object]:
    """A line along a row; a figure takes all of its lines at once, as `layout.shapes`, since each time costs more."""
    ends = {"type": "line", "x0": x0, "x1": x1, "y0": height, "y1": height, "layer": "below"}
    return {**ends, "line": {"width": width, "color": colour}, "opacity": 0.35 if width > 2 else 1.0}


def upright(x: float, dash: str = "solid") -> dict[str, object]:
    """A line from the bottom of a figure to its top."""
    ends = {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain"}
    return {**ends, "line": {"width": 1, "color": "#888", "dash": dash}}


def grid(columns: Sequence[str], named: Sequence[str], pitch: int, *, square: bool = False) -> go.Figure:
    """A figure for a table of colour: column i at x = i, row i at y = i, counted from the top.

    Args:
        columns: Names above the columns; empty names are not shown.
        named: Names beside the rows.
        pitch: Height of a row, in pixels.
        square: Whether a cell is as wide as it is high, where there is room.
    """
    figure = _empty(_TOP + _BOTTOM + pitch * max(len(named), 3))
    figure.update_layout(margin={"l": 14, "r": 14, "t": 14, "b": 14})
    drawn = {"fixedrange": True, "zeroline": False, "showgrid": False, "automargin": True, "ticks": ""}
    longest = 34 if square else 18
    for update, names in ((figure.update_xaxes, columns), (figure.update_yaxes, named)):
        reported = [safe(name, longest) for name in names]
        update(tickmode="array", tickvals=list(range(len(reported))), ticktext=reported, **drawn)
    figure.update_xaxes(side="top", range=[-0.5, len(columns) - 0.5], tickfont={"size": 10 if square else 12})
    figure.update_yaxes(range=[len(named) - 0.5, -0.5], tickfont={"size": 10 if square else 12})
    if square:
        figure.update_xaxes(tickangle=-90)
    return figure


def _empty(height: int, top: int = _TOP) -> go.Figure:
    figure = go.Figure(layout={"template": "none"})
    figure.update_layout(
        height=height,
        margin={"l": 14, "r": 14, "t": top, "b": _BOTTOM},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13},
        hoverlabel={"bgcolor": "#222", "bordercolor": "#222", "font": {"color": "#fff"}},
        hovermode="closest",
        dragmode=False,
    )
    return figure


def _labels(index: int, row: Row, lift: int) -> list[dict[str, object]]:
    name = f"<b>{safe(row.name)}</b>"
    note = f"  {safe(row.note, longest=60)}" if row.note else ""
    anchored = {"xref": "paper", "yref": "y", "y": index, "showarrow": False, "borderpad": 0, "bgcolor": GROUND}
    reported: list[dict[str, object]] = [
        {**anchored, "x": 0, "xanchor": "left", "yshift": lift, "text": f"{name}{note}"}
    ]
    ends = ((0, "left", row.left, f"← {safe(row.left)}"), (1, "right", row.right, f"{safe(row.right)} →"))
    for x, side, given, text in ends:
        if given:
            reported.append({**anchored, "x": x, "xanchor": side, "yshift": -18, "text": text, "font": {"size": 11}})
    return reported
