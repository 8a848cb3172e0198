"""What a chat template does with what it is given, found by rendering it and reading its source."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from probe.errors import ModelError
from probe.prompts.template import FROZEN_DATE, message
from probe.prompts.template_renderer import RenderError
from probe.prompts.thinking_tags import has_thought_tag, open_thought

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from probe.prompts.template import ChatTemplate, Message

__all__ = [
    "TemplateTraits",
    "answer_header",
    "derive_traits",
    "drops_default_system",
    "text_after_thought",
    "thinking_switches",
]

_SYSTEM, _ASKED, _ANSWERED, _ASKED_AGAIN = "Sysquoi mandates.", "Quelquoi asked?", "Antwoord given.", "Weerquoi asked?"
_THOUGHT = "Gedachte pondered."
_THOUGHT_FIELDS = ("reasoning_content", "thinking", "reasoning")
_OTHER_DATE = dt.datetime(1987, 6, 5, tzinfo=dt.UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2} [A-Z][a-z]{2,8} \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4}")
_MARKUP = re.compile(r"<[^<>\n]*>|\[[^\[\]\n]*\]")
_ROLES = re.compile(r"\b(?:system|developer|user|assistant)\b", re.IGNORECASE)
_SWITCH = re.compile(r"think|reason|thought", re.IGNORECASE)
_OFF_BY_TRUE = re.compile(r"skip|disable|(?:^|_)no_|without", re.IGNORECASE)

System = Literal["native", "folded", "rejected", "dropped"]
Date = Literal["none", "static", "dynamic"]
Thinking = Literal["none", "keyword", "opened", "always"]


@dataclass(frozen=True, slots=True)
class TemplateTraits:
    """What a template does around a user's question.

    Attributes:
        system: A system message stands as a message of its own, is folded into the user's turn, makes the template
            fail, or vanishes.
        default_system: What the template writes of its own accord before the user's text, if it holds any words.
        date: Whether a date stands in the prompt, and whether it is the clock's.
        thinking: ``keyword`` a keyword turns thoughts off, ``opened`` the generation prompt opens one, ``always`` the
            template provides for thoughts in answers and nothing turns them off, else ``none``.
        thinking_off: The keywords that turn thoughts off, and their values.
        writes_bos: Whether the template itself writes the BOS token.
        alternates: Whether two user turns in a row make it fail.
        header: What it writes between the generation prompt and an answer: the next token belongs to it.
        wants_parts: Whether it takes the text of a message only as a list of parts.
    """

    system: System
    default_system: str | None
    date: Date
    thinking: Thinking
    thinking_off: tuple[tuple[str, bool], ...]
    writes_bos: bool
    alternates: bool
    header: str
    wants_parts: bool = False

    def record(self) -> dict[str, bool | str | None]:
        """Plain values, for a manifest."""
        return {
            "system": self.system,
            "default_system": self.default_system,
            "date": self.date,
            "thinking": self.thinking,
            "thinking_off": ", ".join(f"{name}={value}" for name, value in self.thinking_off) or None,
            "writes_bos": self.writes_bos,
            "alternates": self.alternates,
            "header": self.header or None,
            "wants_parts": self.wants_parts,
        }

    def __str__(self) -> str:
        """One line for a reader."""
        off = ", ".join(f"{name}={value}" for name, value in self.thinking_off)
        parts = [
            f"system {self.system}",
            "default system text" if self.default_system else "no default system text",
            f"date {self.date}",
            f"thinking {self.thinking}" + (f" ({off})" if off else ""),
            "writes BOS" if self.writes_bos else "no BOS",
        ]
        parts += ["turns alternate"] if self.alternates else []
        parts += [f"header {self.header!r}"] if self.header else []
        parts += ["messages in parts"] if self.wants_parts else []
        return ", ".join(parts)


def derive_traits(template: ChatTemplate) -> TemplateTraits:
    """Derive the traits of a template from renders and its source; no model's name has a part in it.

    Raises:
        ModelError: The template fails on a lone user message, draws at random, or writes another text in another
            process.
    """
    if template.chance:
        raise ModelError(
            f"{template.name}: the chat template uses {', '.join(template.chance)}, which gives another prompt each "
            "time. Mend the template, or set kind: base in models.yaml."
        )
    _ask(template)
    off = thinking_switches(template)
    asked = _ask(template, dict(off))
    writes_bos = template.special_tokens.get("bos_token") or None
    return TemplateTraits(
        system=_system_role(template, asked),
        default_system=_default_system(template, asked),
        date=_date(template),
        thinking=_thinking(template, dict(off)),
        thinking_off=off,
        writes_bos=writes_bos is not None and writes_bos in asked,
        alternates=_render(template, [message("user", _ASKED), message("user", _ASKED_AGAIN)]) is None,
        header=answer_header(template, dict(off)),
        wants_parts=template.wants_parts,
    )


def thinking_switches(template: ChatTemplate) -> tuple[tuple[str, bool], ...]:
    """Keywords that turn thoughts off: names about thinking that change the prompt of a lone user message.

    A name that is merely written into the prompt, such as an amount of effort, is no switch.
    """
    found: dict[str, bool] = {}
    turns = [message("user", _ASKED)]
    for name in sorted(name for name in template.keywords if _SWITCH.search(name)):
        off = _OFF_BY_TRUE.search(name) is not None
        texts = [_render(template, turns, {**found, name: value}) for value in (off, not off)]
        before = _render(template, turns, found)
        if None in texts or texts[0] == texts[1]:
            continue
        written_out = (str(text).count(str(value)) for value, text in zip((off, not off), texts, strict=True))
        if any(count > str(before).count(str(value)) for count, value in zip(written_out, (off, not off), strict=True)):
            continue
        if texts[0] != before or not found:
            found[name] = off
    return tuple(found.items())


def answer_header(template: ChatTemplate, keywords: Mapping[str, bool | str]) -> str:
    """What the template writes between the generation prompt and the text of an answer; white space is none."""
    asked = _render(template, [message("user", _ASKED)], keywords)
    turns = [message("user", _ASKED), message("assistant", _ANSWERED)]
    answered = _render(template, turns, keywords, prompt=False)
    if asked is None or answered is None or not answered.startswith(asked):
        return ""
    end = answered.find(_ANSWERED, len(asked))
    header = answered[len(asked) : end] if end >= 0 else ""
    return header if header.strip() else ""


def text_after_thought(template: ChatTemplate, keywords: Mapping[str, bool | str]) -> str:
    """What the template writes between an answer's thought and its text; empty where it writes no thoughts."""
    answered_aloud = message("assistant", _ANSWERED) | dict.fromkeys(_THOUGHT_FIELDS, _THOUGHT)
    text = _render(template, [message("user", _ASKED), answered_aloud], keywords, prompt=False) or ""
    start = text.rfind(_THOUGHT)
    end = text.find(_ANSWERED, start)
    return text[start + len(_THOUGHT) : end] if 0 <= start < end else ""


