"""The figure that carries the claim: both sides and their difference, rows shared, with the word of each row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import plotly.graph_objects as go

from probe.analysis.results import ModelResults, Preference, StudyResults, TradeOffResult
from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.claim_text import verdict_text
from probe.report.number_format import clean, interval, probability, signed
from probe.report.plot_style import Row, safe
from probe.report.sentences import by_distance
from probe.report.worded import as_worded, labels_unread, text_word

__all__ = ["FIRST", "first_figure", "sides_and_gaps"]

FIRST = 8
"""So many rows stand on the first screen; a model's own section has all of them."""

_MARGIN = 0.05
_PITCH, _LIFT, _TOP = 54, 17, 34
_CLEAR = (_LIFT - 9) / _PITCH
"""Below the middle of a row by so much begins its word."""
_SIDES = (("stated", colours.STATED, "circle", 12, -0.05), ("revealed", colours.REVEALED, "diamond", 11, 0.05))
_UNREAD = frozenset({None, "not interpretable", "not testable"})


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: a trade-off under a model."""

    key: str
    model: str
    found: TradeOffResult


def first_figure(results: StudyResults) -> tuple[go.Figure, int]:
    """The trade-offs furthest apart under the first model, each under every model, and how many are left out."""
    models = list(results.models.items())
    ranked = [key for _, model in models for key, _ in by_distance(model)]
    keys = list(dict.fromkeys(ranked))
    shown = keys[: max(1, FIRST // max(1, len(models)))]
    lines = [
        _Line(key, name if len(models) > 1 else "", model.tradeoffs[key])
        for key in shown
        for name, model in models
        if key in model.tradeoffs
    ]
    return _figure(lines), len(keys) - len(shown)


def sides_and_gaps(model: ModelResults) -> go.Figure:
    """The same for every trade-off of one model."""
    return _figure([_Line(key, "", t) for key, t in by_distance(model)])


def _figure(lines: list[_Line]) -> go.Figure:
    """Both sides on the left, what is chosen minus what is said on the right."""
    lines = [replace(line, found=as_worded(line.found)) for line in lines]
    named = [Row(line.key, _note(line)) for line in lines]
    figure = canvas.rows(named, "probability", (-0.02, 1.02), _PITCH, lift=_LIFT)
    figure.update_layout(height=figure.layout.height - 48, margin={"t": _TOP, "b": 42}, legend={"font": {"size": 12}})
    figure.update_xaxes(domain=[0.0, 0.54], nticks=5)
    figure.layout.xaxis2 = {
        **figure.layout.xaxis.to_plotly_json(),
        "domain": [0.6, 1.0],
        "anchor": "y",
        "range": list(_span(lines)),
        "nticks": 4,
        "showgrid": False,  # its lines would cross the words
        "ticks": "outside",
        "tickangle": 0,
        "title": {"text": "R − S", "font": {"size": 12}},
    }
    figure.update_xaxes(title={"standoff": 4})
    figure.layout.annotations = [*figure.layout.annotations, *(_word(i, line.found) for i, line in enumerate(lines))]
    figure.layout.shapes = [
        canvas.upright(0.5, "dot"),
        *_margins(len(lines)),
        *(s for i, line in enumerate(lines) for s in _segments(i, line.found)),
    ]
    for name, colour, symbol, size, _ in _SIDES:
        _add_side(figure, lines, name, go.scatter.Marker(color=colour, symbol=symbol, size=size))
    _add_gaps(figure, lines)
    return figure


def _note(line: _Line) -> str:
    missing = "labels not read" if labels_unread(line.found) else "a side is missing"
    side = "" if line.found.stated and line.found.revealed else missing
    measured = "sign rate" if text_word(line.found) else "P"
    return " · ".join(part for part in (line.model, f"{measured} of {clean(line.found.p1)}", side) if part)


def _word(index: int, found: TradeOffResult) -> dict[str, object]:
    """Right-aligned under the marks, where no name of a row can run into it; without a ground, on the margin's band."""
    anchored = {"xref": "paper", "yref": "y", "y": index, "showarrow": False, "borderpad": 0}
    text = safe(verdict_text(found) or "no claim", 60)
    return {**anchored, "x": 1, "xanchor": "right", "yshift": -_LIFT + 1, "text": text, "font": {"size": 12}}


