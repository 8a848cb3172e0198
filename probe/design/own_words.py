"""Questions in two turns: a root question and a scenario, either one first, and an unrelated question before each."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from probe.design.expand import expand, first_cells
from probe.design.items import CROSSED, Item, OptionId
from probe.design.limit import limit_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from probe.design.shape import TradeOff

__all__ = [
    "EVERY_PAIR",
    "SOME_PAIRS",
    "UNRELATED",
    "Exchanges",
    "exchange_id",
    "exchanges_of",
    "first_item",
    "second_item",
    "turns_of",
]

SOME_PAIRS, EVERY_PAIR = "some", "all"

_AFTER, _UNRELATED = "~after-", "~unrelated"
_SAID, _FIRST = "said=", "first_"

UNRELATED = Item(
    id=_UNRELATED,
    tradeoff="",
    side="control",
    form="content_free",
    cluster=_UNRELATED,
    scenario=None,
    context=(),
    text="There are two cups on a shelf. Which one would you rather take?",
    p1=OptionId("red"),
    p2=OptionId("blue"),
    option_p1="Take the red cup.",
    option_p2="Take the blue cup.",
)
"""What is asked and answered before a question with which it has nothing to do: the floor of the instrument."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """The questions in two turns of a trade-off.

    Attributes:
        items: What is read, sorted by id: the second question, with the first as its `before`.
        pairs: By scenario the root questions that it is paired with, sorted.
        of: Number of all pairs that there could be.
    """

    items: tuple[Item, ...]
    pairs: dict[str, tuple[str, ...]]
    of: int


def exchanges_of(tradeoff: TradeOff, pairs: str) -> Exchanges:
    """Root questions paired with scenarios, each in both orders, and each of them after an unrelated question.

    A scenario stands at its first context cell. What is asked as it stands prints its own answers and is in no pair.

    Args:
        tradeoff: Its root questions and scenarios.
        pairs: `SOME_PAIRS`, each scenario with one root question, root questions about equally often; or `EVERY_PAIR`.
    """
    every = expand(tradeoff)
    roots = [item for item in every if item.side == "stated" and item.id == item.cluster and item.fixed is None]
    cells = [item for item in first_cells(tradeoff, every).values() if item.fixed is None]
    chosen = [(root, cell) for cell in cells for root in roots]
    if pairs == SOME_PAIRS:
        chosen = list(_balanced(roots, cells, _ranks(every)))
    items = {one.id: one for root, cell in chosen for one in _both_ways(root, cell)}
    paired: dict[str, tuple[str, ...]] = {}
    for root, cell in chosen:
        paired[cell.cluster] = tuple(sorted((*paired.get(cell.cluster, ()), root.cluster)))
    return Exchanges(tuple(items[name] for name in sorted(items)), paired, len(roots) * len(cells))


def second_item(item: str) -> str:
    """Id of the question that is read, as it is asked alone.

    Example:
        >>> second_item("gift/drawing/age=six~after-words"), second_item("gift/words~unrelated")
        ('gift/drawing/age=six', 'gift/words')
    """
    return item.removesuffix(_UNRELATED).partition(_AFTER)[0]


def first_item(item: str) -> str:
    """Id of the question that is asked first, as it is asked alone; that of `UNRELATED` for an unrelated one.

    Example:
        >>> first_item("gift/drawing/age=six~after-words"), first_item("gift/words~unrelated")
        ('gift/words', '~unrelated')
    """
    second, _, first = item.partition(_AFTER)
    return f"{second.partition('/')[0]}/{first}" if first else UNRELATED.id


def exchange_id(said: str, first: str, second: str) -> str:
    """What was said, in which format it was asked, and the format of the question that is read, as one id.

    Args:
        said: Id of the option.
        first: Id of the first turn's variant; both turns differ in order and label order alone.
        second: Id of the second turn's.

    Example:
        >>> exchange_id("truth", "order=p2,label_order=p1,cue=answer", "order=p1,label_order=p1,cue=answer")
        'said=truth,first_order=p2,first_label_order=p1,order=p1,label_order=p1,cue=answer'
    """
    levels = dict(part.split("=") for part in first.split(","))
    return ",".join([f"{_SAID}{said}", *(f"{_FIRST}{axis}={levels[axis]}" for axis in CROSSED), second])


def turns_of(exchange: str) -> tuple[str, str, str]:
    """What was said, and the formats of both turns, from an `exchange_id`; what is not named is empty or left out.

    Example:
        >>> turns_of("said=truth,first_order=p2,first_label_order=p1,order=p1,cue=answer")
        ('truth', 'order=p2,label_order=p1,cue=answer', 'order=p1,cue=answer')
    """
    parts = exchange.split(",") if exchange else []
    said = next((one.removeprefix(_SAID) for one in parts if one.startswith(_SAID)), "")
    first = [one.removeprefix(_FIRST) for one in parts if one.startswith(_FIRST)]
    second = [one for one in parts if not one.startswith((_SAID, _FIRST))]
    alike = [one for one in second if one.partition("=")[0] not in CROSSED]
    return said, ",".join([*first, *alike]), ",".join(second)


def _both_ways(root: Item, cell: Item) -> tuple[Item, ...]:
    """What is read of a pair: the choice after the principle, the principle after the choice, and both floors."""
    return _after(root, cell), _after(cell, root), _after(UNRELATED, cell), _after(UNRELATED, root)


def _after(first: Item, second: Item) -> Item:
    form, behind = ("choice" if second.side == "revealed" else "principle"), _UNRELATED
    if first == UNRELATED:
        form += "_unrelated"
    else:
        behind = f"{_AFTER}{first.id.removeprefix(f'{first.tradeoff}/')}"
    return replace(
        second,
        id=second.id + behind,
        side="own_words",
        form=form,
        scenario=second.scenario or first.scenario,
        before=first,
        table="own_words",
    )


def _ranks(items: Sequence[Item]) -> dict[str, int]:
    """At which limit each cluster is first among the items, so that a larger limit adds pairs and changes none."""
    clusters = {item.cluster for item in items if item.side in ("stated", "revealed")}
    ranks: dict[str, int] = {}
    limit = 0
    while clusters - ranks.keys():
        limit += 1
        ranks = {**dict.fromkeys((one.cluster for one in limit_items(items, limit)), limit), **ranks}
    return ranks


def _balanced(roots: Iterable[Item], cells: Iterable[Item], ranks: Mapping[str, int]) -> Iterator[tuple[Item, Item]]:
    """Each scenario with the root question that was used least, of those that no smaller limit lacks; ties by hash."""
    used: Counter[str] = Counter()
    every = sorted(roots, key=lambda one: ranks[one.cluster])
    for cell in sorted(cells, key=lambda one: ranks[one.cluster]):
        there = [root for root in every if ranks[root.cluster] <= ranks[cell.cluster]] or every
        if there:
            root = min(there, key=lambda one: (used[one.id], _drawn(one, cell)))
            used[root.id] += 1
            yield root, cell


def _drawn(root: Item, cell: Item) -> str:
    return hashlib.sha256(f"own words {root.id} {cell.id}".encode()).hexdigest()
