"""The grid of format variants that every item was read in: which axes varied, and the two bias codes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from probe.design.items import AXES, EVERY_AXIS, Axis, Level, Variant
from probe.errors import StudyError

__all__ = ["BALANCING_AXES", "SLOT", "Formats", "lay_formats"]

SLOT = "slot"
"""Name of the order axis where the option shown first always carries the first label."""

BALANCING_AXES = frozenset({"order", "label_order", SLOT})
"""Axes whose levels are mirror images: both are needed for a bias to cancel."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The variants of a study, in row-major order of the levels of the axes that varied.

    Attributes:
        variants: Ids, in the order of the columns of every items x variants array.
        varied: Levels of each axis that varied, by the name it is reported under.
        fixed: Level of each axis that did not vary.
        order: o, +1 where the first principle's option is shown first, else -1.
        label: l, +1 where the first principle carries the first label of its set, else -1.
        label_set: Label set of each variant.
        has_position: Whether position can be distinguished from labels.
        has_label: Whether labels can be distinguished from position.
        has_slot: Whether position and label moved together.
        positions: Number of places of a neutral option, the last axis of the grid; 1 where none is offered or it stands
            still.
    """

    variants: tuple[str, ...]
    varied: dict[str, tuple[str, ...]]
    fixed: dict[str, str]
    order: Float64[np.ndarray, " variants"]
    label: Float64[np.ndarray, " variants"]
    label_set: tuple[str, ...]
    has_position: bool
    has_label: bool
    has_slot: bool
    positions: int = 1

    @property
    def axes(self) -> frozenset[str]:
        """Every axis, as it is reported."""
        return frozenset((*self.varied, *self.fixed))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of levels of each varied axis."""
        return tuple(len(levels) for levels in self.varied.values())

    def grid(self, z: Float64[np.ndarray, "items variants"]) -> Float64[np.ndarray, "items *axes"]:
        """`z` with one dimension per varied axis behind the items."""
        return z.reshape(len(z), *self.shape)


def lay_formats(axes: Mapping[str, tuple[str, ...]]) -> Formats:
    """The full grid over the levels of all axes.

    Args:
        axes: Levels of every axis of `AXES`, one level where an axis is fixed; and of ``neutral`` where a neutral
            option is offered.

    Raises:
        StudyError: an axis has no level.

    Example:
        >>> levels = {axis: ("x",) for axis in AXES} | {"order": ("p1", "p2"), "label_order": ("p1", "p2")}
        >>> formats = lay_formats(levels)
        >>> formats.order.tolist(), formats.label.tolist(), formats.has_label
        ([1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], True)
    """
    every = EVERY_AXIS if "neutral" in axes else AXES
    for axis in every:
        if not axes.get(axis):
            raise StudyError(f"study: axis {axis!r} has no level. Run the study again.")
    grid = [Variant(tuple(map(Level, point))) for point in itertools.product(*(axes[axis] for axis in every))]
    order = np.array([_sign(v, "order") for v in grid])
    follows = axes["label_order"] == ("position",)
    decoupled = "position" not in axes["label_order"]
    moves = set(axes["order"]) >= {"p1", "p2"}
    varied = {
        (SLOT if follows and axis == "order" else axis): tuple(axes[axis]) for axis in every if len(axes[axis]) > 1
    }
    return Formats(
        variants=tuple(v.id for v in grid),
        varied=varied,
        fixed={axis: axes[axis][0] for axis in every if len(axes[axis]) == 1},
        order=order,
        label=np.array(
            [o if v["label_order"] == "position" else _sign(v, "label_order") for o, v in zip(order, grid, strict=True)]
        ),
        label_set=tuple(v["label_set"] for v in grid),
        has_position=moves and decoupled,
        has_label=decoupled and set(axes["label_order"]) == {"p1", "p2"},
        has_slot=moves and follows,
        positions=len(axes.get("neutral", ("",))),
    )


def _sign(variant: Variant, axis: Axis) -> float:
    return 1.0 if variant[axis] == "p1" else -1.0