def _preference(found: TradeOffResult, side: str) -> Preference | None:
    return found.stated if side == "stated" else found.revealed


def _bounds(found: TradeOffResult) -> tuple[float, float] | None:
    return found.inference.gap_interval if found.inference else None


def _span(lines: list[_Line]) -> tuple[float, float]:
    """Every interval and the band, with a little room."""
    ends = [end for line in lines for end in (_bounds(line.found) or ())]
    values = [-2 * _MARGIN, 2 * _MARGIN, *ends, *(line.found.gap for line in lines if line.found.gap is not None)]
    room = 0.06 * (max(values) - min(values))
    return min(values) - room, max(values) + room


def _margins(rows: int) -> list[dict[str, object]]:
    """The margin from top to bottom, behind marks and words; zero at every row, behind its marks and not its word."""
    inside: dict[str, object] = {"xref": "x2", "layer": "below"}
    ends = {"type": "rect", "x0": -_MARGIN, "x1": _MARGIN, "yref": "y domain", "y0": 0, "y1": 1}
    zero = {"type": "line", "x0": 0, "x1": 0, "yref": "y", "line": {"width": 1, "color": "#888"}}
    return [
        {**inside, **ends, "fillcolor": colours.BAND, "line": {"width": 0}},
        *({**inside, **zero, "y0": index - 0.5, "y1": index + _CLEAR} for index in range(rows)),
    ]


def _segments(index: int, found: TradeOffResult) -> list[dict[str, object]]:
    drawn = []
    if found.stated and found.revealed:
        drawn.append(canvas.segment(found.stated.deployed, found.revealed.deployed, index, "#888", 2))
    for side, colour, _, _, shift in _SIDES:
        preference = _preference(found, side)
        if preference is not None and preference.interval is not None:
            drawn.append(canvas.segment(*preference.interval, index + shift, colour, 6))
    bounds = _bounds(found)
    if bounds is not None:
        drawn.append({**canvas.segment(*bounds, index, _gap_colour(found), 2), "xref": "x2"})
    return drawn


def _gap_colour(found: TradeOffResult) -> str:
    return colours.QUIET if found.verdict in _UNREAD else colours.GAP


def _gap_symbol(found: TradeOffResult) -> str:
    return "square" if found.verdict in _UNREAD or found.verdict == "deviation" else "square-open"


def _add_side(figure: go.Figure, lines: list[_Line], side: str, marker: go.scatter.Marker) -> None:
    """Points at the rows' height; intervals lie a little beside it, so that neither side hides the other's."""
    found = [(i, line, p) for i, line in enumerate(lines) if (p := _preference(line.found, side)) is not None]
    figure.add_scatter(
        x=[p.deployed for _, _, p in found],
        y=[index for index, _, _ in found],
        mode="markers",
        name=side,
        marker=marker,
        text=[
            f"{safe(line.key)}, {side}: {probability(p.deployed)} {interval(p.interval)}, {_beside(line.found, p)}"
            for _, line, p in found
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _beside(found: TradeOffResult, side: Preference) -> str:
    return "sign rate" if text_word(found) else f"bias-corrected (latent) {probability(side.latent)}"


def _add_gaps(figure: go.Figure, lines: list[_Line]) -> None:
    found = [(i, line) for i, line in enumerate(lines) if line.found.gap is not None]
    figure.add_scatter(
        x=[line.found.gap for _, line in found],
        y=[index for index, _ in found],
        xaxis="x2",
        yaxis="y",
        mode="markers",
        name="R − S",
        marker={
            "color": [_gap_colour(line.found) for _, line in found],
            "symbol": [_gap_symbol(line.found) for _, line in found],
            "size": 10,
            "line": {"width": 2, "color": [_gap_colour(line.found) for _, line in found]},
        },
        text=[_hover_text(line) for _, line in found],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _hover_text(line: _Line) -> str:
    bounds = _bounds(line.found)
    reported = "" if bounds is None else f" [{signed(bounds[0])}, {signed(bounds[1])}]"
    return f"{safe(line.key)}, R − S: {signed(line.found.gap)}{reported}, {safe(verdict_text(line.found), 60)}"
