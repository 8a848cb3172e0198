"""Figures of docs/results.md that no run has: pivots by axis, and conditions beside formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from pivots import ANY, COIN, Pivot
from shifts import Shift

from probe.figures.panels import REVEALED, STATED, Picture, styled

_GREY = "#666666"


def pivot_figure(sides: Mapping[str, Mapping[str, Pivot]]) -> Figure:
    """Rates of both sides by axis, each with its 95 % interval; the dotted line is a coin.

    Args:
        sides: By side (`stated`, `revealed`), by axis.
    """
    axes_names = list(next(iter(sides.values())))
    with styled():
        figure = Picture(figsize=(4.6, 0.5 + 0.3 * len(axes_names)), layout="constrained")
        axes = figure.add_subplot()
        for (side, found), colour, marker, shift in zip(
            sides.items(), (STATED, REVEALED), ("o", "D"), (-0.15, 0.15), strict=True
        ):
            for index, name in enumerate(axes_names):
                one = found[name]
                if one.interval is not None:
                    axes.plot(one.interval, [index + shift] * 2, color=colour)
                axes.plot([one.rate], [index + shift], marker, color=colour, label=side if index == 0 else None)
        axes.axvline(COIN, color=_GREY, linewidth=0.8, linestyle=":")
        axes.text(COIN, -0.75, "a coin", ha="center", va="bottom", color=_GREY, fontsize=7)
        axes.set_yticks(range(len(axes_names)), [_axis(name) for name in axes_names])
        axes.set_ylim(len(axes_names) - 0.5, -0.8)
        axes.set_xlim(0, 1)
        axes.set_xlabel("share of pairs of formats with another preferred option")
        axes.legend(loc="lower right")
    return figure


def shift_figure(found: Sequence[Shift]) -> Figure:
    """How far a cell moves under each condition, beside how far formats move it; nats, with 95 % intervals."""
    with styled():
        figure = Picture(figsize=(4.6, 0.5 + 0.26 * len(found)), layout="constrained")
        axes = figure.add_subplot()
        for index, one in enumerate(found):
            colour = REVEALED if one.content is None else _GREY
            if one.cell_interval is not None:
                axes.plot(one.cell_interval, [index, index], color=colour)
            axes.plot([one.cell], [index], "D" if one.content is None else "o", color=colour)
            axes.plot([one.floor], [index], "|", color="black", markersize=7)
        axes.set_yticks(range(len(found)), [one.name for one in found])
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("root mean square change of a cell, nats (bar: numeric floor)")
    return figure


def _axis(name: str) -> str:
    if name == ANY:
        return name
    return {"order": "which option comes first", "label_order": "which option has which label"}.get(
        name, name.replace("_", " ")
    )
