"""What the linter says, and the file that it looks at with its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from probe.design.expand import expand
from probe.design.items import MATE, Item
from probe.design.shape import Revealed, TradeOff
from probe.design.strict_yaml import Document, ValuePath
from probe.design.typed_yaml import path_text

__all__ = ["STRUCTURE", "Finding", "ReadFile", "Rule", "Scenario"]

Rule = Literal[
    "load", "name", "same-id", "factors", "bridge", "ending", "why", "levels", "listed-first", "length", "women-men",
    "same-person", "principle-named", "polarity", "denial", "decision-maker", "tense", "label-line", "reading-ease",
    "same-text", "near-text", "acts", "mate", "role", "dose",
]  # fmt: skip

STRUCTURE: frozenset[Rule] = frozenset({"load", "name", "same-id"})
"""Rules without which a file cannot be measured; all others are about how well a suite is made."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a trade-off file that a person should look at.

    Attributes:
        file: The file, as messages name it.
        line: Line, from 1.
        rule: ``load`` for what keeps the file from being read, else the rule's name.
        message: What is wrong, what was found, what to do.
    """

    file: str
    line: int
    rule: Rule
    message: str

    @property
    def structural(self) -> bool:
        """Whether the file cannot be measured so."""
        return self.rule in STRUCTURE

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario with its place and all its cells; its mate's cells stand by themselves."""

    path: ValuePath
    revealed: Revealed
    cells: tuple[Item, ...]
    mate_cells: tuple[Item, ...] = ()


@dataclass(frozen=True)
class ReadFile:
    """A file that could be read."""

    path: Path
    document: Document
    tradeoff: TradeOff

    def finding(self, path: ValuePath, rule: Rule, message: str) -> Finding:
        """A finding at a place in the file."""
        return Finding(self.document.where, self.document.line(path), rule, f"{path_text(path)}: {message}")

    def locate(self, path: ValuePath) -> str:
        """``file:line`` of a place."""
        return f"{self.document.where}:{self.document.line(path)}"

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every item."""
        return expand(self.tradeoff)

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios in the order of the file; those that print their own answers are left out."""
        cells: dict[tuple[str | None, bool], list[Item]] = {}
        for item in self.items:
            if item.side == "revealed":
                cells.setdefault((item.scenario, item.id.removeprefix(item.cluster).startswith(MATE)), []).append(item)
        return tuple(
            Scenario(
                ("revealed", index),
                one,
                tuple(cells[f"{self.tradeoff.tradeoff}/{one.id}", False]),
                tuple(cells.get((f"{self.tradeoff.tradeoff}/{one.id}", True), ())),
            )
            for index, one in enumerate(self.tradeoff.revealed)
            if not one.fixed
        )

    def texts(self) -> Iterator[tuple[ValuePath, str]]:
        """Every text that stands above options, with its place."""
        for index, stated in enumerate(self.tradeoff.stated):
            path: ValuePath = ("stated", index)
            yield (*path, "text"), stated.text
            yield from (((*path, "paraphrases", n), one.text) for n, one in enumerate(stated.rewordings))
            if stated.mate is not None:
                yield (*path, "mate", "text"), stated.mate.text
        for index, revealed in enumerate(self.tradeoff.revealed):
            path = ("revealed", index)
            yield (*path, "text"), revealed.text
            if revealed.mate is not None:
                yield (*path, "mate", "text"), revealed.mate.text
            if revealed.bridge is not None:
                yield (*path, "bridge", "text"), revealed.bridge.text
        yield from ((("controls", index, "text"), one.text) for index, one in enumerate(self.tradeoff.controls))

    def fixed(self, path: ValuePath) -> bool:
        """Whether a place belongs to a question that prints its own answers."""
        match path[:2]:
            case ("stated", int(index)):
                return self.tradeoff.stated[index].fixed
            case ("revealed", int(index)):
                return self.tradeoff.revealed[index].fixed
        return False
