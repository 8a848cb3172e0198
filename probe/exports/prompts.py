"""Every question of a suite in every format of a design, as text: what other tools can ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probe.design.axes import Design
from probe.design.items import Item, Variant
from probe.prompts.render import RenderedItem, render

__all__ = ["Asked", "asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One item in one format.

    Attributes:
        item: What is asked.
        variant: In which format.
        rendered: The question and its options as they are shown.
    """

    item: Item
    variant: Variant
    rendered: RenderedItem

    @property
    def text(self) -> str:
        """The prompt as a model without a chat template gets it, up to the decision position."""
        cue = self.rendered.cue if self.rendered.raw_cue is None else self.rendered.raw_cue
        return f"{self.rendered.question}\n\n{cue}" if cue else self.rendered.question

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order in which the options are shown."""
        return tuple(option.label for option in self.rendered.shown)

    @property
    def p1_index(self) -> int:
        """Place of the option that stands for p1, from 0."""
        return [one.principle for one in self.rendered.shown].index(self.item.p1)


def asked(items: Sequence[Item], design: Design) -> Iterator[Asked]:
    """Every item in every variant, in order; an item that is asked as it stands comes once."""
    for item in items:
        for variant in design.variants_of(item):
            yield Asked(item, variant, render(item, variant, design.levels))
