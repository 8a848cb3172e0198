"""A model's own chat template: rendered at a frozen date, and what its source asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from unittest import mock

from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import nodes

    from probe.prompts.template_sandbox import Metered
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["FROZEN_DATE", "ChatTemplate", "Message", "message", "template_of"]

Message = dict[str, str]
Conversations = Sequence[Sequence[Mapping[str, object]]]

FROZEN_DATE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""What a chat template is told when it asks for today's date: prompts must not change overnight."""

_RENDERER = "transformers.utils.chat_template_utils"

_CHANCE = frozenset({"random", "lipsum"})
"""What jinja allows in a template and no two renders agree on."""

_GIVEN = frozenset({"messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token"})
"""Names that a template gets anyway: no keywords of an entry."""


def message(role: str, content: str) -> Message:
    """One turn of a conversation."""
    return {"role": role, "content": content}


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template and the special tokens it is rendered with.

    Attributes:
        source: Its jinja source.
        name: How errors call the model.
        special_tokens: ``bos_token``, ``eos_token`` ... and their texts.
    """

    source: str
    name: str
    special_tokens: Mapping[str, str] = field(default_factory=dict)

    def render(
        self,
        conversations: Sequence[Sequence[Message]],
        keywords: Mapping[str, bool | str] | None = None,
        *,
        prompt: bool = True,
        date: dt.datetime = FROZEN_DATE,
    ) -> list[str]:
        """Write conversations as text, as transformers does it for generation.

        Args:
            conversations: Each a list of turns.
            keywords: What the template is given beside the turns.
            prompt: Whether the generation prompt stands at the end.
            date: What the template takes for now.

        Raises:
            jinja2.TemplateError: The template refuses a conversation, or whatever else its source does wrong.
        """
        written = self._in_parts(conversations) if self.wants_parts else conversations
        return self._write(written, keywords, prompt=prompt, date=date)

    @cached_property
    def wants_parts(self) -> bool:
        """Whether it writes the text of a message only if that comes as a list of parts, as with images."""
        asked = [[message("user", "Quelquoi asked?")]]
        return not self._says("Quelquoi asked?", asked) and self._says("Quelquoi asked?", self._in_parts(asked))

    def _says(self, text: str, conversations: Conversations) -> bool:
        try:
            return text in self._write(conversations)[0]
        except Exception:  # noqa: BLE001  a template may raise anything, and then it says nothing
            return False

    @staticmethod
    def _in_parts(conversations: Sequence[Sequence[Message]]) -> Conversations:
        return [
            [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in turns]
            for turns in conversations
        ]

    def _write(
        self,
        conversations: Conversations,
        keywords: Mapping[str, bool | str] | None = None,
        *,
        prompt: bool = True,
        date: dt.datetime = FROZEN_DATE,
    ) -> list[str]:
        from transformers.utils.chat_template_utils import render_jinja_template  # noqa: PLC0415

        given: dict[str, Any] = {**self.special_tokens, **(keywords or {})}
        with _clock_at(date), mock.patch(f"{_RENDERER}._compile_jinja_template", _compiled):
            texts: list[str] = render_jinja_template(
                [[dict(turn) for turn in turns] for turns in conversations],
                chat_template=self.source,
                add_generation_prompt=prompt,
                **given,
            )[0]  # type: ignore[assignment]  # annotated as text, returns texts and masks
        return [str(text) for text in texts]

    @cached_property
    def keywords(self) -> frozenset[str]:
        """Names that the source reads and nothing else sets: what an entry can say to it."""
        from jinja2 import meta, nodes  # noqa: PLC0415

        known = meta.find_undeclared_variables(self._tree)
        functions = {call.node.name for call in self._tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
        return frozenset(known) - _GIVEN - self.special_tokens.keys() - functions

    @cached_property
    def chance(self) -> tuple[str, ...]:
        """What in it gives another text each time: jinja's ``random`` filter, also by name, and ``lipsum``."""
        from jinja2 import nodes  # noqa: PLC0415

        filters = {node.name for node in self._tree.find_all(nodes.Filter)}
        named = {
            node.value
            for filter_ in self._tree.find_all(nodes.Filter)
            for node in filter_.find_all(nodes.Const)
            if filter_.name == "map" and isinstance(node.value, str)
        }
        names = {node.name for node in self._tree.find_all(nodes.Name)}
        return tuple(sorted((filters | named | names) & _CHANCE))

    @cached_property
    def _tree(self) -> nodes.Template:
        """The source as transformers parses it, its own tags included.

        Raises:
            ModelError: It is no template.
        """
        import jinja2  # noqa: PLC0415

        try:
            tree: nodes.Template = _compiled(self.source).environment.parse(self.source)
        except jinja2.TemplateSyntaxError as error:
            raise ModelError(
                f"{self.name}: the chat template cannot be parsed (line {error.lineno}: {error.message}). Mend the "
                "template, or set kind: base in models.yaml."
            ) from error
        return tree


def template_of(encoder: TextEncoder) -> ChatTemplate | None:
    """The template that transformers would use for a conversation without tools; None if there is none.

    Raises:
        ModelError: The tokenizer has several and none is the default.
    """
    tokenizer = encoder.tokenizer
    if not tokenizer.chat_template:
        return None
    try:
        source = str(tokenizer.get_chat_template())
    except ValueError as error:
        raise ModelError(
            f"{encoder.name}: it has several chat templates ({', '.join(sorted(tokenizer.chat_template))}) and none is "
            "called 'default'. Name one of them so in the folder's tokenizer_config.json."
        ) from error
    return ChatTemplate(source, encoder.name, dict(tokenizer.special_tokens_map))


@contextmanager
def _clock_at(date: dt.datetime) -> Iterator[None]:
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Clock:
            return cls.fromtimestamp(date.timestamp(), tz or dt.UTC)

    with mock.patch(f"{_RENDERER}.datetime", Clock):
        yield


@lru_cache
def _compiled(source: str) -> Metered:
    """The template as transformers compiles it, under a meter."""
    from transformers.utils.chat_template_utils import _cached_compile_jinja_template  # noqa: PLC0415

    from probe.prompts.template_sandbox import MeteredEnvironment  # noqa: PLC0415  with jinja2, which listing must not load

    with mock.patch(f"{_RENDERER}.ImmutableSandboxedEnvironment", MeteredEnvironment):
        compiled: Metered = _cached_compile_jinja_template(source)
    return compiled
