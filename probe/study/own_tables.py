"""Items whose readings go to tables of their own, since a flag that is no part of the study asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from probe.design.depth import SEED, depth_items, depth_left_out
from probe.design.items import CROSSED
from probe.design.ladder import EVERY_CELL, ladder_of, same_question
from probe.design.option_texts import text_items
from probe.errors import InputError
from probe.store.facts import DepthFacts, LadderFacts
from probe.study.clause_items import clause_facts, clause_items, joined_clauses
from probe.study.own_word_items import joined_own_words, own_word_facts, own_word_items, refuse_neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from probe.design.axes import Design
    from probe.design.items import Item
    from probe.design.tradeoffs import TradeOff
    from probe.store.facts import StudyFacts

_Facts = TypeVar("_Facts")

__all__ = [
    "clause_facts",
    "clause_items",
    "depth_facts",
    "depth_items",
    "kept_facts",
    "ladder_facts",
    "ladder_items",
    "own_word_facts",
    "own_word_items",
    "reads_texts",
    "refuse_neutral",
    "refuse_uncrossed",
    "text_items",
]


def refuse_uncrossed(design: Design, flag: str) -> None:
    """Refuse a design in which the pull of a position or a label does not average out.

    Args:
        design: In which formats everything is asked.
        flag: What needs it to.

    Raises:
        InputError: It has one order or one label order, or labels that go with the position.
    """
    for axis in CROSSED:
        if sorted(design.axes.get(axis, ())) != ["p1", "p2"]:
            raise InputError(
                f"{flag}: the design {design.name!r} does not cross {axis}, so that the pull of a position or a label "
                f"would stand in every figure. Give it {axis}: [p1, p2], as quick does."
            )


def ladder_items(tradeoffs: Iterable[TradeOff], items: Sequence[Item], design: Design, cells: str) -> tuple[Item, ...]:
    """Cells of the ladder that are to be read, sorted by id: not those that ask what an item asks in the same prompts.

    Args:
        tradeoffs: The study's.
        items: The items that the study reads; scenarios that are not among them have no ladder.
        design: In which formats a cell is asked.
        cells: ``first`` or ``all``.
    """
    read = {item.id: item for item in items}
    scenarios = {item.scenario for item in items}
    found = [one for tradeoff in tradeoffs for one in ladder_of(tradeoff, cells).items if one.scenario in scenarios]
    return tuple(sorted((one for one in found if not _is_read(one, read, design)), key=lambda one: one.id))


def reads_texts(answers: str, style: str) -> bool:
    """Whether option texts are read of a model.

    Args:
        answers: ``auto``, ``labels``, ``texts`` or ``both``.
        style: ``chat``, or ``raw`` for a model without a chat template, of which both are read unless one is asked for.

    Example:
        >>> reads_texts("auto", "raw"), reads_texts("auto", "chat"), reads_texts("both", "chat")
        (True, False, True)
    """
    return answers in ("texts", "both") or (answers == "auto" and style == "raw")


def ladder_facts(tradeoffs: Iterable[TradeOff], items: Sequence[Item], cells: str) -> LadderFacts:
    """What the statistics must know of the ladder; the arguments are those of `ladder_items`."""
    scenarios = {item.scenario for item in items}
    first: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for ladder in (ladder_of(tradeoff, cells) for tradeoff in tradeoffs):
        first |= {name: item for name, item in ladder.first.items() if name in scenarios}
        left_out |= {name: why for name, why in ladder.left_out.items() if name in scenarios}
    return LadderFacts(cells, first, left_out)


def kept_facts(now: StudyFacts, before: StudyFacts | None) -> StudyFacts:
    """Facts that hold for a folder too whose own tables an earlier request has asked for."""
    if before is None:
        return now
    return replace(
        now,
        ladder=_kept(now.ladder, before.ladder, _joined_ladder),
        clauses=_kept(now.clauses, before.clauses, joined_clauses),
        depth=_kept(now.depth, before.depth, _joined_depth),
        own_words=_kept(now.own_words, before.own_words, joined_own_words),
    )


def _kept(now: _Facts | None, before: _Facts | None, joined: Callable[[_Facts, _Facts], _Facts]) -> _Facts | None:
    return now or before if now is None or before is None else joined(now, before)


def _joined_ladder(now: LadderFacts, before: LadderFacts) -> LadderFacts:
    cells = EVERY_CELL if EVERY_CELL in (now.cells, before.cells) else now.cells
    return LadderFacts(cells, {**before.first, **now.first}, {**before.left_out, **now.left_out})


def depth_facts(items: Sequence[Item], cells: int) -> DepthFacts | None:
    """What the statistics must know of the layers; None where no cells are asked for."""
    return DepthFacts(cells, SEED, depth_left_out(items)) if cells else None


def _joined_depth(now: DepthFacts, before: DepthFacts) -> DepthFacts:
    return replace(now, cells=max(now.cells, before.cells), left_out={**before.left_out, **now.left_out})


def _is_read(cell: Item, read: dict[str, Item], design: Design) -> bool:
    """Whether an item of the study asks the same in the same variants, and so in the same prompts, byte by byte."""
    twin = read.get(same_question(cell) or "")
    return twin is not None and design.variants_of(cell) == design.variants_of(twin)
