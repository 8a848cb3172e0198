"""A model's own chat template: rendered at a frozen date, and what its source asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from probe.errors import ModelError
from probe.prompts.template_renderer import RenderError, renderers

if TYPE_CHECKING:
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["FROZEN_DATE", "ChatTemplate", "Message", "message", "template_of"]

Message = dict[str, str]
Conversations = Sequence[Sequence[Mapping[str, object]]]

FROZEN_DATE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""What a chat template is told when it asks for today's date: prompts must not change overnight."""

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
        twice: bool = False,
    ) -> list[str]:
        """Write conversations as text, as transformers does it for generation.

        Args:
            conversations: Each a list of turns.
            keywords: What the template is given beside the turns.
            prompt: Whether the generation prompt stands at the end.
            date: What the template takes for now.
            twice: Whether a second process, with another hash seed, must write the same.

        Raises:
            RenderError: The template refuses a conversation, does whatever else wrong, or costs too much.
            ModelError: Two processes are given different texts.
        """
        written = self._in_parts(conversations) if self.wants_parts else conversations
        return self._write(written, keywords, prompt=prompt, date=date, twice=twice)

    @cached_property
    def wants_parts(self) -> bool:
        """Whether it writes the text of a message only if that comes as a list of parts, as with images."""
        asked = [[message("user", "Quelquoi asked?")]]
        return not self._writes("Quelquoi asked?", asked) and self._writes("Quelquoi asked?", self._in_parts(asked))

    def _writes(self, text: str, conversations: Conversations) -> bool:
        try:
            return text in self._write(conversations)[0]
        except RenderError:
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
        twice: bool = False,
    ) -> list[str]:
        given = {**self.special_tokens, **(keywords or {})}
        first, second = renderers()
        texts = [
            one.ask(
                self.source,
                do="render",
                conversations=conversations,
                given=given,
                prompt=prompt,
                date=date.timestamp(),
            )["texts"]
            for one in ((first, second) if twice else (first,))
        ]
        if texts[0] != texts[-1]:
            raise ModelError(
                f"{self.name}: the chat template writes another prompt in another process, as an address in memory or "
                "an order that is drawn anew. Mend the template, or set kind: base in models.yaml."
            )
        return list(texts[0])

    @cached_property
    def keywords(self) -> frozenset[str]:
        """Names that the source reads and nothing else sets: what an entry can say to it."""
        return frozenset(self._names["names"]) - _GIVEN - self.special_tokens.keys()

    @cached_property
    def chance(self) -> tuple[str, ...]:
        """What in it gives another text each time: jinja's ``random`` filter, also by name, and ``lipsum``."""
        return tuple(self._names["chance"])

    @cached_property
    def _names(self) -> Mapping[str, list[str]]:
        """What the source reads, as transformers parses it, its own tags included.

        Raises:
            ModelError: It is no template.
        """
        try:
            found = renderers()[0].ask(self.source, do="read")
        except RenderError as error:
            raise ModelError(
                f"{self.name}: the chat template cannot be read ({str(error)[:200]}). Mend the template, or set "
                "kind: base in models.yaml."
            ) from error
        if "syntax" in found:
            line, why = found["syntax"]
            raise ModelError(
                f"{self.name}: the chat template cannot be parsed (line {line}: {why}). Mend the template, or set "
                "kind: base in models.yaml."
            )
        return found


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
    return _made(source, encoder.name, tuple(tokenizer.special_tokens_map.items()))


@lru_cache(maxsize=64)
def _made(source: str, name: str, special_tokens: tuple[tuple[str, str], ...]) -> ChatTemplate:
    """One object for a template, so that what is found out about it is found out once, and not for every item."""
    return ChatTemplate(source, name, dict(special_tokens))