def drops_default_system(template: ChatTemplate, keywords: Mapping[str, bool | str]) -> bool:
    """Whether an empty system message keeps the template from writing a system text of its own."""
    text = _render(template, [message("system", ""), message("user", _ASKED)], keywords)
    return text is not None and _ASKED in text and _default_system(template, text) is None


def _ask(template: ChatTemplate, keywords: Mapping[str, bool | str] | None = None) -> str:
    """The prompt of a lone user message.

    Raises:
        ModelError: The template cannot write one.
    """
    try:
        (text,) = template.render([[message("user", _ASKED)]], keywords, twice=True)
    except RenderError as error:
        raise ModelError(
            f"{template.name}: the chat template fails on a single user message ({str(error)[:200]}). Mend the "
            "template, or set kind: base in models.yaml."
        ) from error
    return text


def _render(
    template: ChatTemplate,
    turns: Sequence[Message],
    keywords: Mapping[str, bool | str] | None = None,
    *,
    prompt: bool = True,
) -> str | None:
    """A conversation as text; None where the template fails on it, in whatever way."""
    try:
        return template.render([turns], keywords, prompt=prompt, twice=True)[0]
    except RenderError:
        return None


def _system_role(template: ChatTemplate, asked: str) -> System:
    text = _render(template, [message("system", _SYSTEM), message("user", _ASKED)])
    if text is None:
        return "rejected"
    if _SYSTEM not in text:
        return "dropped"
    before = text[: text.rfind(_ASKED)]
    header = _user_header(template, asked[: asked.rfind(_ASKED)], before)
    if header is None:
        return "folded" if before.find(_SYSTEM) >= len(asked[: asked.rfind(_ASKED)]) else "native"
    return "folded" if header and before.rfind(header) < before.find(_SYSTEM) else "native"


def _user_header(template: ChatTemplate, *befores: str) -> str | None:
    """What opens a user's turn: the longest end of what stands before a later one that is in all of `befores`.

    None if the template cannot write a second user turn.
    """
    turns = [message("user", _ASKED), message("assistant", _ANSWERED), message("user", _ASKED_AGAIN)]
    text = _render(template, turns)
    if text is None or _ASKED_AGAIN not in text or _ANSWERED not in text:
        return None
    between = text[text.find(_ANSWERED) + len(_ANSWERED) : text.find(_ASKED_AGAIN)]
    between = between.rpartition(template.special_tokens.get("eos_token") or "\0")[2]
    ends = (between[start:] for start in range(len(between)))
    return next((end for end in ends if all(end in before for before in befores)), "")


def _default_system(template: ChatTemplate, asked: str) -> str | None:
    """What stands before the user's text and is not its turn's opening, if words are left without markup and roles."""
    before = asked[: asked.rfind(_ASKED)]
    header = _user_header(template, before)
    own = "".join(before.rpartition(header)[::2]) if header else before
    for token in template.special_tokens.values():
        own = own.replace(token, "")
    words = _ROLES.sub("", _MARKUP.sub("", own))
    return own if header is not None and re.search(r"[^\W\d_]{2}", words) else None


def _date(template: ChatTemplate) -> Date:
    found: Date = "none"
    for turns in ([message("user", _ASKED)], [message("system", _SYSTEM), message("user", _ASKED)]):
        if _render(template, turns) is None:
            continue
        now, then = (template.render([turns], date=date, twice=True)[0] for date in (FROZEN_DATE, _OTHER_DATE))
        if now != then:
            return "dynamic"
        if _DATE.search(now):
            found = "static"
    return found


def _thinking(template: ChatTemplate, off: Mapping[str, bool]) -> Thinking:
    asked = _ask(template, off)
    if open_thought(asked[asked.rfind(_ASKED) :]):
        return "opened"
    if off:
        return "keyword"
    return "always" if _provides_for_thoughts(template) else "none"


def _provides_for_thoughts(template: ChatTemplate) -> bool:
    """Whether answers carry their thoughts, or have thoughts in tags cut out of them."""
    question = message("user", _ASKED)
    answered_aloud = message("assistant", _ANSWERED) | dict.fromkeys(_THOUGHT_FIELDS, _THOUGHT)
    tagged = message("assistant", f"<think>{_THOUGHT}</think>{_ANSWERED}")
    written = _render(template, [question, answered_aloud], prompt=False) or ""
    kept = _render(template, [question, tagged, message("user", _ASKED_AGAIN)]) or _THOUGHT
    return _THOUGHT in written or has_thought_tag(written) or _THOUGHT not in kept
