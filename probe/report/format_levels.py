"""Which level of each format axis the formats of a specification curve have. Computes no statistic."""

from __future__ import annotations

from collections.abc import Mapping

from probe.analysis.results import SpecificationCurve

__all__ = ["levels_of"]


def levels_of(curve: SpecificationCurve, varied: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Level of every axis that varied, by axis, one for each format of a curve.

    Args:
        curve: The formats.
        varied: Levels of each axis that varied, by the name it is reported under; ``slot`` is the axis ``order``.
    """
    variants = [dict(part.split("=", 1) for part in name.split(",")) for name in curve.formats]
    columns = {axis: "order" if axis == "slot" else axis for axis in varied}
    return {axis: tuple(one[column] for one in variants) for axis, column in columns.items() if column in variants[0]}
