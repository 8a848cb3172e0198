"""The shape of a trade-off file. Rules across fields are in `rules`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from probe.design.fields import Characters, Id, LineText, Text

__all__ = ["Bridge", "Control", "ControlKind", "Form", "Mate", "Revealed", "Stated", "TradeOff"]

Form = Literal["choose", "agree", "advise"]
ControlKind = Literal["dominated", "identical", "equivalent", "content_free", "fact"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mate(_Frozen):
    """The negated twin of an agree question; its first option is the agreeing answer."""

    text: Text
    options: dict[Id, LineText]


class Stated(_Frozen):
    """A root question. In the agree form the option that stands first is the agreeing answer."""

    id: Id
    form: Form
    text: Text
    options: dict[Id, LineText]
    mate: Mate | None = None
    paraphrases: tuple[Text, ...] = ()


class Bridge(_Frozen):
    """The general question, narrowed to one scenario's kind of situation."""

    text: Text
    options: dict[Id, LineText]


class Revealed(_Frozen):
    """A scenario: its context factors cross, and ``{{name}}`` inserts a factor's level."""

    id: Id
    text: Text
    factors: dict[Id, dict[Id, Characters]] = {}
    options: dict[Id, LineText]
    why: dict[Id, Text] = {}
    bridge: Bridge | None = None


class Control(_Frozen):
    """A question whose sound answer is known, or known to be none."""

    id: Id
    kind: ControlKind
    text: Text
    options: dict[Id, LineText]
    expect: Id | None = None


class TradeOff(_Frozen):
    """Two opposed principles and the items that pit them against each other; the first principle is p1."""

    tradeoff: Id
    family: Text
    principles: dict[Id, Text]
    sources: tuple[Text, ...] = ()
    stated: tuple[Stated, ...] = ()
    revealed: tuple[Revealed, ...] = ()
    controls: tuple[Control, ...] = ()
