"""What formats and contexts do: the deviation budget, its axes, biases and context effects."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from probe.analysis.results import BiasResult, StudyResults
from probe.figures.panels import REVEALED, STATED, panels, shared_legend, styled
from probe.report.colours import TERMS, axis_colour
from probe.report.number_format import clean

__all__ = ["biases", "budget", "context_effects", "format_axes"]

_KINDS = (("position", "o"), ("label", "D"), ("slot", "s"))


def budget(results: StudyResults) -> Figure:
    """The deviation budget of each trade-off as one stacked bar, in nats; the parts add up exactly."""
    with styled():
        figure, drawn = panels(results, "nats")
        for panel in drawn:
            found = [(index, row.budget) for index, row in panel.each() if row.budget is not None]
            left = [0.0] * len(found)
            for term, colour in TERMS.items():
                widths = [float(getattr(terms, term) or 0.0) for _, terms in found]
                _bars(panel.axes, [index for index, _ in found], widths, left, (colour, term))
        shared_legend(figure, drawn[0])
    return figure


def format_axes(results: StudyResults) -> Figure:
    """The format term of each trade-off split by axis (Shapley values), in nats."""
    names = sorted(
        {
            axis
            for model in results.models.values()
            for row in model.tradeoffs.values()
            if row.budget is not None
            for axis in row.budget.format_by_axis
        }
    )
    with styled():
        figure, drawn = panels(results, "nats of the format term")
        for panel in drawn:
            found = [(index, row.budget) for index, row in panel.each() if row.budget is not None]
            left = [0.0] * len(found)
            for axis in names:
                widths = [terms.format_by_axis.get(axis, 0.0) for _, terms in found]
                drawn_as = (axis_colour(axis), axis.replace("_", " "))
                _bars(panel.axes, [index for index, _ in found], widths, left, drawn_as)
        shared_legend(figure, drawn[0])
    return figure


def _bars(axes: Axes, positions: list[int], widths: list[float], left: list[float], drawn: tuple[str, str]) -> None:
    """One part of every bar, beginning where `left` says; moves `left` on."""
    colour, name = drawn
    axes.barh(positions, widths, left=left, height=0.62, color=colour, label=name)
    left[:] = [start + width for start, width in zip(left, widths, strict=True)]


def biases(results: StudyResults) -> Figure:
    """Pull of position and label on both sides, in nats of log-odds; right of 0, what comes first gains."""
    with styled():
        figure, drawn = panels(results, "nats towards what is first")
        for panel in drawn:
            panel.axes.axvline(0.0, color="#888888", linewidth=0.8)
            for side, colour, shift in (("stated", STATED, -0.14), ("revealed", REVEALED, 0.14)):
                for kind, marker in _KINDS:
                    found = [
                        (index, _bias(row.bias_stated if side == "stated" else row.bias, kind))
                        for index, row in panel.each()
                    ]
                    there = [(index, value) for index, value in found if value is not None]
                    if there:
                        values, positions = [value for _, value in there], [index + shift for index, _ in there]
                        face = "white" if side == "stated" else colour
                        name = f"{kind}, {side}"
                        panel.axes.plot(values, positions, marker, color=colour, markerfacecolor=face, label=name)
        shared_legend(figure, drawn[0])
    return figure


def _bias(found: BiasResult | None, kind: str) -> float | None:
    if found is None:
        return None
    return {"position": found.position, "label": found.label, "slot": found.slot}[kind]


def context_effects(results: StudyResults) -> Figure:
    """Effect of every level of every context factor on the log-odds, per trade-off; bars are 95 % intervals.

    A thin line is the range over scenarios where fewer than six carry the level.
    """
    models = sorted(results.models.items())
    names = sorted(
        {
            (key, factor, level)
            for _, model in models
            for key, row in model.tradeoffs.items()
            for factor, levels in row.context_effects.items()
            for level in levels
        }
    )
    with styled():
        figure = Figure(figsize=(2.2 + 2.4 * len(models), 0.8 + 0.13 * max(3, len(names))), layout="constrained")
        for column, (name, model) in enumerate(models):
            axes = figure.add_subplot(1, len(models), column + 1)
            axes.set_title(clean(name))
            axes.set_xlabel("nats towards the first principle")
            axes.axvline(0.0, color="#888888", linewidth=0.8)
            axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
            reported = [clean(f"{key}: {factor} = {level}") for key, factor, level in names]
            axes.set_yticks(range(len(names)), reported if column == 0 else [""] * len(names), fontsize=5)
            for index, (key, factor, level) in enumerate(names):
                row = model.tradeoffs.get(key)
                effect = row.context_effects.get(factor, {}).get(level) if row else None
                if effect is not None:
                    bounds, width = (effect.z_interval, 1.6) if effect.z_interval else (effect.z_range, 0.6)
                    axes.plot(bounds, [index, index], color=REVEALED, linewidth=width)
                    axes.plot([effect.z], [index], "o", color=REVEALED, markersize=2.5)
    return figure
