"""Predicted directions of context factors: each names a factor that is used, one principle, and all its levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from probe.design.shape import TradeOff
from probe.design.strict_yaml import ValuePath
from probe.design.typed_yaml import did_you_mean, listed, path_text

__all__ = ["prediction_problems"]

Problem = tuple[ValuePath, str]


def prediction_problems(tradeoff: TradeOff) -> Iterator[Problem]:
    """What is wrong with the predictions of a file."""
    used = _levels(tradeoff)
    for factor, towards in tradeoff.predicts.items():
        path: ValuePath = ("predicts", factor)
        here = path_text(path)
        if factor not in used:
            hint = did_you_mean(factor, used) or " Name a factor of the scenarios."
            yield path, f"{here}: no scenario has this factor; the factors are {listed(used)}.{hint}"
            continue
        if len(towards) != 1:
            message = f"{here}: one principle is expected, found {len(towards)}. Say towards which the choice moves."
            yield path, message
        for principle, levels in towards.items():
            if principle not in tradeoff.principles:
                hint = did_you_mean(principle, tradeoff.principles) or " Name one of them."
                known = listed(tradeoff.principles)
                yield (*path, principle), f"{here} names '{principle}'; the principles are {known}.{hint}"
            yield from _level_problems((*path, principle), levels, used[factor])


def _level_problems(path: ValuePath, levels: Sequence[str], used: Sequence[str]) -> Iterator[Problem]:
    if sorted(levels) != sorted(used):
        yield (
            path,
            f"{path_text(path)} has the levels {listed(levels)}; the scenarios use {listed(used)}. Name each of these "
            "once, in the order in which the choice moves.",
        )


def _levels(tradeoff: TradeOff) -> dict[str, list[str]]:
    """Every factor with every level that some scenario gives it."""
    found: dict[str, dict[str, None]] = {}
    for revealed in tradeoff.revealed:
        for factor, levels in revealed.factors.items():
            found.setdefault(factor, {}).update(dict.fromkeys(levels))
    return {factor: list(levels) for factor, levels in found.items()}
