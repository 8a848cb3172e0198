"""A question after another that has been answered, one turn later. Forces the first answer and never reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Never

from probe.errors import ModelError
from probe.prompts.chat import cue_of, joined, opening_of, raw_script, refuse_missing_header, refuse_open_thought
from probe.prompts.pieces import encode_scripts, mark, text_of
from probe.prompts.plan import PromptPlan, packed, plan_all_labels, refuse_second_bos
from probe.prompts.render import render
from probe.prompts.template import message, template_of
from probe.prompts.template_renderer import RenderError
from probe.prompts.thinking_tags import open_thought

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.axes import Levels
    from probe.design.items import Item, Variant
    from probe.design.levels import Enclosure
    from probe.prompts.pieces import Script
    from probe.prompts.plan import ItemPlan, TooLong
    from probe.prompts.render import RenderedItem, ShownOption
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["Exchange", "forced_answer", "plan_two_turns", "refuse_one_turn_only", "write_two_turns"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, what was said to it, the next question, and what stands right before its answer."""

    question: str
    answer: str
    next_question: str
    cue: str


_NEUTRAL = Exchange("Quelquoi asked?", "Antwoord given.", "Weerquoi asked?", "")
"""What no template has been written for."""


def plan_two_turns(
    encoder: TextEncoder,
    style: PromptStyle,
    item: Item,
    variants: Sequence[Variant],
    levels: Levels,
    *,
    limit: int | None,
    budget: int,
) -> ItemPlan | TooLong:
    """Plan an item after the one that it has before it: every format of the first, both answers, every format.

    In this order: a prompt's place in its pack says what came first.

    Args:
        encoder: The model's tokenizer.
        style: Chat or raw.
        item: What is read, with what is answered before it.
        variants: The formats of either turn, sorted by id.
        levels: What the levels mean.
        limit: The model's context limit in tokens, if it has one.
        budget: Most tokens in one forward pass.

    Raises:
        TokenPlanError: A label cannot be read exactly after one of the prompts.
        ModelError: The chat template does not write two turns as they are.
    """
    if item.before is None:
        raise ValueError(f"{item.id}: nothing is asked before it")
    asked = [(variant, render(item, variant, levels)) for variant in variants]
    rows = []
    for variant in variants:
        first = render(item.before, variant, levels)
        options = {one.principle: one for one in first.principles}
        for said in (options[item.before.p1], options[item.before.p2]):
            answer = forced_answer(first, said, levels.enclosure(variant["enclosure"]))
            rows += [(second, shown, Exchange(first.question, answer, shown.question, "")) for second, shown in asked]
    exchanges = [Exchange(e.question, e.answer, e.next_question, cue_of(shown, style)) for _, shown, e in rows]
    every, rendered = [second for second, *_ in rows], [shown for _, shown, _ in rows]
    scripts = write_two_turns(encoder, style, exchanges, item.id)
    prefix = encoder.raw_prefix if style.kind == "raw" else ()
    ids = [prefix + one for one in encode_scripts(encoder, scripts, item.id)]
    labels = plan_all_labels(encoder, item, every, rendered, scripts, ids, prefix)
    prompts = tuple(PromptPlan(*one) for one in zip(every, rendered, scripts, ids, labels, strict=True))
    refuse_second_bos(encoder, prompts, prefix, item)
    return packed(item, prompts, limit, budget)


def forced_answer(asked: RenderedItem, said: ShownOption, enclosure: Enclosure) -> str:
    """What a model is made to have said: the cue, the label as it is listed, and the option's text.

    Args:
        asked: The question that it answers.
        said: One of its options.
        enclosure: What stands around a label there.
    """
    given = enclosure.open != "" and not asked.opening  # by the cue's own end
    space = "" if given or not asked.cue or asked.cue[-1].isspace() else " "
    return f"{asked.cue}{space}{asked.opening}{said.label}{enclosure.close} {said.text}"


