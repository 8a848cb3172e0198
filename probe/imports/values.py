"""Dilemmas whose two actions each stand for several values: revealed by the action, stated by pairs of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from probe.design.shape import Revealed, Stated, TradeOff
from probe.imports.building import as_id, revealed_item, tidied
from probe.imports.ledger import Ledger
from probe.imports.outcomes import connected_pairs, outcome_table

__all__ = ["Action", "Dilemma", "ValueSet"]

_QUESTION = "Which of these two values matters more to you in general?"


@dataclass(frozen=True, slots=True)
class Action:
    """One way out of a dilemma.

    Attributes:
        option: Id of the option.
        text: What is done.
        values: What it stands for.
    """

    option: str
    text: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dilemma:
    """A situation with two ways out."""

    id: str
    text: str
    actions: tuple[Action, Action]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueSet:
    """What a data set of dilemmas is called and where it comes from.

    Attributes:
        name: Id of the trade-off that holds the dilemmas.
        family: What it is grouped with.
        principles: Gloss of the two options.
        sources: One line each.
        words: How a value is shown in a stated question, by value; a value that is absent is shown as it is.
    """

    name: str
    family: str
    principles: Mapping[str, str]
    sources: tuple[str, ...]
    words: Mapping[str, str]

    def tradeoffs(
        self, dilemmas: Sequence[Dilemma], ledger: Ledger, *, pairs: int, seed: int
    ) -> tuple[tuple[TradeOff, ...], str]:
        """The dilemmas and the pairs of their values as trade-offs, and the table of what each option stands for."""
        revealed: list[Revealed] = []
        rows: list[tuple[str, str, str]] = []
        for one in dilemmas:
            built, changes = _built(one)
            if isinstance(built, str):
                ledger.refuse(one.id, built)
                continue
            item = f"{self.name}/{built.id}"
            ledger.keep(one.id, item, *one.changes, *changes)
            revealed.append(built)
            rows += [(item, action.option, value) for action in one.actions for value in action.values]
        stated, stated_rows = self._pairs(sorted({value for *_, value in rows}), pairs, seed)
        found = [self._tradeoff(self.name, (), tuple(revealed), self.principles)] if revealed else []
        if stated:
            glosses = {"first": "the value that the table names first", "second": "the value that it names second"}
            found.append(self._tradeoff(f"{self.name}-values", stated, (), glosses))
        return tuple(found), outcome_table([*rows, *stated_rows])

    def _pairs(
        self, values: Sequence[str], pairs: int, seed: int
    ) -> tuple[tuple[Stated, ...], list[tuple[str, str, str]]]:
        if len(values) < 2:
            return (), []
        stated, rows = [], []
        index = {value: n for n, value in enumerate(values, start=1)}
        for one, other in connected_pairs(values, pairs, seed):
            id_ = f"v{index[one]:03d}-v{index[other]:03d}"
            words = {"first": self.words.get(one, one), "second": self.words.get(other, other)}
            stated.append(Stated(id=id_, form="choose", text=_QUESTION, options=words))
            rows += [(f"{self.name}-values/{id_}", "first", one), (f"{self.name}-values/{id_}", "second", other)]
        return tuple(stated), rows

    def _tradeoff(
        self, name: str, stated: tuple[Stated, ...], revealed: tuple[Revealed, ...], principles: Mapping[str, str]
    ) -> TradeOff:
        return TradeOff(
            tradeoff=name,
            family=self.family,
            principles=dict(principles),
            sources=self.sources,
            stated=stated,
            revealed=revealed,
        )


def _built(one: Dilemma) -> tuple[Revealed | str, tuple[str, ...]]:
    text, changes = tidied(one.text)
    options = {action.option: " ".join(action.text.split()) for action in one.actions}
    return revealed_item(as_id(one.id), text, options), changes
