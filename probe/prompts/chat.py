"""From a rendered item to the text a tokenizer gets: through the model's own chat template, or raw."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from probe.errors import ModelError, TokenPlanError
from probe.prompts.pieces import Piece, mark, script, text_of, unmark
from probe.prompts.template import message, template_of
from probe.prompts.template_renderer import RenderError
from probe.prompts.thinking_tags import closing_tag, open_thought
from probe.prompts.traits import text_after_thought

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.prompts.pieces import Script
    from probe.prompts.render import RenderedItem
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = [
    "cue_of",
    "joined",
    "opening_of",
    "raw_script",
    "refuse_missing_header",
    "refuse_open_thought",
    "without_cue",
    "write_prompts",
]

_NEUTRAL = "Quelquoi asked?"
"""A question that no template has been written for."""


def write_prompts(
    encoder: TextEncoder, style: PromptStyle, rendered: Sequence[RenderedItem], where: str
) -> list[Script]:
    """Prompts up to the decision position, one per rendered item; the cue is their end.

    Control tokens that an item's text, a cue or the system text contains become letters.

    Args:
        encoder: The model's tokenizer.
        style: From `prompt_style`.
        rendered: The item in each of its formats.
        where: What the error calls the item.

    Raises:
        TokenPlanError: The decision position would lie inside a thought or before a header of the answer, or the
            template does not write what it is given.
        ModelError: The chat template cannot be rendered, or reads the questions.
    """
    system = None if style.system is None else mark(encoder, style.system, "--system")
    questions = [mark(encoder, one.question, where) for one in rendered]
    cues = [mark(encoder, cue_of(one, style), where) for one in rendered]
    if style.merge and system is not None:
        questions, system = [f"{system}\n\n{question}" for question in questions], None
    if style.kind == "raw":
        return [raw_script(pair, where, encoder.name) for pair in zip(questions, cues, strict=True)]
    *heads, neutral = _render_chat(encoder, style, [*questions, _NEUTRAL], system)
    for head, question in zip(heads, questions, strict=True):
        _check_whole(head, question, system, where, encoder.name)
        _refuse_reading(head, question, neutral, where, encoder.name)
    opening = opening_of(encoder, style, heads[0])
    refuse_missing_header(text_of(opening), style.header, where, encoder.name)
    for head, question in zip(heads, questions, strict=True):
        tail = head[head.rfind(question.strip()) + len(question.strip()) :]
        refuse_open_thought(tail + text_of(opening), where, encoder, style)
    return [joined(head, opening, cue) for head, cue in zip(heads, cues, strict=True)]


def without_cue(pieces: Script, rendered: RenderedItem, style: PromptStyle) -> Script:
    """A prompt up to where its cue begins: what a model writes its own answer to.

    Args:
        pieces: A prompt of `write_prompts`.
        rendered: What it was written from.
        style: How.
    """
    left = len(cue_of(rendered, style))
    kept = list(pieces)
    while left and len(kept[-1].text) <= left and len(kept) > 1:
        left -= len(kept.pop().text)
    last = kept[-1]
    return (*kept[:-1], replace(last, text=last.text[: len(last.text) - left]))


def cue_of(rendered: RenderedItem, style: PromptStyle) -> str:
    """What stands right before the answer, through a template or without one."""
    return rendered.cue if style.kind == "chat" or rendered.raw_cue is None else rendered.raw_cue


def raw_script(pair: tuple[str, str], where: str, name: str) -> Script:
    """A marked question and its cue as plain text.

    Raises:
        TokenPlanError: The cue is empty.
    """
    question, cue = pair
    if not cue:
        raise TokenPlanError(
            f"{where} on {name}: the cue is empty and the model has no chat template, so nothing separates the "
            "question from the answer. Use another level of the axis 'cue'."
        )
    return script(f"{question}\n\n{cue}")


def _render_chat(encoder: TextEncoder, style: PromptStyle, questions: Sequence[str], system: str | None) -> list[str]:
    template = template_of(encoder)
    if template is None:
        raise ModelError(f"{encoder.name}: it has no chat template. Set kind: base in models.yaml.")
    before = [] if system is None else [message("system", system)]
    asked = [[*before, message("user", question)] for question in questions]
    try:
        return [
            *template.render(asked[:1], style.keywords, twice=True),
            *template.render(asked[1:], style.keywords),
        ]
    except RenderError as error:
        raise ModelError(
            f"{encoder.name}: the chat template fails on a single user message ({str(error)[:200]}). Mend the "
            "template, or set kind: base in models.yaml."
        ) from error


def opening_of(encoder: TextEncoder, style: PromptStyle, head: str) -> tuple[Piece, ...]:
    """What the entry puts behind the generation prompt: as text if the text gives the same tokens, else as tokens."""
    if not style.append_ids:
        return (Piece(style.append),)
    text = unmark(head) + style.append
    decoded = str(encoder.tokenizer.decode(list(style.append_ids), skip_special_tokens=False))
    alone, together = encoder.encode([text, text + decoded])
    if together == alone + style.append_ids:
        return (Piece(style.append + decoded),)
    return (Piece(style.append), Piece(decoded, "ids", style.append_ids))


def joined(head: str, opening: tuple[Piece, ...], cue: str) -> Script:
    """Head, opening and marked cue: one text where it can be one, so that a tokenizer sees it whole."""
    if len(opening) == 1:
        return script(head + opening[0].text + cue)
    behind = script(cue) if cue else ()
    return (*script(head + opening[0].text), *opening[1:], *behind)


def _check_whole(head: str, question: str, system: str | None, where: str, name: str) -> None:
    if question.strip() not in head:
        raise TokenPlanError(
            f"{where} on {name}: the chat template changes or drops the question, which must stand in the prompt as it "
            "is. Mend the template, or set kind: base in models.yaml."
        )
    if system is not None and system.strip() not in head:
        raise TokenPlanError(
            f"{where} on {name}: the chat template changes or drops the text of --system. Word it differently, or add "
            "--system-merge to put it before the question."
        )


def _refuse_reading(head: str, question: str, neutral: str, where: str, name: str) -> None:
    """Refuse a template that writes something else around this question than around another."""
    if head.replace(question.strip(), _NEUTRAL) != neutral:
        raise ModelError(
            f"{where} on {name}: the chat template writes something else around this question than around another, so "
            "it reads what it is to pass on, and may have been written to turn answers. Compare it with the template "
            "that the model was published with, or set kind: base in models.yaml."
        )


def refuse_open_thought(text: str, where: str, encoder: TextEncoder, style: PromptStyle) -> None:
    """Refuse a prompt whose end, behind the question, opens a thought.

    Raises:
        TokenPlanError: Saying what closes it.
    """
    opening = open_thought(text)
    if opening is None:
        return
    template = template_of(encoder)
    closing = "" if template is None else text_after_thought(template, style.keywords)
    if not closing.strip() or open_thought(text + closing) is not None:
        closing = f"{closing_tag(opening)}\n\n"
    raise TokenPlanError(
        f"{where} on {encoder.name}: the prompt ends inside an unclosed {opening}, so the next token is a thought and "
        f"not an answer. In models.yaml give the entry template: {{append: {_quoted(closing)}}}, or the keyword that "
        "turns thinking off."
    )


def refuse_missing_header(opening: str, header: str, where: str, name: str) -> None:
    """Refuse an opening without what the template writes before an answer.

    Raises:
        TokenPlanError: Saying what is missing.
    """
    if header.strip() not in opening:
        raise TokenPlanError(
            f"{where} on {name}: the chat template writes {header!r} before an answer and its generation prompt does "
            "not, so the next token is part of that. In models.yaml give the entry template: "
            f"{{append: {_quoted(header)}}}."
        )


def _quoted(text: str) -> str:
    r"""A YAML scalar: double quotes and escapes where there are line ends.

    Example:
        >>> print(_quoted("<|channel|>final"), _quoted("a\nb"))
        '<|channel|>final' "a\nb"
    """
    return json.dumps(text, ensure_ascii=False) if "\n" in text or "'" in text else f"'{text}'"
