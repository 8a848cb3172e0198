"""An item without listed options, and both options' texts as what may follow it. Never encodes a text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.option_texts import GREETING, answer_text
from probe.errors import TokenPlanError
from probe.prompts.labels import LabelPlan
from probe.prompts.pieces import encode_scripts, mark, script, text_of, with_script
from probe.prompts.plan import PromptPlan, encoded_prompts, packed, refuse_second_bos
from probe.prompts.render import RenderedItem, ShownOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.axes import Levels
    from probe.design.items import Item, Variant
    from probe.prompts.pack import TokenIds
    from probe.prompts.plan import ItemPlan, TooLong
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["plan_texts"]

_TAIL = 24


def plan_texts(
    encoder: TextEncoder,
    style: PromptStyle,
    item: Item,
    variants: Sequence[Variant],
    levels: Levels,
    *,
    limit: int | None,
    budget: int,
) -> ItemPlan | TooLong:
    """Plan two prompts a variant: the question, then the same prompt with a greeting in its position.

    After each both texts are read, with the space before and the full stop behind, tokenised together with the prompt.
    In the plan a text stands where an item with listed options has a label: one form each, the first principle's first.

    Args:
        encoder: The model's tokenizer.
        style: Chat or raw.
        item: What is asked, from `probe.design.option_texts.text_items`.
        variants: From `probe.design.axes.Design.unlisted_variants`.
        levels: What the levels mean.
        limit: The model's context limit in tokens, if it has one.
        budget: Most tokens in one forward pass.

    Raises:
        TokenPlanError: A text merges with the end of a prompt.
    """
    doubled = [variant for variant in variants for _ in (item.text, GREETING)]
    rendered = [_unlisted(item, text, variant, levels) for variant in variants for text in (item.text, GREETING)]
    scripts, prefix, ids = encoded_prompts(encoder, style, rendered, item)
    answers = [script(mark(encoder, f" {shown.text}", item.id)) for shown in rendered[0].shown]
    together = [with_script(one, answer) for one in scripts for answer in answers]
    joint = iter(encode_scripts(encoder, together, item.id))
    prompts = []
    for variant, shown, pieces, alone in zip(doubled, rendered, scripts, ids, strict=True):
        where, end = f"{item.id}/{variant.id} on {encoder.name}", text_of(pieces)[-_TAIL:]
        forms = tuple((_behind(alone, prefix + next(joint), one.text, where, end),) for one in shown.shown)
        prompts.append(PromptPlan(variant, shown, pieces, alone, LabelPlan((), forms)))
    refuse_second_bos(encoder, prompts, prefix, item)
    return packed(item, tuple(prompts), limit, budget)


def _unlisted(item: Item, text: str, variant: Variant, levels: Levels) -> RenderedItem:
    """A question with nothing but its cue behind it."""
    options = ((item.p1, item.option_p1), (item.p2, item.option_p2))
    shown = tuple(ShownOption(principle, answer_text(option), answer_text(option)) for principle, option in options)
    return RenderedItem(text, levels.cue(variant["cue"]), shown, "", item.p1)


def _behind(alone: TokenIds, joint: TokenIds, text: str, where: str, end: str) -> TokenIds:
    """The tokens of a text behind a prompt."""
    if joint[: len(alone)] != alone or len(joint) == len(alone):
        raise TokenPlanError(
            f"{where}: the option's text {text[:_TAIL]!r} merges with the end of the prompt {end!r}, so that its "
            "tokens cannot be counted apart. Choose another cue, or leave option texts out with --answers labels."
        )
    return joint[len(alone) :]
