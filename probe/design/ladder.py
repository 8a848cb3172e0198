"""The cells between a bridge and its scenario: situation, wording, and *do* against *should*, one changed at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from probe.design.expand import expand, first_cells
from probe.design.items import CELLS, MATE, Item
from probe.design.shape import Revealed, TradeOff

__all__ = [
    "BRIDGE_ENDINGS",
    "EVERY_CELL",
    "FIRST_CELL",
    "VIGNETTE_ENDING",
    "Ladder",
    "bridge_stem",
    "ladder_of",
    "same_question",
    "vignette_stem",
]

VIGNETTE_ENDING = "What do you do?"
"""How a scenario's text must end so that its question can be put otherwise."""

BRIDGE_ENDINGS = (", which of the two should come first for you?", ", what should come first for you?")
"""How a bridge's text must end, one or the other."""

FIRST_CELL, EVERY_CELL = "first", "all"

_FIRST_FOR_YOU = "Which of the two should come first for you?"
_SHOULD_YOU_DO = "What should you do?"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The ladder of a trade-off.

    Attributes:
        items: One for each scenario, context cell and cell of the ladder, sorted by id; those that do not depend on
            the context once for each scenario.
        first: By scenario the id of its first context cell: the revealed item at the first level of each factor.
        left_out: Scenarios that have none, by name, with the reason.
    """

    items: tuple[Item, ...]
    first: dict[str, str]
    left_out: dict[str, str]


def vignette_stem(text: str) -> str | None:
    """What stands before a scenario's ending; None where it ends otherwise.

    Example:
        >>> vignette_stem("A dog barks. What do you do?")
        'A dog barks. '
    """
    return _before(text, VIGNETTE_ENDING)


def bridge_stem(text: str) -> str | None:
    """What stands before a bridge's ending; None where it ends otherwise.

    Example:
        >>> bridge_stem("When a dog barks, what should come first for you?")
        'When a dog barks'
    """
    return next((stem for ending in BRIDGE_ENDINGS if (stem := _before(text, ending))), None)


def ladder_of(tradeoff: TradeOff, cells: str) -> Ladder:
    """The ladder's items, at the first context cell of each scenario or at every one.

    Args:
        tradeoff: The scenarios.
        cells: `FIRST_CELL` or `EVERY_CELL`.
    """
    by_id = {item.id: item for item in expand(tradeoff)}
    heads = first_cells(tradeoff, by_id.values())
    items: dict[str, Item] = {}
    first, left_out = {}, {}
    for revealed in tradeoff.revealed:
        scenario = f"{tradeoff.tradeoff}/{revealed.id}"
        contexts = [
            item
            for item in by_id.values()
            if item.side == "revealed" and item.scenario == scenario and not item.id.startswith(f"{scenario}{MATE}")
        ]
        why_not = _unfit(revealed, contexts)
        if why_not:
            left_out[scenario] = why_not
            continue
        head = heads[scenario]
        first[scenario] = head.id
        bridge, moves = by_id[f"{scenario}~bridge"], _options_move(contexts)
        for context in contexts if cells == EVERY_CELL else [head]:
            items |= {one.id: one for one in _cells(bridge, context, options_move=moves)}
    return Ladder(tuple(items[name] for name in sorted(items)), first, left_out)


def same_question(item: Item) -> str | None:
    """Id of the bridge or the revealed item that asks the same as this cell; None where none does."""
    root = item.id.removesuffix(f"~ladder-{item.form}")
    return {"000": f"{root}~bridge", "111": root}.get(item.form)


def _before(text: str, ending: str) -> str | None:
    stem = text.removesuffix(ending)
    return stem if stem.strip() and stem != text else None


def _unfit(revealed: Revealed, contexts: list[Item]) -> str:
    """Why a scenario has no ladder; empty where it has one."""
    if revealed.fixed:
        return "it is asked as it stands"
    if revealed.bridge is None:
        return "it has no bridge"
    if bridge_stem(revealed.bridge.text) is None:
        return f"its bridge does not end {' or '.join(repr(one) for one in BRIDGE_ENDINGS)}"
    if any(vignette_stem(item.text) is None for item in contexts):
        return f"its text does not end {VIGNETTE_ENDING!r}"
    return ""


def _options_move(contexts: list[Item]) -> bool:
    return len({(item.option_p1, item.option_p2) for item in contexts}) > 1


def _cells(bridge: Item, context: Item, *, options_move: bool) -> Iterator[Item]:
    """Every cell of the ladder at one context cell, in the order of `CELLS`."""
    vignette, stem = vignette_stem(context.text), bridge_stem(bridge.text)
    texts = {
        "000": bridge.text,
        "100": f"{vignette}{_FIRST_FOR_YOU}",
        "010": f"{stem}, {_SHOULD_YOU_DO[0].lower()}{_SHOULD_YOU_DO[1:]}",
        "110": f"{vignette}{_SHOULD_YOU_DO}",
        "111": context.text,
        "bare": VIGNETTE_ENDING,
    }
    for cell in CELLS:
        worded = bridge if cell in ("000", "100") else context
        reported = cell in ("100", "110", "111") or (options_move and cell != "000")
        root, at = (context.id, context.context) if reported else (str(context.scenario), ())
        yield replace(
            worded,
            id=f"{root}~ladder-{cell}",
            side="ladder",
            form=cell,
            context=at,
            text=texts[cell],
            table="ladder",
        )