def refuse_one_turn_only(encoder: TextEncoder, style: PromptStyle) -> None:
    """Refuse a model whose template does not write two turns as they are, before anything is planned.

    Raises:
        ModelError: Saying what the template does.
    """
    if style.kind == "chat":
        _heads(encoder, style, [_NEUTRAL], None if style.merge else style.system, "--own-words")


def write_two_turns(
    encoder: TextEncoder, style: PromptStyle, exchanges: Sequence[Exchange], where: str
) -> list[Script]:
    """Prompts up to the second decision position, one per exchange.

    Through a chat template the first answer is a turn of its own, opened and closed as the template does it. Without
    one it follows its question as a reading's label would, and an empty line ends it.

    Args:
        encoder: The model's tokenizer.
        style: From `probe.prompts.style.prompt_style`.
        exchanges: What was asked and said.
        where: What the error calls the item.

    Raises:
        TokenPlanError: The decision position would lie inside a thought or before a header of the answer.
        ModelError: The chat template does not write two turns as they are.
    """
    system = None if style.system is None else mark(encoder, style.system, "--system")
    marked = [
        Exchange(*(mark(encoder, text, where) for text in (one.question, one.answer, one.next_question, one.cue)))
        for one in exchanges
    ]
    if style.merge and system is not None:
        marked = [Exchange(f"{system}\n\n{one.question}", one.answer, one.next_question, one.cue) for one in marked]
        system = None
    if style.kind == "raw":
        texts = [f"{one.question}\n\n{one.answer}\n\n{one.next_question}" for one in marked]
        return [raw_script((text, one.cue), where, encoder.name) for text, one in zip(texts, marked, strict=True)]
    heads = _heads(encoder, style, marked, system, where)
    opening = opening_of(encoder, style, heads[0])
    refuse_missing_header(text_of(opening), style.header, where, encoder.name)
    refuse_open_thought(_parts(heads[0], marked[0])[3] + text_of(opening), where, encoder, style)
    return [joined(head, opening, one.cue) for head, one in zip(heads, marked, strict=True)]


def _heads(
    encoder: TextEncoder, style: PromptStyle, exchanges: Sequence[Exchange], system: str | None, where: str
) -> list[str]:
    """Two turns through the template; what it writes around them must be the same whatever is asked and said."""

    def refuse(what: str) -> Never:
        raise ModelError(
            f"{where} on {encoder.name}: the chat template {what}, so nothing can be asked after an answer. Leave "
            "--own-words out for this model, or mend the template."
        )

    template = template_of(encoder)
    if template is None:
        raise ModelError(f"{encoder.name}: it has no chat template. Set kind: base in models.yaml.")
    before = [] if system is None else [message("system", system)]
    asked = [
        [*before, message("user", one.question), message("assistant", one.answer), message("user", one.next_question)]
        for one in (_NEUTRAL, *exchanges)
    ]
    try:
        neutral, *heads = template.render(asked[:1], style.keywords, twice=True) + template.render(
            asked[1:], style.keywords
        )
    except RenderError as error:
        refuse(f"fails on a second turn ({str(error)[:200]})")
    around = _parts(neutral, _NEUTRAL)
    if not all(around[1:3]):
        refuse("leaves out or changes an earlier turn, or writes nothing between two turns")
    if open_thought(around[1]) is not None:
        refuse("writes an earlier answer inside a thought")
    for own in filter(None, (system, style.default_system)):
        if own.strip() not in neutral:
            refuse("leaves the system text out where there is a second turn")
    for head, one in zip(heads, exchanges, strict=True):
        if _parts(head, one) != around:
            refuse("changes or drops an earlier turn, or writes something else around it than around another")
    return heads


def _parts(head: str, one: Exchange) -> tuple[str, str, str, str]:
    """What stands before, between and behind a question, its answer and the next question; empty where one is not."""
    parts, rest = [], head
    for text in (one.question.strip(), one.answer.strip(), one.next_question.strip()):
        before, found, rest = rest.partition(text)
        if not found:
            return "", "", "", ""
        parts.append(before)
    return parts[0], parts[1], parts[2], rest
