"""Factors whose levels are doses: one number a level, in one direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite

from probe.design.shape import DOSE, Revealed
from probe.design.strict_yaml import ValuePath
from probe.design.typed_yaml import path_text

__all__ = ["dose_problems"]

Problem = tuple[ValuePath, str]


def dose_problems(path: ValuePath, revealed: Revealed) -> Iterator[Problem]:
    """What is wrong with the numbers of a scenario's factors."""
    for factor, levels in revealed.marked.items():
        for level, words in levels.items():
            here = (*path, "factors", factor, level)
            if level != DOSE and not isinstance(words, str):
                yield here, f"{path_text(here)}: text is expected, found a list. Only '{DOSE}' is a list."
    for factor, numbers in revealed.doses.items():
        here = (*path, "factors", factor, DOSE)
        n = len(revealed.factors[factor])
        if len(numbers) != n:
            message = f"{path_text(here)}: one number a level is expected, {n}, found {len(numbers)}. Mend the list."
            yield here, message
        elif not all(map(isfinite, numbers)) or not _one_way(numbers):
            message = (
                f"{path_text(here)}: numbers that rise, or fall, from level to level are expected, found "
                f"{', '.join(f'{number:g}' for number in numbers)}. Order the levels by their dose."
            )
            yield here, message


def _one_way(numbers: Sequence[float]) -> bool:
    steps = [after - before for before, after in pairwise(numbers)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)
