"""An item in a variant's format, as text. Knows nothing of tokens or chat templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.design.axes import Levels

if TYPE_CHECKING:
    from probe.design.items import Item, OptionId, Variant

__all__ = ["RenderedItem", "ShownOption", "render"]


@dataclass(frozen=True, slots=True)
class ShownOption:
    """An option as it stands in a prompt.

    Attributes:
        principle: Which principle (or control option) its text stands for.
        label: The bare label it is shown under.
        text: The option's own text.
    """

    principle: OptionId
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class RenderedItem:
    """The question of one cell before any chat template.

    Attributes:
        question: What the user asks: the item's text, the options and the instruction.
        cue: What stands right before the answer; may be empty.
        raw_cue: The cue where there is no chat template, if it is another.
        shown: The options in the order in which they are shown.
        opening: The enclosure's opening that may precede a label in the answer, where the cue has not given it.
        first_label: Id that carries the first label of its set.
    """

    question: str
    cue: str
    shown: tuple[ShownOption, ShownOption]
    opening: str
    first_label: OptionId
    raw_cue: str | None = None


def render(item: Item, variant: Variant, levels: Levels) -> RenderedItem:
    """Write `item` in the format of `variant`.

    Args:
        item: What is asked.
        variant: The level of every format axis.
        levels: What each level means: the shipped ones and the design's own.
    """
    if item.fixed is not None:
        return _as_it_stands(item, item.fixed, levels)
    first, second = (item.p1, item.p2) if variant["order"] == "p1" else (item.p2, item.p1)
    text = {item.p1: item.option_p1, item.p2: item.option_p2}
    first_label = {"p1": item.p1, "p2": item.p2, "position": first}[variant["label_order"]]
    labels = levels.label_set(variant["label_set"]).labels
    enclosure = levels.enclosure(variant["enclosure"])
    layout = levels.layout(variant["layout"])
    shown = tuple(
        ShownOption(option, labels[0] if option == first_label else labels[1], text[option])
        for option in (first, second)
    )
    lines = [f"{layout.prefix}{enclosure.open}{s.label}{enclosure.close} {s.text}" for s in shown]
    question = "\n\n".join([item.text, layout.between.join(lines), levels.instruction(variant["instruction"])])
    cue = levels.cue(variant["cue"])
    opening = "" if enclosure.open and cue.endswith(enclosure.open) else enclosure.open
    return RenderedItem(question, cue, (shown[0], shown[1]), opening, first_label)


def _as_it_stands(item: Item, first: OptionId, levels: Levels) -> RenderedItem:
    """A text that prints its own answers, which are its labels too."""
    words = {item.p1: item.option_p1, item.p2: item.option_p2}
    second = item.p2 if first == item.p1 else item.p1
    shown = (ShownOption(first, words[first], words[first]), ShownOption(second, words[second], words[second]))
    return RenderedItem(item.text, "", shown, "", first, levels.cue(levels.default("cue")))
