"""From an item and a design's variants to token ids, label forms and a pack. Never truncates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.design.items import FIXED
from probe.errors import TokenPlanError
from probe.prompts.chat import write_prompts
from probe.prompts.labels import LabelPlan, form_texts, plan_labels
from probe.prompts.pack import Pack, Prompt
from probe.prompts.pieces import encode_scripts, encode_with_forms, text_of
from probe.prompts.render import RenderedItem, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.axes import Levels
    from probe.design.items import Item, Variant
    from probe.prompts.pack import TokenIds
    from probe.prompts.pieces import Script
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = [
    "ItemPlan",
    "PromptPlan",
    "TooLong",
    "encoded_prompts",
    "packed",
    "plan_all_labels",
    "plan_item",
    "refuse_second_bos",
]

_TAIL = 24


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """One prompt, complete: its text, its tokens, and how each label can follow.

    Attributes:
        variant: Its format.
        rendered: What is shown, in which order and under which labels.
        pieces: Up to the decision position, without the tokens that a tokenizer puts in front of raw text.
        input_ids: What the model gets.
        labels: Forms of the labels in the order in which the options are shown.
    """

    variant: Variant
    rendered: RenderedItem
    pieces: Script
    input_ids: TokenIds
    labels: LabelPlan

    @property
    def text(self) -> str:
        """The prompt as it is shown."""
        return text_of(self.pieces)

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def prompt(self) -> Prompt:
        """What the engine reads: every form of every label, in order, forced prefix included."""
        prefix = self.labels.forced_prefix
        return Prompt(self.input_ids, tuple(prefix + form for forms in self.labels.forms for form in forms))


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """An item's prompts in canonical order, and the pack that reads them."""

    item: Item
    prompts: tuple[PromptPlan, ...]
    pack: Pack


@dataclass(frozen=True, slots=True)
class TooLong:
    """An item that the model's context cannot hold; it is refused whole, never cut.

    Attributes:
        item: Its id.
        tokens: Length of its longest prompt with its longest label.
        limit: The model's context limit.
    """

    item: str
    tokens: int
    limit: int

    def __str__(self) -> str:
        """Where, what was found, what to do."""
        return (
            f"{self.item}: a prompt of {self.tokens} tokens does not fit into the model's {self.limit}. "
            "Shorten the item or leave it to models with a longer context."
        )


def plan_item(
    encoder: TextEncoder,
    style: PromptStyle,
    item: Item,
    variants: Sequence[Variant],
    levels: Levels,
    *,
    limit: int | None,
    budget: int,
) -> ItemPlan | TooLong:
    """Everything about an item that can be known without weights.

    Args:
        encoder: The model's tokenizer.
        style: Chat or raw.
        item: What is asked.
        variants: The formats to ask it in; an item that is asked as it stands has only its own.
        levels: What the levels mean.
        limit: The model's context limit in tokens, if it has one.
        budget: Most tokens in one forward pass.

    Raises:
        TokenPlanError: A label cannot be read exactly after one of the prompts.
    """
    if item.fixed is not None:
        variants = (FIXED,)
    rendered = [render(item, variant, levels) for variant in variants]
    scripts, prefix, ids = encoded_prompts(encoder, style, rendered, item)
    labels = plan_all_labels(encoder, item, variants, rendered, scripts, ids, prefix)
    prompts = tuple(
        PromptPlan(variant, shown, pieces, one, plan)
        for variant, shown, pieces, one, plan in zip(variants, rendered, scripts, ids, labels, strict=True)
    )
    refuse_second_bos(encoder, prompts, prefix, item)
    return packed(item, prompts, limit, budget)


def encoded_prompts(
    encoder: TextEncoder, style: PromptStyle, rendered: Sequence[RenderedItem], item: Item
) -> tuple[Sequence[Script], TokenIds, list[TokenIds]]:
    """Prompts of an item as text, what stands in front of each, and their token ids with that."""
    scripts = write_prompts(encoder, style, rendered, item.id)
    prefix = encoder.raw_prefix if style.kind == "raw" else ()
    return scripts, prefix, [prefix + one for one in encode_scripts(encoder, scripts, item.id)]


def packed(item: Item, prompts: tuple[PromptPlan, ...], limit: int | None, budget: int) -> ItemPlan | TooLong:
    """Prompts of an item as its plan, or that the longest of them does not fit."""
    pack = Pack(tuple(prompt.prompt for prompt in prompts), budget, every_layer=item.table == "depth")
    longest = max(len(p.input_ids) + max(map(len, p.continuations)) for p in pack.prompts)
    if limit is not None and longest > limit:
        return TooLong(item.id, longest, limit)
    return ItemPlan(item, prompts, pack)


def refuse_second_bos(encoder: TextEncoder, prompts: Sequence[PromptPlan], prefix: TokenIds, item: Item) -> None:
    """Refuse two BOS at the very start, or one that nobody wrote; a template may open every turn with one.

    Raises:
        TokenPlanError: There is one too many.
    """
    bos = encoder.tokenizer.bos_token_id
    for prompt in prompts if bos is not None else ():
        ids = prompt.input_ids
        if ids[:2] == (bos, bos):
            raise TokenPlanError(
                f"{item.id} on {encoder.name}: the prompt starts with {_leading(ids, bos)} BOS tokens. The chat "
                "template writes one too many, or writes one and the tokenizer another: mend the template, or set "
                "kind: base in models.yaml."
            )
        found, written = ids.count(bos), prefix.count(bos) + _written(encoder, prompt.pieces, bos)
        if found > written:
            raise TokenPlanError(
                f"{item.id} on {encoder.name}: the prompt has {found} BOS tokens, of which its text writes {written}, "
                "so the tokenizer adds BOS by itself. Take BOS out of what tokenizer.json adds by itself."
            )


def _written(encoder: TextEncoder, pieces: Script, bos: int) -> int:
    """How many BOS tokens the text and the given ids of a prompt hold."""
    text = str(encoder.tokenizer.bos_token)
    return sum(one.ids.count(bos) + (one.text.count(text) if one.kind == "parsed" else 0) for one in pieces)


def _leading(ids: TokenIds, token: int) -> int:
    """How many of `token` a prompt starts with."""
    return next((index for index, one in enumerate(ids) if one != token), len(ids))


def plan_all_labels(
    encoder: TextEncoder,
    item: Item,
    variants: Sequence[Variant],
    rendered: Sequence[RenderedItem],
    scripts: Sequence[Script],
    ids: Sequence[TokenIds],
    prefix: TokenIds,
) -> list[LabelPlan]:
    """Encode prompt and label together, all variants and forms of an item at once.

    Raises:
        TokenPlanError: A label cannot be read exactly after one of the prompts.
    """
    forms = [[form_texts(shown.label, one.opening) for shown in one.shown] for one in rendered]
    alone = [one[len(prefix) :] for one in ids]
    every = [[form for fs in pair for form in fs] for pair in forms]
    joint = encode_with_forms(encoder, scripts, alone, every, item.id)
    plans = []
    for variant, one, pieces, prompt_ids, pair, own in zip(variants, rendered, scripts, ids, forms, joint, strict=True):
        following = iter(own)
        joint_ids = [[prefix + next(following) for _ in fs] for fs in pair]
        where = f"{item.id}/{variant.id} on {encoder.name}"
        labels = [shown.label for shown in one.shown]
        plans.append(plan_labels(prompt_ids, joint_ids, labels, where, text_of(pieces)[-_TAIL:]))
    return plans
