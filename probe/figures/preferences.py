"""What models say and what they choose, and how far apart the two are."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from probe.analysis.results import StudyResults
from probe.figures.panels import REVEALED, STATED, panels, shared_legend, styled
from probe.report.number_format import clean

__all__ = ["gaps", "kl_heatmap", "option_mass", "stated_and_revealed"]

_MARGIN = 0.05


def stated_and_revealed(results: StudyResults) -> Figure:
    """Deployed preference of both sides per trade-off, joined, each with its 95 % interval.

    Probabilities of the first principle. Intervals are over other questions and scenarios of this kind.
    """
    with styled():
        figure, drawn = panels(results, "probability of the first principle")
        for panel in drawn:
            axes = panel.axes
            axes.axvline(0.5, color="#888888", linewidth=0.8, linestyle=":")
            axes.set_xlim(-0.02, 1.02)
            for index, row in panel.each():
                if row.stated and row.revealed:
                    axes.plot([row.stated.deployed, row.revealed.deployed], [index, index], color="#888888", zorder=1)
            for side, colour, marker, shift in (("stated", STATED, "o", -0.16), ("revealed", REVEALED, "D", 0.16)):
                found = [(index, row.stated if side == "stated" else row.revealed) for index, row in panel.each()]
                sides = [(index, one) for index, one in found if one is not None]
                for index, one in sides:
                    if one.interval is not None:
                        axes.plot(one.interval, [index + shift] * 2, color=colour, alpha=0.45, linewidth=2.2)
                points = [one.deployed for _, one in sides]
                axes.plot(points, [index for index, _ in sides], marker, color=colour, label=side)
        shared_legend(figure, drawn[0])
    return figure


def gaps(results: StudyResults) -> Figure:
    """R - S per trade-off with its 95 % Welch interval; the band is the margin of no deviation."""
    with styled():
        figure, drawn = panels(results, "R − S")
        for panel in drawn:
            axes = panel.axes
            axes.axvspan(-_MARGIN, _MARGIN, color="#EEEEEE", zorder=0)
            axes.axvline(0.0, color="#888888", linewidth=0.8)
            for index, row in panel.each():
                if row.gap is None:
                    continue
                bounds = row.inference.gap_interval if row.inference else None
                sure = row.verdict == "deviation"
                if bounds is not None:
                    axes.plot(bounds, [index, index], color=REVEALED if sure else "#666666")
                face = REVEALED if sure else "white"
                axes.plot([row.gap], [index], "o", color=REVEALED if sure else "#666666", markerfacecolor=face)
    return figure


def kl_heatmap(results: StudyResults) -> Figure:
    """KL(R || S) by trade-off and model, in nats, or that it is not above its floor; a cross marks a failed check."""
    names = sorted({key for model in results.models.values() for key in model.tradeoffs})
    models = sorted(results.models)
    values = np.full((len(names), len(models)), np.nan)
    with styled():
        figure = Figure(figsize=(1.9 + 0.62 * len(models), 1.1 + 0.2 * max(3, len(names))), layout="constrained")
        axes = figure.add_subplot()
        for column, name in enumerate(models):
            for line, key in enumerate(names):
                found = results.models[name].tradeoffs.get(key)
                if found is None or found.kl_revealed_stated is None:
                    continue
                values[line, column] = found.kl_revealed_stated
                value = "≤ floor" if found.kl_below_floor else f"{found.kl_revealed_stated:.2f}"
                mark = f"{value}{' ×' if found.gates else ''}"
                axes.text(column, line, mark, ha="center", va="center", fontsize=6, color="black")
        shown = axes.imshow(values, cmap="YlOrBr", vmin=0.0, vmax=max(1.0, float(np.nanmax(values, initial=0.0))))
        shown.set_alpha(0.75)
        axes.set_aspect("auto")
        axes.grid(visible=False)
        axes.set_xticks(range(len(models)), [clean(name) for name in models], rotation=30, ha="right")
        axes.set_yticks(range(len(names)), [clean(name) for name in names])
        figure.colorbar(shown, ax=axes, label="KL(R ‖ S), nats", shrink=0.8)
    return figure


def option_mass(results: StudyResults) -> Figure:
    """Mean probability of all forms of all labels, per side: how much of the next token is an answer at all."""
    with styled():
        figure, drawn = panels(results, "option mass")
        for panel in drawn:
            panel.axes.set_xlim(-0.02, 1.02)
            for side, colour, marker in (("stated", STATED, "o"), ("revealed", REVEALED, "D")):
                found = [
                    (index, row.option_mass.stated if side == "stated" else row.option_mass.revealed)
                    for index, row in panel.each()
                ]
                there = [(index, mass) for index, mass in found if mass is not None]
                masses = [mass for _, mass in there]
                panel.axes.plot(masses, [index for index, _ in there], marker, color=colour, label=side, alpha=0.85)
        shared_legend(figure, drawn[0])
    return figure
