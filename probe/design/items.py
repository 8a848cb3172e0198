"""Items and variants: what is asked, and in which format. Knows nothing of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType

__all__ = [
    "AXES",
    "CELLS",
    "CROSSED",
    "EVERY_AXIS",
    "FIXED",
    "MATE",
    "NEUTRAL",
    "Axis",
    "ClauseKind",
    "Item",
    "Level",
    "OptionId",
    "Side",
    "TableName",
    "Variant",
    "unlisted",
]

Side = Literal["stated", "bridge", "revealed", "control", "ladder", "clauses", "own_words"]
Axis = Literal["order", "label_order", "label_set", "enclosure", "layout", "instruction", "cue", "neutral"]

OptionId = NewType("OptionId", str)
"""The id of a principle, or of a control's option. Never an index."""

Level = NewType("Level", str)
"""The name of a level of a format axis."""

AXES: tuple[Axis, ...] = ("order", "label_order", "label_set", "enclosure", "layout", "instruction", "cue")
"""Format axes in the fixed order in which every variant id names them."""

EVERY_AXIS: tuple[Axis, ...] = (*AXES, "neutral")
"""Behind them the place of a neutral option, which only variants that offer one have."""

CROSSED: tuple[Axis, ...] = ("order", "label_order")
"""Axes that decide which option stands where and under which label."""

MATE = "~mate"
"""What follows the id of a root question or a scenario in the ids of its mate's items."""

NEUTRAL = OptionId("neutral")
"""What stands for neither principle."""

TableName = Literal["readings", "ladder", "texts", "clauses", "depth", "own_words"]
"""In which table of a run folder readings go. Ids of items are unique over all tables."""

ClauseKind = Literal["sentence", "factor", "option"]
"""What can be left out of a scenario, one at a time."""

CELLS = ("000", "100", "010", "110", "111", "bare")
"""Cells of the ladder: the digits say whether the situation is told, whether the options are acts, and whether the
question is what one does. ``000`` is the bridge, ``111`` the scenario; ``bare`` has acts and no situation."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question with two options: a stated question, a bridge, a scenario at one context cell, a control.

    Attributes:
        id: ``tradeoff/id`` and what makes it one item: ``~mate``, ``~p1``, ``~bridge``, ``/factor=level,...``, or
            ``~mate/factor=level,...``.
        tradeoff: Id of the trade-off.
        side: Where it stands; bridges, controls, the ladder and clauses never enter a preference.
        form: ``choose``, ``agree`` or ``advise`` for stated items, ``choice``, ``bridge``, a control's kind, a cell of
            the ladder, or what of a scenario is left out: ``whole`` (nothing), a kind of clause, or ``all``.
        cluster: What counts as one draw: ``tradeoff/id`` of the root question or the scenario.
        scenario: The cluster of the scenario for revealed, bridge, ladder and clauses items, else None.
        context: Context factors and their levels, in the file's order; empty without factors.
        text: The question as it stands above the options.
        p1: Id that is coded positive (the first principle of the file; a control's first option).
        p2: The other id.
        option_p1: Text of the option that stands for `p1`.
        option_p2: Text of the option that stands for `p2`.
        agreeing: In the agree form, which id the agreeing answer stands for; else None.
        contradicted: In the agree form, whether the statement is contradicted by its mate's: exactly one is true.
        expect: For controls of kind dominated and fact, the id that a sound reading chooses; else None.
        omits: For a scenario with a mate, and for the mate, which id's option is the omission; else None.
        fixed: For a text that prints its own answers and is asked as it stands, which id it prints first; the
            options' texts are then the labels. Else None.
        table: Where its readings go.
        left_out: Words that the scenario has and this item has not.
        variants: Ids of the formats that it is asked in; empty for all that its side is asked in.
        before: What is asked and answered in a turn before it, where there is one.
    """

    id: str
    tradeoff: str
    side: Side
    form: str
    cluster: str
    scenario: str | None
    context: tuple[tuple[str, str], ...]
    text: str
    p1: OptionId
    p2: OptionId
    option_p1: str
    option_p2: str
    agreeing: OptionId | None = None
    expect: OptionId | None = None
    fixed: OptionId | None = None
    contradicted: bool = False
    omits: OptionId | None = None
    table: TableName = "readings"
    left_out: str = ""
    variants: tuple[str, ...] = ()
    before: Item | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One point of the full grid of format axes; the unmoving axes are named too.

    Attributes:
        levels: One level per axis, in the order of `AXES`, and behind them the place of a neutral option if there is
            one: ``first``, ``middle`` or ``last`` of the three.

    Example:
        >>> v = Variant(tuple(Level(x) for x in ("p1", "p2", "AB", "paren", "lines", "label", "answer")))
        >>> v["label_set"]
        'AB'
        >>> v.id
        'order=p1,label_order=p2,label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=answer'
        >>> v.with_neutral(Level("last")).id.removeprefix(v.id)
        ',neutral=last'
    """

    levels: tuple[Level, ...]

    def __getitem__(self, axis: Axis) -> Level:
        """Level of one axis."""
        return self.levels[EVERY_AXIS.index(axis)]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes that it has a level of."""
        return EVERY_AXIS[: len(self.levels)]

    @property
    def neutral(self) -> Level | None:
        """Place of the neutral option; None without one."""
        return self["neutral"] if "neutral" in self.axes else None

    def with_neutral(self, position: Level) -> Variant:
        """The same format with a neutral option at this place."""
        return Variant((*self.levels[: len(AXES)], position))

    @property
    def id(self) -> str:
        """``axis=level,...`` over its axes: the same string means the same format under any design."""
        return ",".join(f"{axis}={level}" for axis, level in zip(self.axes, self.levels, strict=True))


FIXED = Variant(tuple(Level("fixed") for _ in AXES))
"""The one variant of an item whose text prints its own answers; the axes say nothing about it."""


def unlisted(cue: Level) -> Variant:
    """The format of a question whose options are not listed: but for the cue every axis is about listing or labels.

    Example:
        >>> unlisted(Level("answer")).id
        'order=none,label_order=none,label_set=none,enclosure=none,layout=none,instruction=none,cue=answer'
    """
    return Variant(tuple(cue if axis == "cue" else Level("none") for axis in AXES))
