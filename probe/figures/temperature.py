"""R - S over temperatures, with intervals and the greedy limit: one panel a model, one line a trade-off."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from probe.analysis.results import StudyResults, Temperatures
from probe.figures.panels import styled
from probe.report.number_format import clean

__all__ = ["MOST", "over_temperatures"]

COLOURS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8AE2D", "#6A3D9A", "#8C8C8C", "#333333")
"""One line each; none is a side's colour."""

MOST = len(COLOURS)
"""So many trade-offs are drawn: those with the largest differences under the first model."""

_MARGIN = 0.05
_GREEDY = 0.2
"""Where the greedy limit stands on the axis of temperatures, apart from the least of them."""


def over_temperatures(results: StudyResults) -> Figure:
    """R(T) - S(T) of each trade-off with 95 % Welch intervals over clusters; the band is the margin of no deviation."""
    models = sorted(results.models.items())
    names = _chosen(results)
    with styled():
        figure = Figure(figsize=(1.0 + 2.6 * max(1, len(models)), 2.4), layout="constrained")
        grid = figure.subplots(1, max(1, len(models)), sharey=True, squeeze=False)[0]
        for axes, (name, model) in zip(grid, models, strict=False):
            axes.set_title(clean(name))
            for index, key in enumerate(names):
                found = model.tradeoffs.get(key)
                if found is not None and found.temperatures is not None:
                    _line(axes, found.temperatures, key, index, len(names))
        for axes in grid:
            _scale(axes)
        grid[0].set_ylabel("R − S")
        if names:
            grid[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _chosen(results: StudyResults) -> list[str]:
    sizes: dict[str, float] = {}
    for _, model in sorted(results.models.items()):
        for key, found in model.tradeoffs.items():
            if found.temperatures is not None and found.gap is not None:
                sizes.setdefault(key, abs(found.gap))
    return sorted(sizes, key=lambda key: (-sizes[key], key))[:MOST]


def _line(axes: Axes, found: Temperatures, name: str, index: int, of: int) -> None:
    # Neighbours stand a little apart, so that their intervals can be distinguished from each other.
    aside = 1.02 ** (index - (of - 1) / 2)
    at = np.array([_GREEDY, *(one.temperature for one in found.at)]) * aside
    gaps = np.array([found.greedy.gap, *(one.gap for one in found.at)])
    ends = np.array([found.greedy.gap_interval, *(one.gap_interval for one in found.at)])
    axes.vlines(at, ends[:, 0], ends[:, 1], color=COLOURS[index], linewidth=0.7, alpha=0.6)
    axes.plot(at[1:], gaps[1:], "o-", color=COLOURS[index], markersize=2.4, linewidth=0.9, label=clean(name))
    axes.plot(at[:1], gaps[:1], "s", color=COLOURS[index], markersize=2.4)


def _scale(axes: Axes) -> None:
    ticks = {_GREEDY: "greedy", 0.3: "0.3", 0.5: "0.5", 0.7: "0.7", 1.0: "1", 1.5: "1.5"}
    axes.axhspan(-_MARGIN, _MARGIN, color="#EEEEEE", zorder=0)
    axes.axhline(0.0, color="#888888", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.set_xlabel("temperature")
