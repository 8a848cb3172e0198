"""Format axes and their levels: what each level means, the shipped ones and a design's own. No items, no tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from probe.design.data import PACKAGE
from probe.design.fields import Characters, Id, LineText, Nullable, Text
from probe.design.items import Axis, Level, Side
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.typed_yaml import did_you_mean, listed, read_as
from probe.errors import InputError, ScenarioError

__all__ = [
    "AxesFile",
    "Enclosure",
    "LabelSet",
    "Layout",
    "Levels",
    "Neutral",
    "OwnLevels",
    "shipped_levels",
    "unknown_level",
]


class Neutral(BaseModel):
    """Its words on each side that offers it; a side that is left out has two options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stated: Annotated[LineText | None, Nullable] = None
    revealed: Annotated[LineText | None, Nullable] = None
    bridge: Annotated[LineText | None, Nullable] = None

    @model_validator(mode="after")
    def _somewhere(self) -> Neutral:
        if not self.sides:
            raise ValueError("no side has a neutral option. Give its words for 'stated', 'revealed' or 'bridge'.")
        return self

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that offer it."""
        every: tuple[Side, ...] = ("stated", "bridge", "revealed")
        return tuple(side for side in every if self.offered(side) is not None)

    def offered(self, side: Side) -> str | None:
        """Its words on a side; None where there is none. Controls never have one."""
        return {"stated": self.stated, "revealed": self.revealed, "bridge": self.bridge}.get(side)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_label(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise ValueError(f"the label {text!r} is empty or holds white space. Use letters or digits without spaces.")
    return text


def _check_cue(text: str) -> str:
    if text != text.strip():
        raise ValueError(
            f"the cue {text!r} begins or ends in white space, which most tokenizers merge with the label. Remove it: "
            "the space belongs to the label, and both forms of a label are read."
        )
    return text


def _check_mark(text: str) -> str:
    if any(character.isspace() for character in text):
        raise ValueError(f"the enclosure {text!r} holds white space. Remove it.")
    return text


def _check_between(text: str) -> str:
    if not text:
        raise ValueError("nothing stands between the two options. Put at least a space.")
    return text


Label = Annotated[Characters, AfterValidator(_check_label)]
Cue = Annotated[Characters, AfterValidator(_check_cue)]
Mark = Annotated[Characters, AfterValidator(_check_mark)]
Between = Annotated[Characters, AfterValidator(_check_between)]


class LabelSet(_Frozen):
    """Two labels, and the one that joins them beside a neutral option.

    `ordered` says whether the first is first in any order that people know.
    """

    labels: tuple[Label, Label]
    ordered: bool
    third: Label | None = None

    @model_validator(mode="after")
    def _distinct(self) -> LabelSet:
        labels = self.labels if self.third is None else (*self.labels, self.third)
        for first, second in combinations(labels, 2):
            if first.startswith(second) or second.startswith(first):
                raise ValueError(
                    f"the labels {first!r} and {second!r} are equal or one begins with the other, so that an answer "
                    "could be either. Choose labels that differ in their first characters."
                )
        return self


class Enclosure(_Frozen):
    """What stands right before and right after a label."""

    open: Mark
    close: Mark


class Layout(_Frozen):
    """What begins an option's line, and what stands between the two options."""

    prefix: Characters
    between: Between


T = TypeVar("T")


class _Table(_Frozen, Generic[T]):
    default: Id
    levels: dict[Id, T]
    two_only: tuple[Id, ...] = ()
    """Levels whose words speak of two options."""
    label_only: tuple[Id, ...] = ()
    """Levels whose words announce a label."""

    @model_validator(mode="after")
    def _default_exists(self) -> _Table[T]:
        for name in (self.default, *self.two_only, *self.label_only):
            if name not in self.levels:
                what = "the default" if name == self.default else "the level of two_only or label_only"
                raise ValueError(f"{what} {name!r} is none of {listed(self.levels)}. Name one of them.")
        return self


