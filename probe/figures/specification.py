"""The specification curve: the difference of the sides in every format, sorted, over the levels that make each one."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from probe.analysis.results import SpecificationCurve, StudyResults, TradeOffResult
from probe.figures.panels import REVEALED, STATED, styled
from probe.report.colours import axis_colour
from probe.report.format_levels import levels_of
from probe.report.number_format import clean

__all__ = ["MOST", "specification_curves"]

MOST = 6
"""So many trade-offs have a curve in one figure: those with the largest differences under the first model."""

_MARGIN = 0.05

_NAMES, _PANEL, _GAP = 1.1, 2.6, 0.45
_TITLE, _CURVE, _LINE, _BELOW = 0.22, 0.9, 0.11, 0.12
"""Inches: names of levels, a model's panel and the space beside it; title, curve, one level's dots, the space below."""


def specification_curves(results: StudyResults) -> Figure:
    """R - S in each format by itself, from the least to the largest, with 95 % intervals over clusters.

    Below each curve a dot says which level of each axis that format has. The band is the margin of no deviation.

    References:
        Simonsohn, Simmons & Nelson (2020), Specification curve analysis, Nature Human Behaviour 4, 1208-1214.
    """
    models = sorted(results.models.items())
    names = _chosen(results)
    lines = max((_lines(model.tradeoffs.get(key)) for _, model in models for key in names), default=0)
    row = _TITLE + _CURVE + _LINE * lines + _BELOW
    width, height = _NAMES + _PANEL * max(1, len(models)), row * max(1, len(names))
    with styled():
        figure = Figure(figsize=(width, height))  # placed by hand: a solver's last digits are not the same twice
        for column, (name, model) in enumerate(models):
            for index, key in enumerate(names):
                found = model.tradeoffs.get(key)
                if found is None or found.specification is None:
                    continue
                left, top = _NAMES + _PANEL * column, height - row * index - _TITLE
                parts = ((top - _CURVE, _CURVE), (top - _CURVE - _LINE * lines, _LINE * lines))
                boxes = [(left / width, y / height, (_PANEL - _GAP) / width, h / height) for y, h in parts]
                curve = figure.add_axes(boxes[0])
                curve.set_title(f"{clean(name)}: {clean(key)}" if len(models) > 1 else clean(key))
                _curve(curve, found.specification, found)
                _dots(figure.add_axes(boxes[1], sharex=curve), found, named=column == 0)
    return figure


def _chosen(results: StudyResults) -> list[str]:
    sizes: dict[str, float] = {}
    for _, model in sorted(results.models.items()):
        for key, found in model.tradeoffs.items():
            if found.specification is not None and found.gap is not None:
                sizes.setdefault(key, abs(found.gap))
    return sorted(sizes, key=lambda key: (-sizes[key], key))[:MOST]


def _lines(found: TradeOffResult | None) -> int:
    return sum(len(levels) for levels in found.varied_axes.values()) if found else 0


def _curve(axes: Axes, curve: SpecificationCurve, found: TradeOffResult) -> None:
    order = np.argsort(curve.gaps, kind="stable")
    positions, gaps = np.arange(len(order)), np.asarray(curve.gaps)[order]
    axes.axhspan(-_MARGIN, _MARGIN, color="#EEEEEE", zorder=0)
    axes.axhline(0.0, color="#888888", linewidth=0.8)
    if None not in (*curve.low, *curve.high):
        low, high = (np.asarray(ends, dtype=np.float64)[order] for ends in (curve.low, curve.high))
        axes.vlines(positions, low, high, color="#BBBBBB", linewidth=0.8)
    if found.gap is not None:
        axes.axhline(found.gap, color=STATED, linewidth=0.8, linestyle="--")
    axes.plot(positions, gaps, "o", color=REVEALED, markersize=2.4)
    axes.set_ylabel("R − S")
    axes.margins(y=0.08)
    axes.tick_params(labelbottom=False, bottom=False)
    axes.grid(visible=False, axis="x")


def _dots(axes: Axes, found: TradeOffResult, *, named: bool) -> None:
    if found.specification is None:
        return
    order = np.argsort(found.specification.gaps, kind="stable")
    reported: list[str] = []
    for axis, levels in levels_of(found.specification, found.varied_axes).items():
        for level in found.varied_axes[axis]:
            positions = [index for index, number in enumerate(order) if levels[number] == level]
            axes.plot(positions, [len(reported)] * len(positions), "s", color=axis_colour(axis), markersize=1.6)
            reported.append(clean(f"{axis.replace('_', ' ')} {level}"))
    axes.set_ylim(len(reported) - 0.4, -0.6)
    axes.set_yticks(range(len(reported)), reported if named else [""] * len(reported), fontsize=4.5)
    axes.grid(visible=False)
    axes.tick_params(labelbottom=False, bottom=False, left=False)
    for side in axes.spines.values():
        side.set_visible(False)
