"""Items whose readings go to tables of their own, since a flag that is no part of the study asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from probe.design.ladder import EVERY_CELL, ladder_of, same_question
from probe.design.option_texts import text_items
from probe.design.own_words import EVERY_PAIR, UNRELATED, exchanges_of, first_item, second_item
from probe.errors import InputError
from probe.store.facts import LadderFacts, OwnWordsFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from probe.design.axes import Design
    from probe.design.items import Item
    from probe.design.tradeoffs import TradeOff
    from probe.store.facts import StudyFacts

__all__ = [
    "kept_facts",
    "ladder_facts",
    "ladder_items",
    "own_word_facts",
    "own_word_items",
    "reads_texts",
    "refuse_uncrossed",
    "text_items",
]


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


def own_word_items(tradeoffs: Iterable[TradeOff], items: Sequence[Item], pairs: str) -> tuple[Item, ...]:
    """Questions in two turns that are to be read, sorted by id: of both the study reads each by itself.

    Args:
        tradeoffs: The study's.
        items: The items that the study reads.
        pairs: ``some`` or ``all``.
    """
    read = {UNRELATED.id, *(item.id for item in items)}
    found = [one for tradeoff in tradeoffs for one in exchanges_of(tradeoff, pairs).items if _asked(one) <= read]
    return tuple(sorted(found, key=lambda one: one.id))


def own_word_facts(tradeoffs: Iterable[TradeOff], items: Sequence[Item], pairs: str) -> OwnWordsFacts:
    """Which pairs are read; the arguments are those of `own_word_items`."""
    clusters = {item.cluster for item in items}
    paired: dict[str, tuple[str, ...]] = {}
    of: dict[str, int] = {}
    for tradeoff in tradeoffs:
        found = exchanges_of(tradeoff, pairs)
        of[tradeoff.tradeoff] = found.of
        own = {scenario: tuple(root for root in roots if root in clusters) for scenario, roots in found.pairs.items()}
        paired |= {scenario: roots for scenario, roots in own.items() if roots and scenario in clusters}
    return OwnWordsFacts(pairs, paired, of)


def refuse_uncrossed(design: Design) -> None:
    """Refuse a design in which a repeated label or place cannot be distinguished from what was said.

    Raises:
        InputError: It has one order, one label order, or a neutral option.
    """
    if design.levels.neutral is not None:
        raise InputError(
            f"--own-words: the design {design.name} offers a neutral option, and what is said in the first turn is one "
            "of the two principles. Choose a design without one."
        )
    for axis in ("order", "label_order"):
        if sorted(design.axes.get(axis, ())) != ["p1", "p2"]:
            raise InputError(
                f"--own-words: the design {design.name} does not cross {axis}, so that saying a label or place again "
                f"could not be distinguished from meaning it. Give it {axis}: [p1, p2]."
            )


def kept_facts(now: StudyFacts, before: StudyFacts | None) -> StudyFacts:
    """Facts that hold for a folder too whose own tables an earlier request has asked for."""
    if before is not None and before.own_words is not None:
        now = replace(now, own_words=_both(now.own_words, before.own_words))
    if before is None or before.ladder is None:
        return now
    if now.ladder is None:
        return replace(now, ladder=before.ladder)
    cells = EVERY_CELL if EVERY_CELL in (now.ladder.cells, before.ladder.cells) else now.ladder.cells
    first = {**before.ladder.first, **now.ladder.first}
    left_out = {**before.ladder.left_out, **now.ladder.left_out}
    return replace(now, ladder=LadderFacts(cells, first, left_out))


def _both(now: OwnWordsFacts | None, before: OwnWordsFacts) -> OwnWordsFacts:
    if now is None:
        return before
    pairs = EVERY_PAIR if EVERY_PAIR in (now.pairs, before.pairs) else now.pairs
    paired = {
        scenario: tuple(sorted({*now.paired.get(scenario, ()), *before.paired.get(scenario, ())}))
        for scenario in sorted({*now.paired, *before.paired})
    }
    return OwnWordsFacts(pairs, paired, {**before.of, **now.of})


def _asked(item: Item) -> set[str]:
    """Ids of both questions, as each is asked alone."""
    return {second_item(item.id), first_item(item.id)}


def _is_read(cell: Item, read: dict[str, Item], design: Design) -> bool:
    """Whether an item of the study asks the same in the same variants, and so in the same prompts, byte by byte."""
    twin = read.get(same_question(cell) or "")
    return twin is not None and design.variants_of(cell) == design.variants_of(twin)
