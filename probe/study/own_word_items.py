"""Questions in two turns that are to be read, for ``--own-words``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.own_words import EVERY_PAIR, UNRELATED, exchanges_of, first_item, second_item
from probe.errors import InputError
from probe.store.facts import OwnWordsFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from probe.design.axes import Design
    from probe.design.items import Item
    from probe.design.tradeoffs import TradeOff

__all__ = ["joined_own_words", "own_word_facts", "own_word_items", "refuse_neutral"]


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


def refuse_neutral(design: Design) -> None:
    """Refuse a design in which a third thing could be said.

    Raises:
        InputError: It offers a neutral option.
    """
    if design.levels.neutral is not None:
        raise InputError(
            f"--own-words: the design {design.name} offers a neutral option, and what is said in the first turn is one "
            "of the two principles. Choose a design without one."
        )


def joined_own_words(now: OwnWordsFacts, before: OwnWordsFacts) -> OwnWordsFacts:
    """What holds of both requests for one folder."""
    pairs = EVERY_PAIR if EVERY_PAIR in (now.pairs, before.pairs) else now.pairs
    paired = {
        scenario: tuple(sorted({*now.paired.get(scenario, ()), *before.paired.get(scenario, ())}))
        for scenario in sorted({*now.paired, *before.paired})
    }
    return OwnWordsFacts(pairs, paired, {**before.of, **now.of})


def _asked(item: Item) -> set[str]:
    """Ids of both questions, as each is asked alone."""
    return {second_item(item.id), first_item(item.id)}
