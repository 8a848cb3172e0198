"""All figures of a run, written as SVG, PDF and PNG: the same results give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from probe.analysis.results import StudyResults
from probe.errors import InputError
from probe.figures import KINDS, formats, preferences, specification, temperature
from probe.figures.panels import styled
from probe.report.partial import partial_line
from probe.store.atomic import write_bytes

__all__ = ["FIGURES", "draw", "encode", "with_counts"]

FIGURES: dict[str, Callable[[StudyResults], Figure]] = {
    "stated-revealed": preferences.stated_and_revealed,
    "gaps": preferences.gaps,
    "kl": preferences.kl_heatmap,
    "budget": formats.budget,
    "format-axes": formats.format_axes,
    "biases": formats.biases,
    "context": formats.context_effects,
    "option-mass": preferences.option_mass,
    "specification-curve": specification.specification_curves,
    "temperature": temperature.over_temperatures,
}
"""By file name."""

_UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}


def draw(results: StudyResults, folder: Path, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Write every figure of `FIGURES` into `folder`; the paths written.

    Raises:
        InputError: A kind of file is not known.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InputError(f"figures: {unknown[0]!r} is no kind of file that is written. Use {', '.join(KINDS)}.")
    paths = []
    for name, made in FIGURES.items():
        figure = with_counts(made(results), results)
        for kind in kinds:
            path = folder / f"{name}.{kind}"
            write_bytes(path, encode(figure, kind))
            paths.append(path)
    return paths


def with_counts(figure: Figure, results: StudyResults) -> Figure:
    """The figure of a run that read a part of its suite says so below, with the counts."""
    if results.partial is not None:
        figure.supxlabel(partial_line(results.partial), fontsize=6, fontweight="bold", wrap=True)
    return figure


def encode(figure: Figure, kind: str) -> bytes:
    """The bytes of a file of one kind, without date."""
    buffer = io.BytesIO()
    with styled():
        FigureCanvasAgg(figure)
        figure.savefig(buffer, format=kind, metadata=_UNDATED[kind])
    return buffer.getvalue()
