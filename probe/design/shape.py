"""The shape of a trade-off file. Rules across fields are in `rules`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from probe.design.fields import Characters, Id, LineText, Text

__all__ = [
    "DOSE",
    "Act",
    "Bridge",
    "Control",
    "ControlKind",
    "Form",
    "Mate",
    "Paraphrase",
    "Revealed",
    "Stated",
    "TradeOff",
]

Form = Literal["choose", "agree", "advise"]
Act = Literal["act", "omit"]

DOSE = "dose"
"""The key beside a factor's levels under which their numbers stand."""
ControlKind = Literal["dominated", "identical", "equivalent", "content_free", "fact"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mate(_Frozen):
    """The negated twin of an agree question, or a scenario with its default turned round.

    Of an agree question's twin the first option is the agreeing answer. It `contradicts` the statement where it is its
    plain denial, so that exactly one of the two is true; *should* and *should not* are contraries: both may be denied.
    A scenario's twin has the scenario's factors.
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


def _level(value: object) -> str:
    return "doses" if isinstance(value, list | tuple) else "words"


_Number = Annotated[float, WithJsonSchema({"type": ["number", "string"], "pattern": r"^-?[0-9.]+(e-?[0-9]+)?$"})]
_Words = Annotated[Characters, Tag("words")]
_Numbers = Annotated[tuple[_Number, ...], Tag("doses")]
Level = Annotated[_Words | _Numbers, Discriminator(_level)]


class Revealed(_Frozen):
    """A scenario: its context factors cross, and ``{{name}}`` inserts a factor's level.

    Where it is `fixed`, the text prints its own answers and is asked as it stands: the options' words are its labels.

    Attributes:
        marked: The factors as the file has them: levels with their words, and under `DOSE` a list of their numbers.
        acts: Per principle, whether its option is an act or an omission; empty where nothing is said.
        mate: The same situation with its default turned round, so that what was an omission is an act.
    """

    id: Id
    text: Text
    marked: dict[Id, dict[Id, Level]] = Field(default={}, alias="factors")
    options: dict[Id, LineText]
    acts: dict[Id, Act] = {}
    mate: Mate | None = None
    why: dict[Id, Text] = {}
    bridge: Bridge | None = None
    fixed: bool = False

    @property
    def factors(self) -> dict[str, dict[str, str]]:
        """Levels of each factor with their words."""
        return {
            factor: {level: words for level, words in levels.items() if isinstance(words, str)}
            for factor, levels in self.marked.items()
        }

    @property
    def doses(self) -> dict[str, tuple[float, ...]]:
        """Numbers of the levels, in their order, of each factor that is marked with them."""
        marked = {factor: levels.get(DOSE) for factor, levels in self.marked.items()}
        return {factor: numbers for factor, numbers in marked.items() if isinstance(numbers, tuple)}

    @property
    def turns(self) -> bool:
        """Whether exactly one option is an omission, so that the scenario needs a mate."""
        return sorted(self.acts.values()) == ["act", "omit"]


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
