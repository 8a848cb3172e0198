"""An empty figure with one row per trade-off, its colours and its fonts. Knows no statistic.

Text and lines carry no colour of their own where the page's style sheet gives them one, so that a figure
reads in a light and in a dark scheme. Each row has its name above its marks instead of beside them, which
leaves the whole width to the data on a phone.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from probe.report.amounts import clean

__all__ = ["AXIS_COLOURS", "CONTEXT", "FORMAT", "GAP", "INK", "REVEALED", "SCENARIOS", "STATED", "Row", "rows", "safe"]

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), the blue lightened until it also stands on black.
STATED = "#3B8FC9"
REVEALED = "#D55E00"
FORMAT = "#56B4E9"
CONTEXT = "#009E73"
SCENARIOS = "#E69F00"
GAP = "#D55E00"
INK = "#111111"
AXIS_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#3B8FC9", "#B8AE2D", "#8C8C8C")

_TOP = 62
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


def rows(named: Sequence[Row], axis_title: str, span: tuple[float, float] | None = None, pitch: int = 60) -> go.Figure:
    """A figure whose row i lies at y = i, counted from the top.

    Args:
        named: The rows, top first.
        axis_title: What is on the horizontal axis, with its unit.
        span: Ends of the horizontal axis; None lets the data decide.
        pitch: Height of a row, in pixels.
    """
    figure = go.Figure(layout={"template": "none"})
    figure.update_layout(
        height=_TOP + _BOTTOM + pitch * max(len(named), 1),
        margin={"l": 14, "r": 14, "t": _TOP, "b": _BOTTOM},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        hoverlabel={"bgcolor": "#222", "bordercolor": "#222", "font": {"color": "#fff"}},
        hovermode="closest",
        dragmode=False,
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
    for place, row in enumerate(named):
        _label(figure, place, row)
    return figure


def _label(figure: go.Figure, place: int, row: Row) -> None:
    name = f"<b>{safe(row.name)}</b>"
    note = f"  {safe(row.note, longest=60)}" if row.note else ""
    anchored = {"xref": "paper", "yref": "y", "y": place, "showarrow": False, "borderpad": 0}
    figure.add_annotation(x=0, xanchor="left", yshift=23, text=f"{name}{note}", **anchored)
    ends = ((0, "left", row.left, f"← {safe(row.left)}"), (1, "right", row.right, f"{safe(row.right)} →"))
    for x, side, given, text in ends:
        if given:
            figure.add_annotation(x=x, xanchor=side, yshift=-18, text=text, font={"size": 11}, **anchored)
