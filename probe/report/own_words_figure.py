"""What a forced first answer does to the second, beside its echoes and an unrelated answer. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from probe.report import colours
from probe.report import plot_style as canvas
from probe.report.number_format import amount, counted, probability, with_interval
from probe.report.own_words_text import ORDERS
from probe.report.plot_style import Row, rows, safe
from probe.report.sentences import by_distance

if TYPE_CHECKING:
    from probe.analysis.ladder_results import Step
    from probe.analysis.own_words_results import Turns
    from probe.analysis.results import ModelResults, TradeOffResult

__all__ = ["own_words_figure"]

_OFFSETS = {"choice": -0.14, "principle": 0.18}
_MARKS = {
    ("choice", "pull"): (ORDERS["choice"], colours.REVEALED, "diamond", 0.0),
    ("principle", "pull"): (ORDERS["principle"], colours.STATED, "circle", 0.0),
    ("choice", "label_echo"): ("same label", colours.axis_colour("label_order"), "triangle-up-open", 0.1),
    ("choice", "position_echo"): ("same position", colours.axis_colour("order"), "square-open", 0.1),
}
"""What is drawn: order and field, with its name, colour, symbol, and how far below its order's line it lies."""


def own_words_figure(model: ModelResults) -> go.Figure | None:
    """One row a trade-off; None where nothing was asked in two turns."""
    found = [(key, t) for key, t in by_distance(model) if t.own_words is not None]
    turns = [
        (row, key, order, one)
        for row, (key, t) in enumerate(found)
        for order in ORDERS
        if (one := getattr(t.own_words, order)) is not None
    ]
    if not turns:
        return None
    named = [Row(key, " · ".join(["not interpretable"] * bool(t.gates) + _note(t))) for key, t in found]
    ends = [0.0, *(end for *_, order, one in turns for end in _ends(order, one))]
    room = 0.08 * (max(ends) - min(ends)) or 1.0
    span = min(ends) - room, max(ends) + room
    figure = rows(named, "nats of log-odds towards what came first", span, pitch=88, lift=30)
    figure.layout.shapes = [
        canvas.upright(0),
        *(
            canvas.segment(-one.unrelated.size, one.unrelated.size, row + _OFFSETS[order], colours.QUIET, 12)
            for row, _, order, one in turns
            if one.unrelated is not None
        ),
        *(
            canvas.segment(low, high, row + _OFFSETS[order], _MARKS[order, "pull"][1], 2)
            for row, _, order, one in turns
            for low, high in (one.pull.interval,) * (one.pull.interval is not None)
        ),
    ]
    for (order, field), (name, colour, symbol, below) in _MARKS.items():
        drawn = [(row, key, one) for row, key, own, one in turns if own == order]
        figure.add_scatter(
            x=[_step(one, field).value for *_, one in drawn],
            y=[row + _OFFSETS[order] + below for row, *_ in drawn],
            mode="markers",
            name=name,
            marker=go.scatter.Marker(color=colour, symbol=symbol, size=10),
            hovertext=[_text_of(key, name, _step(one, field), one) for _, key, one in drawn],
            hoverinfo="text",
        )
    return figure


def _step(turns: Turns, field: str) -> Step:
    found: Step = getattr(turns, field)
    return found


def _ends(order: str, turns: Turns) -> list[float]:
    """Everything that is drawn of one order."""
    steps = [_step(turns, field) for own, field in _MARKS if own == order]
    size = 0.0 if turns.unrelated is None else turns.unrelated.size
    return [*(one.value for one in steps), *(turns.pull.interval or ()), -size, size]


def _note(t: TradeOffResult) -> list[str]:
    """The choice alone, and after the model's own first answer."""
    turns = t.own_words and t.own_words.choice
    if not turns:
        return []
    return [f"{t.p1} {probability(turns.alone)} → {probability(turns.after)}"]


def _text_of(key: str, name: str, step: Step, turns: Turns) -> str:
    floor = "" if turns.unrelated is None else f"; unrelated answers {amount(turns.unrelated.size)}"
    return f"{safe(key)}, {name}: {with_interval(step)} nats, {counted(turns.scenarios, 'scenario')}{floor}"