class OwnLevels(_Frozen):
    """Levels that a design adds; the orders cannot have more than they have."""

    label_set: dict[Id, LabelSet] = {}
    enclosure: dict[Id, Enclosure] = {}
    layout: dict[Id, Layout] = {}
    instruction: dict[Id, Text] = {}
    cue: dict[Id, Cue] = {}


class AxesFile(_Frozen):
    """The shape of ``axes.yaml``."""

    order: _Table[Id]
    label_order: _Table[Id]
    label_set: _Table[LabelSet]
    enclosure: _Table[Enclosure]
    layout: _Table[Layout]
    instruction: _Table[Text]
    cue: _Table[Cue]
    neutral: _Table[Id]


@dataclass(frozen=True, slots=True)
class Levels:
    """What every level of every axis means, and what a neutral option says.

    Attributes:
        tables: The levels.
        neutral: The words of a design's neutral option; None if it has none.

    Example:
        >>> levels = shipped_levels()
        >>> levels.label_set(Level("AB")).labels
        ('A', 'B')
        >>> levels.default("label_order"), levels.known("order")
        ('position', ('p1', 'p2'))
    """

    tables: AxesFile
    neutral: Neutral | None = None

    def label_set(self, level: Level) -> LabelSet:
        """The labels."""
        return self._look_up("label_set", self.tables.label_set, level)

    def enclosure(self, level: Level) -> Enclosure:
        """What stands around a label."""
        return self._look_up("enclosure", self.tables.enclosure, level)

    def layout(self, level: Level) -> Layout:
        """How the options are set."""
        return self._look_up("layout", self.tables.layout, level)

    def instruction(self, level: Level) -> str:
        """How the answer is asked for."""
        return self._look_up("instruction", self.tables.instruction, level)

    def cue(self, level: Level) -> str:
        """The words right before the decision position; empty for none."""
        return self._look_up("cue", self.tables.cue, level)

    def default(self, axis: Axis) -> Level:
        """The level of an axis that nobody names."""
        return Level(self._table(axis).default)

    def known(self, axis: Axis) -> tuple[Level, ...]:
        """The levels of an axis, in the order of the files."""
        return tuple(Level(level) for level in self._table(axis).levels)

    def two_only(self, axis: Axis) -> tuple[Level, ...]:
        """The levels of an axis whose words speak of two options."""
        return tuple(Level(level) for level in self._table(axis).two_only)

    def label_only(self, axis: Axis) -> tuple[Level, ...]:
        """The levels of an axis whose words announce a label, so that no other answer can follow them."""
        return tuple(Level(level) for level in self._table(axis).label_only)

    def with_own(self, own: OwnLevels, neutral: Neutral | None = None) -> Levels:
        """These levels and a design's own."""
        merged = {}
        for axis in OwnLevels.model_fields:
            table: _Table[object] = getattr(self.tables, axis)
            merged[axis] = table.model_copy(update={"levels": {**table.levels, **getattr(own, axis)}})
        return Levels(self.tables.model_copy(update=merged), neutral)

    def _table(self, axis: Axis) -> _Table[object]:
        table: _Table[object] = getattr(self.tables, axis)
        return table

    def _look_up(self, axis: Axis, table: _Table[T], level: Level) -> T:
        if level not in table.levels:
            raise InputError(unknown_level(axis, level, self))
        return table.levels[level]


def unknown_level(axis: Axis, level: str, levels: Levels) -> str:
    """What to say of a level that an axis does not have."""
    known = levels.known(axis)
    hint = did_you_mean(level, known) or " Use one of them, or declare it under 'levels' in a design file."
    return f"{axis}: the level '{level}' is not known; known are {listed(known)}.{hint}"


@cache
def shipped_levels() -> Levels:
    """The levels of ``axes.yaml``."""
    with faults_as(ScenarioError):
        return Levels(read_as(load_yaml(PACKAGE / "design" / "axes.yaml"), AxesFile))
