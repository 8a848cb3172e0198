"""Figures for papers: a plain function each, one style. Computes no statistic."""

from __future__ import annotations

__all__ = ["KINDS"]

KINDS = ("svg", "pdf", "png")
"""Kinds of files that figures are written as."""
