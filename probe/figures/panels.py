"""Side by side, one panel a model, one row a trade-off; the colours. Knows no statistic."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from probe.analysis.results import ModelResults, StudyResults, TradeOffResult
from probe.report.number_format import clean
from probe.report.worded import as_worded, closing_checks

__all__ = ["REVEALED", "STATED", "Panel", "Picture", "panels", "shared_legend", "styled"]

STYLE = Path(__file__).with_name("paper.mplstyle")

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/).
STATED, REVEALED = "#0072B2", "#D55E00"

_ROW, _PANEL, _NAMES = 0.2, 2.6, 1.4


class Picture(Figure):
    """A figure that a notebook shows, whichever backend is in use."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with styled():
            FigureCanvasAgg(self)
            self.savefig(buffer, format="png", dpi=144)
        return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Panel:
    """One model's panel.

    Attributes:
        axes: Where to draw; row i lies at y = i, the first on top.
        model: The model's results.
        rows: Trade-offs by row; None where this model has none of that name.
    """

    axes: Axes
    model: ModelResults
    rows: tuple[TradeOffResult | None, ...]

    def each(self) -> Iterator[tuple[int, TradeOffResult]]:
        """Rows that the model has, with what their words rest on."""
        return ((index, as_worded(row)) for index, row in enumerate(self.rows) if row is not None)


@contextmanager
def styled() -> Iterator[None]:
    """The one style, whatever the caller's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        style.use(STYLE)
        yield


def panels(results: StudyResults, label: str) -> tuple[Figure, list[Panel]]:
    """A figure with a panel a model; the rows are alike in all, the widest gap of the first model on top.

    A trade-off whose figures may not be interpreted has its name in brackets.

    Args:
        results: What the study found.
        label: What the horizontal axes show, with its unit.
    """
    names = _ordered(results)
    models = sorted(results.models.items())
    height = 0.75 + _ROW * max(3, len(names))
    figure = Picture(figsize=(_NAMES + _PANEL * len(models), height), layout="constrained")
    made: list[Panel] = []
    for index, (name, model) in enumerate(models):
        axes = figure.add_subplot(1, len(models), index + 1)
        axes.set_title(clean(name))
        axes.set_xlabel(label)
        axes.set_ylim(len(names) - 0.5, -0.5)
        closed = {key for key in names if key in model.tradeoffs and closing_checks(model.tradeoffs[key])}
        shown = [f"({clean(key)})" if key in closed else clean(key) for key in names]
        axes.set_yticks(range(len(names)), shown if index == 0 or closed else [""] * len(names))
        made.append(Panel(axes, model, tuple(model.tradeoffs.get(key) for key in names)))
    return figure, made


def shared_legend(figure: Figure, panel: Panel) -> None:
    """One legend above all panels."""
    handles, labels = panel.axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(len(handles), 5))


def _ordered(results: StudyResults) -> Sequence[str]:
    gaps: dict[str, float] = {}
    for _, model in sorted(results.models.items()):
        for key, found in model.tradeoffs.items():
            gaps.setdefault(key, abs(found.gap) if found.gap is not None else -1.0)
    return sorted(gaps, key=lambda key: (-gaps[key], key))
