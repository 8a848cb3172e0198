"""From a rendered item to the text a tokenizer gets: through the model's own chat template, or raw."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from unittest import mock

from probe.errors import ModelError, TokenPlanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from probe.prompts.render import RenderedItem
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["FROZEN_DATE", "PromptStyle", "prompt_style", "write_prompts"]

FROZEN_DATE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""What a chat template is told when it asks for today's date: prompts must not change overnight."""

_THINK_TAGS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"))

_CHANCE = frozenset({"random", "lipsum"})
"""What jinja allows in a template and no two renders agree on."""

_CHANNEL_HEADER, _FINAL_CHANNEL = "<|start|>assistant", "<|channel|>final<|message|>"


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """How a model is asked.

    Attributes:
        kind: ``chat`` through its template with a generation prompt, ``raw`` as plain text.
        keywords: Keywords for the template, such as ``enable_thinking: False``.
        append: Text put right after the generation prompt, such as an empty thought.
    """

    kind: Literal["chat", "raw"]
    keywords: Mapping[str, bool | str] = field(default_factory=dict)
    append: str = ""


def prompt_style(encoder: TextEncoder, *, base: bool, keywords: Mapping[str, bool | str], append: str) -> PromptStyle:
    """Choose how to ask: raw for base models and models without a template, else chat.

    A template that knows ``enable_thinking`` gets False, unless the model's entry says otherwise: a reading inside
    an open thought is not an answer.

    Raises:
        ModelError: The template draws at random.
    """
    template = encoder.tokenizer.chat_template
    if base or not template:
        return PromptStyle("raw")
    names = _template_names(str(template))
    if names & _CHANCE:
        raise ModelError(
            f"{encoder.name}: the chat template uses {', '.join(sorted(names & _CHANCE))}, which gives another prompt "
            "each time. Mend the template, or set kind: base in models.yaml."
        )
    if "enable_thinking" in names:
        return PromptStyle("chat", {"enable_thinking": False, **keywords}, append)
    return PromptStyle("chat", dict(keywords), append)


def write_prompts(encoder: TextEncoder, style: PromptStyle, rendered: Sequence[RenderedItem], where: str) -> list[str]:
    """Texts up to the decision position, one per rendered item; the cue is their end.

    Args:
        encoder: The model's tokenizer.
        style: From `prompt_style`.
        rendered: The item in each of its formats.
        where: What the error calls the item.

    Raises:
        TokenPlanError: A text contains a control token, or the decision position would lie inside a thought.
        ModelError: The chat template cannot be rendered.
    """
    for one in rendered:
        token = encoder.control_token_in(one.question) or encoder.control_token_in(one.cue)
        if token is not None:
            raise TokenPlanError(
                f"{where} on {encoder.name}: the text contains {token!r}, which this tokenizer reads as a control "
                "token. Write it differently in the scenario file."
            )
    if style.kind == "raw":
        return [_raw(one, where, encoder.name) for one in rendered]
    heads = _render_chat(encoder, style, [one.question for one in rendered])
    heads = [head + style.append for head in heads]
    texts = [head + one.cue for head, one in zip(heads, rendered, strict=True)]
    for head, text in zip(heads, texts, strict=True):
        _refuse_missing_channel(head, where, encoder.name)
        _refuse_open_thought(text, where, encoder.name)
    return texts


def _raw(one: RenderedItem, where: str, name: str) -> str:
    if not one.cue:
        raise TokenPlanError(
            f"{where} on {name}: the cue is empty and the model has no chat template, so nothing separates the "
            "question from the answer. Use another level of the axis 'cue'."
        )
    return f"{one.question}\n\n{one.cue}"


def _render_chat(encoder: TextEncoder, style: PromptStyle, questions: Sequence[str]) -> list[str]:
    chats = [[{"role": "user", "content": question}] for question in questions]
    try:
        with _frozen_clock():
            heads = encoder.tokenizer.apply_chat_template(
                chats, tokenize=False, add_generation_prompt=True, **style.keywords
            )
    except Exception as error:
        raise ModelError(
            f"{encoder.name}: the chat template fails on a single user message "
            f"({type(error).__name__}: {str(error)[:200]}). Mend the template, or set kind: base in models.yaml."
        ) from error
    return [str(head) for head in heads]


def _refuse_open_thought(text: str, where: str, name: str) -> None:
    for opening, closing in _THINK_TAGS:
        if text.rfind(opening) > text.rfind(closing):
            raise TokenPlanError(
                f"{where} on {name}: the prompt ends inside an unclosed {opening}, so the next token is a thought and "
                f"not an answer. In models.yaml give the entry template: {{append: '{closing}\\n\\n'}}, or the "
                "keyword that turns thinking off."
            )


def _refuse_missing_channel(head: str, where: str, name: str) -> None:
    if head.endswith(_CHANNEL_HEADER):
        raise TokenPlanError(
            f"{where} on {name}: the chat template ends before the channel of the answer, so the next token is no "
            f"answer. In models.yaml give the entry template: {{append: '{_FINAL_CHANNEL}'}}."
        )


def _template_names(template: str) -> frozenset[str]:
    """Variables that a template asks for, and the filters and jinja's own names that it uses."""
    import jinja2  # noqa: PLC0415
    import jinja2.meta  # noqa: PLC0415

    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.loopcontrols"])
    try:
        tree = environment.parse(template)
    except jinja2.TemplateSyntaxError:
        return frozenset(name for name in ("enable_thinking",) if name in template)
    filters = {node.name for node in tree.find_all(jinja2.nodes.Filter)}
    shipped = {node.name for node in tree.find_all(jinja2.nodes.Name)} & environment.globals.keys()
    return frozenset(jinja2.meta.find_undeclared_variables(tree) | filters | shipped)


class _FrozenClock(dt.datetime):
    """A datetime whose now() stands still."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _FrozenClock:
        return cls.fromtimestamp(FROZEN_DATE.timestamp(), tz or dt.UTC)


@contextmanager
def _frozen_clock() -> Iterator[None]:
    with mock.patch("transformers.utils.chat_template_utils.datetime", _FrozenClock):
        yield
