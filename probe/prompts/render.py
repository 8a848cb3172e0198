"""An item in a variant's format, as text. Knows nothing of tokens or chat templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.design.items import NEUTRAL
from probe.errors import InputError

if TYPE_CHECKING:
    from probe.design.items import Item, OptionId, Variant
    from probe.design.levels import Levels

__all__ = ["RenderedItem", "ShownOption", "render"]

_POSITIONS = ("first", "middle", "last")


@dataclass(frozen=True, slots=True)
class ShownOption:
    """An option as it stands in a prompt.

    Attributes:
        principle: Which principle (or control option) its text stands for; `NEUTRAL` for neither.
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
        neutral_index: Place of the neutral option in `shown`, from 0; None without one.
        shown: The options in the order in which they are shown.
        opening: The enclosure's opening that may precede a label in the answer, where the cue has not given it.
        first_label: Id that carries the first label of its set, or with a neutral option the first that it leaves.
    """

    question: str
    cue: str
    shown: tuple[ShownOption, ...]
    opening: str
    first_label: OptionId
    raw_cue: str | None = None
    neutral_index: int | None = None

    @property
    def principles(self) -> tuple[ShownOption, ShownOption]:
        """The options of the two principles, in the order in which they are shown."""
        first, second = (option for index, option in enumerate(self.shown) if index != self.neutral_index)
        return first, second

    @property
    def neutral(self) -> ShownOption | None:
        """The neutral option; None without one."""
        return None if self.neutral_index is None else self.shown[self.neutral_index]


def render(item: Item, variant: Variant, levels: Levels) -> RenderedItem:
    """Write `item` in the format of `variant`.

    Args:
        item: What is asked.
        variant: The level of every format axis.
        levels: What each level means: the shipped ones and the design's own.

    Raises:
        InputError: The variant has a neutral option, and nothing says its words or its label.
    """
    if item.fixed is not None:
        return _as_it_stands(item, item.fixed, levels)
    first, second = (item.p1, item.p2) if variant["order"] == "p1" else (item.p2, item.p1)
    text = {item.p1: item.option_p1, item.p2: item.option_p2}
    first_label = {"p1": item.p1, "p2": item.p2, "position": first}[variant["label_order"]]
    neutral = _neutral_option(item, variant, levels)
    labels = list(levels.label_set(variant["label_set"]).labels)
    if neutral is not None:
        labels = [label for label in _three_labels(variant, levels) if label != neutral.label]
    enclosure = levels.enclosure(variant["enclosure"])
    layout = levels.layout(variant["layout"])
    shown = [
        ShownOption(option, labels[0] if option == first_label else labels[1], text[option])
        for option in (first, second)
    ]
    index = None if variant.neutral is None else _POSITIONS.index(variant.neutral)
    if neutral is not None and index is not None:
        shown.insert(index, neutral)
    lines = [f"{layout.prefix}{enclosure.open}{s.label}{enclosure.close} {s.text}" for s in shown]
    question = "\n\n".join([item.text, layout.between.join(lines), levels.instruction(variant["instruction"])])
    cue = levels.cue(variant["cue"])
    opening = "" if enclosure.open and cue.endswith(enclosure.open) else enclosure.open
    return RenderedItem(question, cue, tuple(shown), opening, first_label, neutral_index=index)


def _three_labels(variant: Variant, levels: Levels) -> tuple[str, ...]:
    labels = levels.label_set(variant["label_set"])
    if labels.third is None:
        raise InputError(
            f"variant '{variant.id}': the label set '{variant['label_set']}' has two labels, and with a neutral option "
            "three are shown. Give it a third one."
        )
    return (*labels.labels, labels.third)


def _neutral_option(item: Item, variant: Variant, levels: Levels) -> ShownOption | None:
    """The option that stands for neither principle, under the label of its place."""
    if variant.neutral is None:
        return None
    words = None if levels.neutral is None else levels.neutral.offered(item.side)
    if words is None:
        raise InputError(
            f"{item.id}: the variant has a neutral option, and nothing says what it reads on the {item.side} side. "
            "Name the design that does with --design, or leave 'neutral' out of the variant."
        )
    if NEUTRAL in (item.p1, item.p2):
        raise InputError(
            f"{item.id}: an option is called '{NEUTRAL}', as the design's neutral option is. Rename it in the "
            "trade-off file."
        )
    return ShownOption(NEUTRAL, _three_labels(variant, levels)[_POSITIONS.index(variant.neutral)], words)


def _as_it_stands(item: Item, first: OptionId, levels: Levels) -> RenderedItem:
    """A text that prints its own answers, which are its labels too."""
    words = {item.p1: item.option_p1, item.p2: item.option_p2}
    second = item.p2 if first == item.p1 else item.p1
    shown = (ShownOption(first, words[first], words[first]), ShownOption(second, words[second], words[second]))
    return RenderedItem(item.text, "", shown, "", first, levels.cue(levels.default("cue")))
