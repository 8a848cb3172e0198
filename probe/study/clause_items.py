"""Which scenarios are read with a clause left out, in which items, and what the statistics must know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.clauses import SEED, chosen_first, clauses_of
from probe.store.facts import ClausedScenario, ClauseFact, ClauseFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from probe.design.axes import Design
    from probe.design.clauses import Claused
    from probe.design.items import Item
    from probe.design.tradeoffs import TradeOff

__all__ = ["clause_facts", "clause_items", "joined_clauses"]


def clause_items(tradeoffs: Iterable[TradeOff], items: Sequence[Item], design: Design, count: int) -> tuple[Item, ...]:
    """Scenarios as they stand, without each clause and without all, sorted by id.

    Those as they stand are left out where the study reads them in the same variants, and so in the same prompts.

    Args:
        tradeoffs: The study's.
        items: The items that the study reads; a scenario that is not among them has none.
        design: In which formats they are asked.
        count: How many scenarios of each trade-off.
    """
    read = {item.id: item for item in items}
    found = [one for _, claused in _chosen(tradeoffs, items, count) for one in claused.items]
    return tuple(sorted((one for one in found if not _is_read(one, read, design)), key=lambda one: one.id))


def clause_facts(tradeoffs: Sequence[TradeOff], items: Sequence[Item], count: int) -> ClauseFacts:
    """What the statistics must know of them; the arguments are those of `clause_items`."""
    scenarios = {item.scenario for item in items}
    left_out = {name: why for tradeoff in tradeoffs for name, why in clauses_of(tradeoff)[1].items()}
    return ClauseFacts(
        count=count,
        seed=SEED,
        scenarios={name: _facts(claused) for name, claused in _chosen(tradeoffs, items, count)},
        left_out={name: why for name, why in left_out.items() if name in scenarios},
    )


def joined_clauses(now: ClauseFacts, before: ClauseFacts) -> ClauseFacts:
    """Facts of a folder whose table an earlier request has asked for too."""
    return ClauseFacts(
        count=max(now.count, before.count),
        seed=now.seed,
        scenarios={**before.scenarios, **now.scenarios},
        left_out={**before.left_out, **now.left_out},
    )


def _chosen(tradeoffs: Iterable[TradeOff], items: Sequence[Item], count: int) -> Iterator[tuple[str, Claused]]:
    scenarios = {item.scenario for item in items}
    for tradeoff in tradeoffs:
        found, _ = clauses_of(tradeoff)
        for name in chosen_first([name for name in found if name in scenarios])[:count]:
            yield name, found[name]


def _facts(claused: Claused) -> ClausedScenario:
    whole = claused.whole
    return ClausedScenario(
        item=whole.id,
        text=whole.text,
        options={whole.p1: whole.option_p1, whole.p2: whole.option_p2},
        clauses=tuple(
            ClauseFact(one.kind, one.text, one.start, one.end, dict(one.factors), one.option) for one in claused.clauses
        ),
    )


def _is_read(one: Item, read: dict[str, Item], design: Design) -> bool:
    twin = read.get(one.id.removesuffix("~without-none"))
    return one.form == "whole" and twin is not None and design.variants_of(one) == design.variants_of(twin)
