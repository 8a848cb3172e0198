"""The shape of a trade-off file. Rules across fields are in `rules`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Tag

from probe.design.fields import Characters, Id, LineText, Text

__all__ = ["Bridge", "Control", "ControlKind", "Form", "Mate", "Paraphrase", "Revealed", "Stated", "TradeOff"]

Form = Literal["choose", "agree", "advise"]
ControlKind = Literal["dominated", "identical", "equivalent", "content_free", "fact"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mate(_Frozen):
    """The negated twin of an agree question; its first option is the agreeing answer.

    It `contradicts` the statement where it is its plain denial, so that exactly one of the two is true. *Should* and
    *should not* are contraries: both may be denied.
    """

    text: Text
    options: dict[Id, LineText]
    contradicts: bool = False


class Paraphrase(_Frozen):
    """Another wording of a root question that needs options of its own, be it that it turns the polarity round."""

    text: Text
    options: dict[Id, LineText]


def _wording(value: object) -> str:
    return "text" if isinstance(value, str) else "own"


Wording = Annotated[Annotated[Paraphrase, Tag("own")] | Annotated[Text, Tag("text")], Discriminator(_wording)]


class Stated(_Frozen):
    """A root question. In the agree form the option that stands first is the agreeing answer.

    Where it is `fixed`, the text prints its own answers and is asked as it stands: the options' words are its labels.
    """

    id: Id
    form: Form
    text: Text
    options: dict[Id, LineText]
    mate: Mate | None = None
    paraphrases: tuple[Wording, ...] = ()
    fixed: bool = False

    @property
    def rewordings(self) -> tuple[Paraphrase, ...]:
        """The paraphrases, each with its options: its own, or the root question's."""
        return tuple(
            one if isinstance(one, Paraphrase) else Paraphrase(text=one, options=self.options)
            for one in self.paraphrases
        )


class Bridge(_Frozen):
    """The general question, narrowed to one scenario's kind of situation."""

    text: Text
    options: dict[Id, LineText]


class Revealed(_Frozen):
    """A scenario: its context factors cross, and ``{{name}}`` inserts a factor's level.

    Where it is `fixed`, the text prints its own answers and is asked as it stands: the options' words are its labels.
    """

    id: Id
    text: Text
    factors: dict[Id, dict[Id, Characters]] = {}
    options: dict[Id, LineText]
    why: dict[Id, Text] = {}
    bridge: Bridge | None = None
    fixed: bool = False


class Control(_Frozen):
    """A question whose sound answer is known, or known to be none."""

    id: Id
    kind: ControlKind
    text: Text
    options: dict[Id, LineText]
    expect: Id | None = None


class TradeOff(_Frozen):
    """Two opposed principles and the items that pit them against each other; the first principle is p1.

    Attributes:
        predicts: Per context factor, where theory expects a direction, the principle towards which the choice moves and
            the factor's levels in the order in which it does so.
    """

    tradeoff: Id
    family: Text
    principles: dict[Id, Text]
    sources: tuple[Text, ...] = ()
    predicts: dict[Id, dict[Id, tuple[Id, ...]]] = {}
    stated: tuple[Stated, ...] = ()
    revealed: tuple[Revealed, ...] = ()
    controls: tuple[Control, ...] = ()
