"""One prompt of a question in two turns, from what was said and the formats of both turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.axes import parse_variant
from probe.design.own_words import exchange_id, turns_of
from probe.errors import InputError
from probe.prompts.pack import Pack
from probe.prompts.plan import ItemPlan, TooLong
from probe.prompts.two_turns import plan_two_turns, refuse_one_turn_only
from probe.study.request import PACK_TOKENS

if TYPE_CHECKING:
    from probe.design.axes import Levels
    from probe.design.items import Item
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["plan_exchange"]


def plan_exchange(
    encoder: TextEncoder, style: PromptStyle, item: Item, variant: str, levels: Levels, limit: int | None
) -> tuple[ItemPlan | TooLong, str]:
    """The plan of one prompt, and its variant in full.

    Args:
        encoder: The model's tokenizer.
        style: Chat or raw.
        item: From `probe.design.own_words.exchanges_of`.
        variant: As in ``own_words.parquet``: ``said=...,first_order=...,order=...``; what is left out stands at its
            default, and the first option is said.
        levels: What the levels mean.
        limit: The model's context limit in tokens, if it has one.

    Raises:
        InputError: A level is not known, or nobody can have said this.
        ProbeError: As `probe.prompts.two_turns.plan_two_turns`.
    """
    if item.before is None:
        raise ValueError(f"{item.id}: nothing is asked before it")
    said, *formats = turns_of(variant)
    can = (item.before.p1, item.before.p2)
    if said and said not in can:
        raise InputError(f"variant '{variant}': said={said} is no option of {item.before.id}. Use {' or '.join(can)}.")
    first, second = (parse_variant(one, levels) for one in formats)
    asked = sorted({first, second}, key=lambda one: one.id)
    refuse_one_turn_only(encoder, style)
    plan = plan_two_turns(encoder, style, item, asked, levels, limit=limit, budget=PACK_TOKENS)
    role = int(said == can[1])
    name = exchange_id(can[role], first.id, second.id)
    if isinstance(plan, TooLong):
        return plan, name
    prompt = plan.prompts[(2 * asked.index(first) + role) * len(asked) + asked.index(second)]
    return ItemPlan(item, (prompt,), Pack((prompt.prompt,), PACK_TOKENS)), name
