"""A third, neutral option that a design may offer beside the two principles' options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, model_validator

from probe.design.fields import LineText, Nullable
from probe.design.items import Axis, Level, Side
from probe.design.typed_yaml import listed

if TYPE_CHECKING:
    from probe.design.levels import Levels
    from probe.design.strict_yaml import Document, Fault

__all__ = ["Neutral", "neutral_faults"]


class Neutral(BaseModel):
    """Its words on each side that offers it; a side that is left out has two options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stated: Annotated[LineText | None, Nullable] = None
    revealed: Annotated[LineText | None, Nullable] = None
    bridge: Annotated[LineText | None, Nullable] = None

    @model_validator(mode="after")
    def _somewhere(self) -> Neutral:
        if not self.sides:
            raise ValueError("no side has a neutral option. Give its words for 'stated', 'revealed' or 'bridge'.")
        return self

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that offer it."""
        every: tuple[Side, ...] = ("stated", "bridge", "revealed")
        return tuple(side for side in every if self.offered(side) is not None)

    def offered(self, side: Side) -> str | None:
        """Its words on a side; None where there is none. Controls never have one."""
        return {"stated": self.stated, "revealed": self.revealed, "bridge": self.bridge}.get(side)


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
                "axes.neutral: the place of a neutral option, and the design offers none. Add `neutral: {stated: its "
                "words, revealed: its words}`, or remove the axis."
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
