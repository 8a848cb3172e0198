"""From a trade-off to its items: paraphrases, mates, context cells, bridges, controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TypedDict

from probe.design.items import MATE, Item, OptionId
from probe.design.placeholders import fill
from probe.design.shape import Control, Revealed, Stated, TradeOff

__all__ = ["expand", "first_cells"]


def expand(tradeoff: TradeOff) -> tuple[Item, ...]:
    """Every item of a trade-off, sorted by id.

    Factors cross in the order of the file: ``tradeoff/scenario/first=level,second=level``.
    """
    items = [
        *(item for stated in tradeoff.stated for item in _stated(tradeoff, stated)),
        *(item for revealed in tradeoff.revealed for item in _revealed(tradeoff, revealed)),
        *(_control(tradeoff, control) for control in tradeoff.controls),
    ]
    return tuple(sorted(items, key=lambda item: item.id))


def first_cells(tradeoff: TradeOff, items: Iterable[Item]) -> dict[str, Item]:
    """By name each scenario, not its mate, at the first level of each of its factors, in the order of the file.

    Args:
        tradeoff: Its scenarios.
        items: From `expand`.
    """
    by_id = {item.id: item for item in items}
    found = {}
    for one in tradeoff.revealed:
        name = f"{tradeoff.tradeoff}/{one.id}"
        cell = ",".join(f"{factor}={next(iter(levels))}" for factor, levels in one.factors.items())
        found[name] = by_id[f"{name}/{cell}" if cell else name]
    return found


def _stated(tradeoff: TradeOff, stated: Stated) -> Iterator[Item]:
    root = f"{tradeoff.tradeoff}/{stated.id}"
    questions = [("", stated.text, stated.options)]
    if stated.mate is not None:
        questions.append((MATE, stated.mate.text, stated.mate.options))
    questions += [(f"~p{n}", one.text, one.options) for n, one in enumerate(stated.rewordings, start=1)]
    for suffix, text, options in questions:
        yield Item(
            id=root + suffix,
            side="stated",
            form=stated.form,
            cluster=root,
            scenario=None,
            context=(),
            text=text,
            agreeing=OptionId(next(iter(options))) if stated.form == "agree" else None,
            fixed=OptionId(next(iter(options))) if stated.fixed else None,
            contradicted=not suffix and stated.mate is not None and stated.mate.contradicts,
            **_principles(tradeoff, options),
        )


def _revealed(tradeoff: TradeOff, revealed: Revealed) -> Iterator[Item]:
    scenario = f"{tradeoff.tradeoff}/{revealed.id}"
    yield from _cells(tradeoff, revealed, scenario, "", revealed.text, revealed.options)
    if revealed.mate is not None:
        yield from _cells(tradeoff, revealed, scenario, MATE, revealed.mate.text, revealed.mate.options)
    if revealed.bridge is not None:
        yield Item(
            id=f"{scenario}~bridge",
            side="bridge",
            form="bridge",
            cluster=scenario,
            scenario=scenario,
            context=(),
            text=revealed.bridge.text,
            **_principles(tradeoff, revealed.bridge.options),
        )


def _cells(
    tradeoff: TradeOff, revealed: Revealed, scenario: str, suffix: str, text: str, options: Mapping[str, str]
) -> Iterator[Item]:
    """A scenario, or its mate, at every context cell."""
    factors = revealed.factors
    for cell in product(*factors.values()):
        context = tuple(zip(factors, cell, strict=True))
        words = {factor: factors[factor][level] for factor, level in context}
        named = ",".join(f"{factor}={level}" for factor, level in context)
        yield Item(
            id=f"{scenario}{suffix}/{named}" if named else scenario + suffix,
            side="revealed",
            form="choice",
            cluster=scenario,
            scenario=scenario,
            context=context,
            text=fill(text, words),
            fixed=OptionId(next(iter(options))) if revealed.fixed else None,
            omits=_omission(revealed, suffix) if revealed.mate is not None else None,
            **_principles(tradeoff, {key: fill(words_of, words) for key, words_of in options.items()}),
        )


def _omission(revealed: Revealed, suffix: str) -> OptionId:
    """The principle whose option is the omission; in the mate it is the other."""
    kind = "act" if suffix == MATE else "omit"
    return OptionId(next(key for key, own in revealed.acts.items() if own == kind))


class _Principles(TypedDict):
    tradeoff: str
    p1: OptionId
    p2: OptionId
    option_p1: str
    option_p2: str


def _principles(tradeoff: TradeOff, options: Mapping[str, str]) -> _Principles:
    """What an item says of its principles: p1 is the first of the file, wherever its option stands."""
    return _coded(tradeoff, tuple(tradeoff.principles), options)


def _coded(tradeoff: TradeOff, ids: tuple[str, ...], options: Mapping[str, str]) -> _Principles:
    first, second = ids
    return {
        "tradeoff": tradeoff.tradeoff,
        "p1": OptionId(first),
        "p2": OptionId(second),
        "option_p1": options[first],
        "option_p2": options[second],
    }


def _control(tradeoff: TradeOff, control: Control) -> Item:
    name = f"{tradeoff.tradeoff}/{control.id}"
    return Item(
        id=name,
        side="control",
        form=control.kind,
        cluster=name,
        scenario=None,
        context=(),
        text=control.text,
        expect=OptionId(control.expect) if control.expect is not None else None,
        **_coded(tradeoff, tuple(control.options), control.options),
    )
