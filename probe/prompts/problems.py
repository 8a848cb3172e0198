"""Prompts after which a label cannot be read exactly: all of them, not the first alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.design.items import AXES, FIXED
from probe.errors import TokenPlanError
from probe.prompts.planners import planner_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.axes import Levels
    from probe.design.items import Axis, Item, Variant
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["LabelProblem", "ProblemGroup", "UnreadableLabelsError", "group_problems", "item_problems"]

SHOWN = 3
"""Different reasons that an error tells; `probe plan` lists all."""


@dataclass(frozen=True, slots=True)
class LabelProblem:
    """One prompt that cannot be asked.

    Attributes:
        item: Id of its item.
        variant: Its format.
        reason: What is wrong and what to do, without the place.
    """

    item: str
    variant: Variant
    reason: str

    def __str__(self) -> str:
        return f"{self.item}/{self.variant.id}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Prompts that share a reason.

    Attributes:
        reason: What is wrong and what to do.
        prompts: Ids of variants by item.
        common: Levels that all of them share, of axes on which the study varies.
    """

    reason: str
    prompts: dict[str, tuple[str, ...]]
    common: dict[str, str]

    @property
    def count(self) -> int:
        """How many prompts."""
        return sum(len(variants) for variants in self.prompts.values())


class UnreadableLabelsError(TokenPlanError):
    """A study whose labels cannot all be read; tells how many and the first of each of the first few reasons."""

    def __init__(self, model: str, problems: Sequence[LabelProblem]) -> None:
        """Keep all `problems`, of which there is at least one."""
        first: dict[str, LabelProblem] = {}
        for problem in problems:
            first.setdefault(problem.reason, problem)
        items = len({problem.item for problem in problems})
        lines = [f"{model}: {len(problems)} prompts of {items} items cannot be read; `probe plan` lists all."]
        lines += [f"  {problem}" for problem in list(first.values())[:SHOWN]]
        if len(first) > SHOWN:
            lines.append(f"  and {len(first) - SHOWN} more reasons")
        super().__init__("\n".join(lines))
        self.problems = tuple(problems)


def item_problems(
    encoder: TextEncoder, style: PromptStyle, item: Item, variants: Sequence[Variant], levels: Levels
) -> tuple[LabelProblem, ...]:
    """Every format in which `item` cannot be asked, each found by planning it alone."""
    problems = []
    plan_one = planner_of(item.table)
    for variant in variants if item.fixed is None else (FIXED,):
        try:
            plan_one(encoder, style, item, [variant], levels, limit=None, budget=1)
        except TokenPlanError as error:
            problems.append(LabelProblem(item.id, variant, _without_address(str(error), item, variant, encoder.name)))
    return tuple(problems)


def group_problems(problems: Sequence[LabelProblem], variants: Sequence[Variant]) -> tuple[ProblemGroup, ...]:
    """Problems by reason, in the order in which reasons come first.

    Args:
        problems: Of one model.
        variants: All formats of the study; an axis that is fixed in them says nothing about a problem.
    """
    by_reason: defaultdict[str, list[LabelProblem]] = defaultdict(list)
    for problem in problems:
        by_reason[problem.reason].append(problem)
    moving = [axis for axis in AXES if len({variant[axis] for variant in variants}) > 1]
    moving += ["neutral"] if len({variant.neutral for variant in variants}) > 1 else []
    return tuple(_group(reason, group, moving) for reason, group in by_reason.items())


def _group(reason: str, problems: Sequence[LabelProblem], moving: Sequence[Axis]) -> ProblemGroup:
    prompts: defaultdict[str, list[str]] = defaultdict(list)
    for problem in problems:
        prompts[problem.item].append(problem.variant.id)
    levels = {axis: {_level(problem.variant, axis) for problem in problems} for axis in moving}
    common: dict[str, str] = {axis: min(found) for axis, found in levels.items() if len(found) == 1}
    return ProblemGroup(reason, {item: tuple(ids) for item, ids in prompts.items()}, common)


def _level(variant: Variant, axis: Axis) -> str:
    return variant[axis] if axis in variant.axes else "none"


def _without_address(message: str, item: Item, variant: Variant, name: str) -> str:
    for where in (f"{item.id}/{variant.id}", item.id, "--system"):
        for start in (f"{where} on {name}: ", f"{where}: "):
            if message.startswith(start):
                return message.removeprefix(start)
    return message
