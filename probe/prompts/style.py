"""How a model is asked: raw or through its template, with which keywords, system text and opening of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from probe.errors import ModelError
from probe.prompts.template import template_of
from probe.prompts.traits import answer_header, derive_traits, drops_default_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.prompts.pack import TokenIds
    from probe.prompts.template import ChatTemplate
    from probe.prompts.tokenizer import TextEncoder
    from probe.prompts.traits import TemplateTraits

__all__ = ["Asking", "PromptStyle", "prompt_style"]


@dataclass(frozen=True, slots=True)
class Asking:
    """What a model's entry and the run want of its prompts, before its template is looked at.

    Attributes:
        base: Whether it only continues text.
        keywords: Keywords for the template.
        append: Text right after the generation prompt.
        append_ids: Tokens right after that.
        system: System text; empty to ask without any, the template's own included; None to say nothing.
        merge: Whether the system text goes before the user's text, in the same message.
    """

    base: bool = False
    keywords: Mapping[str, bool | str] = field(default_factory=dict)
    append: str = ""
    append_ids: TokenIds = ()
    system: str | None = None
    merge: bool = False


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """How a model is asked.

    Attributes:
        kind: ``chat`` through its template with a generation prompt, ``raw`` as plain text.
        keywords: Keywords for the template, such as ``enable_thinking: False``.
        append: Text put right after the generation prompt, such as an empty thought.
        append_ids: Tokens put right after that.
        system: System text given with every question, empty where that keeps the template's own away, or None.
        merge: Whether it goes before the user's text, in the same message.
        remark: What a reader must know of the way of asking, or empty.
        header: What the template writes before an answer and the generation prompt leaves out.
        traits: What the template does of its own accord; None where it is not used.
    """

    kind: Literal["chat", "raw"]
    keywords: Mapping[str, bool | str] = field(default_factory=dict)
    append: str = ""
    append_ids: TokenIds = ()
    system: str | None = None
    merge: bool = False
    remark: str = field(default="", compare=False)
    header: str = field(default="", compare=False)
    traits: TemplateTraits | None = field(default=None, compare=False)

    @property
    def system_location(self) -> str:
        """Where the system text stands: ``none``, ``merged``, or as the template does it, ``native`` or ``folded``.

        ``empty`` where an empty one keeps the template's own text away.
        """
        if not self.system:
            return "none" if self.system is None else "empty"
        return "merged" if self.merge or self.traits is None else self.traits.system

    @property
    def default_system(self) -> str | None:
        """The template's own system text, where it stands in the prompts because none was given."""
        return self.traits.default_system if self.traits is not None and self.system is None else None


def prompt_style(encoder: TextEncoder, asking: Asking) -> PromptStyle:
    """Choose how to ask: raw for base models and models without a template, else chat.

    A template that can turn thoughts off is told to, unless the model's entry says otherwise: a reading inside an
    open thought is not an answer.

    Raises:
        ModelError: The template draws at random or fails on a question, an option of the entry would be ignored, the
            system text would be lost, or the template's own would stay where none is wanted.
    """
    template = template_of(encoder)
    if asking.base or template is None:
        return _raw_style(encoder.name, asking)
    traits = derive_traits(template)
    _refuse_unknown_keywords(template, asking.keywords)
    if asking.system and not asking.merge and traits.system in {"rejected", "dropped"}:
        verb = "fails on a system message" if traits.system == "rejected" else "drops a system message silently"
        raise ModelError(
            f"{encoder.name}: the chat template {verb}, so --system would not reach the model. Add --system-merge to "
            "put the text before the question, in the user's turn."
        )
    keywords = {**dict(traits.thinking_off), **asking.keywords}
    without = asking.system == "" and _without_default(template, traits, keywords)
    return PromptStyle(
        kind="chat",
        keywords=keywords,
        append=asking.append,
        append_ids=asking.append_ids,
        system=asking.system or ("" if without else None),
        merge=asking.merge and bool(asking.system),
        header=answer_header(template, keywords),
        traits=traits,
    )


def _without_default(template: ChatTemplate, traits: TemplateTraits, keywords: Mapping[str, bool | str]) -> bool:
    """Whether it takes an empty system message to ask without any system text."""
    if traits.default_system is None:
        return False
    if not drops_default_system(template, keywords):
        own = " ".join(traits.default_system.split())
        raise ModelError(
            f"{template.name}: the chat template writes a system text of its own ({own[:120]!r}) even where an empty "
            "one is given, so --system '' cannot keep it away. Leave --system out, or mend the template."
        )
    return True


def _raw_style(name: str, asking: Asking) -> PromptStyle:
    if asking.keywords or asking.append or asking.append_ids:
        raise ModelError(
            f"{name}: its entry has template options, and it is asked without a chat template, so they would be "
            "ignored. Remove them, or set kind: instruct for a model that has a template."
        )
    if asking.system and not asking.merge:
        raise ModelError(
            f"{name}: it is asked without a chat template, so --system has no place of its own. Add --system-merge to "
            "put the text before the question."
        )
    remark = "" if asking.base else "asked without a chat template: it has none"
    return PromptStyle("raw", system=asking.system or None, merge=bool(asking.system), remark=remark)


def _refuse_unknown_keywords(template: ChatTemplate, keywords: Mapping[str, bool | str]) -> None:
    unknown = sorted(keywords.keys() - template.keywords)
    if unknown:
        known = ", ".join(sorted(template.keywords)) or "none"
        raise ModelError(
            f"{template.name}: the chat template does not read the keyword {unknown[0]!r} of its entry and would "
            f"ignore it without a word. It reads: {known}. Mend template.keywords in models.yaml."
        )
