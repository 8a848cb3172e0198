"""Which way of planning an item its table asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from probe.prompts.option_texts import plan_texts
from probe.prompts.plan import plan_item
from probe.prompts.two_turns import plan_two_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.axes import Levels
    from probe.design.items import Item, TableName, Variant
    from probe.prompts.plan import ItemPlan, TooLong
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["Planner", "planner_of"]


class Planner(Protocol):
    """From an item and its variants to a plan, as `probe.prompts.plan.plan_item`."""

    def __call__(
        self,
        encoder: TextEncoder,
        style: PromptStyle,
        item: Item,
        variants: Sequence[Variant],
        levels: Levels,
        *,
        limit: int | None,
        budget: int,
    ) -> ItemPlan | TooLong:
        """Plan one item."""
        ...


def planner_of(table: TableName) -> Planner:
    """How the items of a table are planned."""
    beside: dict[TableName, Planner] = {"texts": plan_texts, "own_words": plan_two_turns}
    return beside.get(table, plan_item)
