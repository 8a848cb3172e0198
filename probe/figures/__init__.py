"""Figures for papers: a plain function each, one style. Computes no statistic."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["KINDS", "NAMES", "figure_files"]

KINDS = ("svg", "pdf", "png")
"""Kinds of files that figures are written as."""

NAMES = (
    "stated-revealed",
    "gaps",
    "kl",
    "budget",
    "format-axes",
    "biases",
    "context",
    "option-mass",
    "specification-curve",
    "temperature",
)
"""What the figures of a run are called; `probe.figures.draw` draws each."""


def figure_files(kinds: Iterable[str]) -> list[str]:
    """Names of the files of all figures, as these kinds."""
    return [f"{name}.{kind}" for kind in kinds for name in NAMES]
