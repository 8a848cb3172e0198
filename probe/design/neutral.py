"""A third, neutral option that a design may offer beside the two principles' options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from probe.design.items import Axis, Level
from probe.design.typed_yaml import listed

if TYPE_CHECKING:
    from probe.design.levels import Levels, Neutral
    from probe.design.strict_yaml import Document, Fault

__all__ = ["neutral_faults"]


def neutral_faults(
    document: Document, neutral: Neutral | None, axes: dict[str, tuple[str, ...]], levels: Levels
) -> Iterator[Fault]:
    """What is wrong with a design's neutral option.

    Args:
        document: The design file.
        neutral: What it offers.
        axes: The levels of the axes that it names.
        levels: What levels mean, its own ones included.
    """
    if neutral is None:
        if "neutral" in axes:
            message = (
                "axes.neutral: the position of a neutral option, and the design offers none. Add `neutral: {stated: "
                "its words, revealed: its words}`, or remove the axis."
            )
            yield document.fault(("axes", "neutral"), message)
        return
    for level in _chosen("label_set", axes, levels):
        if levels.label_set(level).third is None:
            yield document.fault(
                ("neutral",),
                f"neutral: the label set '{level}' has two labels, and three options are shown. Give it a third one "
                "(`third: C`), or choose another set.",
            )
    for level in _chosen("instruction", axes, levels):
        if level in levels.two_only("instruction"):
            fits = [one for one in levels.known("instruction") if one not in levels.two_only("instruction")]
            yield document.fault(
                ("neutral",),
                f"neutral: the instruction '{level}' speaks of two options, and three are shown. Use {listed(fits)}, "
                "or a level of your own.",
            )


def _chosen(axis: Axis, axes: dict[str, tuple[str, ...]], levels: Levels) -> list[Level]:
    return [level for level in map(Level, axes.get(axis, (levels.default(axis),))) if level in levels.known(axis)]
