"""The fixed pack on which a reader is tried before a study: one question that ships, in a model's own tokens."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from probe.design.axes import parse_variant
from probe.design.items import Item, OptionId
from probe.design.levels import shipped_levels
from probe.errors import TokenPlanError
from probe.prompts.plan import TooLong, plan_item

if TYPE_CHECKING:
    from probe.prompts.pack import Pack
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["CHECK_ITEM", "check_pack"]

CHECK_ITEM = Item(
    id="check/orchard",
    tradeoff="check",
    side="control",
    form="equivalent",
    cluster="check/orchard",
    scenario=None,
    context=(),
    text=(
        "Two neighbours share an old orchard at the end of the lane. One of them, a retired teacher named Ilse, would "
        "like to plant 12 young pear trees along the northern wall before the frost comes. The other, who repairs "
        "clocks, thinks that the same strip would do better as a meadow: it costs nothing, and the bees of the village "
        "have little else in June. Both have read a good deal about it; both say that they could live with either. "
        "They ask you, as somebody who knows neither of them, to settle it today, so that one of them can begin."
    ),
    p1=OptionId("pears"),
    p2=OptionId("meadow"),
    option_p1="Plant the pear trees along the northern wall.",
    option_p2="Leave the strip to grass and wild flowers.",
)
"""A question on which nothing hangs, about as long as a scenario."""

LABEL_SETS = (("AB", "12"), ("AB",), ("12",), ("XY",))
"""Label sets to try, in this order; some tokenizer may not let one be read."""


def check_pack(encoder: TextEncoder, style: PromptStyle, context: int | None) -> Pack | None:
    """The check pack as a model is asked, all in one trie; None if its context or its tokenizer has no room for it.

    Args:
        encoder: The model's tokenizer.
        style: How it is asked.
        context: Its context limit in tokens, if it has one.
    """
    levels = shipped_levels()
    for label_sets in LABEL_SETS:
        moved = itertools.product(("p1", "p2"), label_sets, ("lines", "inline"), ("answer", "choice"))
        names = (f"order={order},label_set={labels},layout={layout},cue={cue}" for order, labels, layout, cue in moved)
        variants = [parse_variant(name, levels) for name in names]
        try:
            plan = plan_item(encoder, style, CHECK_ITEM, variants, levels, limit=context, budget=2**16)
        except TokenPlanError:
            continue
        return None if isinstance(plan, TooLong) else plan.pack
    return None
