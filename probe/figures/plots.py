"""The figures of a run as methods: each gives a matplotlib figure, which a notebook shows and `savefig` writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from probe.analysis.results import StudyResults
from probe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

__all__ = ["Plots"]


@dataclass(frozen=True, slots=True)
class Plots:
    """Figures of what a study found; one panel a model.

    Every method takes ids of trade-offs and draws these alone; without any it draws all.

    Raises:
        InputError: A trade-off that is asked for is not in the study.
    """

    results: StudyResults

    def forest(self, *tradeoffs: str) -> Figure:
        """Stated and revealed preference of each trade-off, joined, each with its 95 % interval."""
        from probe.figures.preferences import stated_and_revealed  # noqa: PLC0415  matplotlib takes a second to load

        return self._drawn(stated_and_revealed, tradeoffs)

    def gaps(self, *tradeoffs: str) -> Figure:
        """R - S with its 95 % interval; the band is the margin of no deviation, a filled point a deviation."""
        from probe.figures.preferences import gaps  # noqa: PLC0415

        return self._drawn(gaps, tradeoffs)

    def kl(self, *tradeoffs: str) -> Figure:
        """KL(R || S) of every model and trade-off, in nats."""
        from probe.figures.preferences import kl_heatmap  # noqa: PLC0415

        return self._drawn(kl_heatmap, tradeoffs)

    def budget(self, *tradeoffs: str) -> Figure:
        """The deviation budget as stacked bars, in nats."""
        from probe.figures.formats import budget  # noqa: PLC0415

        return self._drawn(budget, tradeoffs)

    def format_axes(self, *tradeoffs: str) -> Figure:
        """The format term by axis, in nats."""
        from probe.figures.formats import format_axes  # noqa: PLC0415

        return self._drawn(format_axes, tradeoffs)

    def biases(self, *tradeoffs: str) -> Figure:
        """Pull of position and label on both sides, in nats of log-odds."""
        from probe.figures.formats import biases  # noqa: PLC0415

        return self._drawn(biases, tradeoffs)

    def context(self, *tradeoffs: str) -> Figure:
        """Effect of every level of every context factor, in nats of log-odds."""
        from probe.figures.formats import context_effects  # noqa: PLC0415

        return self._drawn(context_effects, tradeoffs)

    def option_mass(self, *tradeoffs: str) -> Figure:
        """How much of the next token is an answer at all, on both sides."""
        from probe.figures.preferences import option_mass  # noqa: PLC0415

        return self._drawn(option_mass, tradeoffs)

    def specification_curve(self, *tradeoffs: str) -> Figure:
        """R - S in every format, sorted, with each format's levels below: of the trade-offs with the largest gaps."""
        from probe.figures.specification import specification_curves  # noqa: PLC0415

        return self._drawn(specification_curves, tradeoffs)

    def temperature(self, *tradeoffs: str) -> Figure:
        """R - S over sampling temperatures and in the greedy limit."""
        from probe.figures.temperature import over_temperatures  # noqa: PLC0415

        return self._drawn(over_temperatures, tradeoffs)

    def _drawn(self, made: Callable[[StudyResults], Figure], tradeoffs: Sequence[str]) -> Figure:
        return made(_only(self.results, tradeoffs) if tradeoffs else self.results)


def _only(results: StudyResults, tradeoffs: Sequence[str]) -> StudyResults:
    known = sorted({key for model in results.models.values() for key in model.tradeoffs})
    for key in tradeoffs:
        if key not in known:
            raise InputError(f"{key}: is no trade-off of this run. It has {', '.join(known)}.")
    models = {
        name: replace(model, tradeoffs={key: t for key, t in model.tradeoffs.items() if key in tradeoffs})
        for name, model in results.models.items()
    }
    return replace(results, models=models)
