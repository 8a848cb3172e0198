"""A study with the tokenizer alone: counts, tokens, what does not fit, every label problem."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from probe.commands.plan_beside import BESIDE, beside_lines
from probe.commands.plan_cost import (
    ChunkOutline,
    FloorOutline,
    PackOutline,
    Reckoning,
    chunks_of,
    floor_outline,
    gpus_of,
    pack_outlines,
    time_text,
)
from probe.commands.testability import study_outlooks
from probe.errors import ModelError
from probe.prompts.prefix_sharing import Sharing
from probe.prompts.problems import ProblemGroup, group_problems
from probe.prompts.trie import split
from probe.report.number_format import clean
from probe.study.planning import floor_passes, survey_model
from probe.study.sources import refuse_unreadable
from probe.study.unloaded import flop_rate_of, memory_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from probe.analysis.testability import Outlook
    from probe.design.axes import Design
    from probe.engine.estimates import Memory
    from probe.prompts.plan import ItemPlan
    from probe.study.planning import ModelPlan
    from probe.study.resolve import Study
    from probe.study.sources import Source

__all__ = ["ModelOutline", "SideOutline", "outline", "outline_json", "outline_text"]

ONE_WORKER = Reckoning()
"""On what a plan reckons unless it is told."""


@dataclass(frozen=True, slots=True)
class SideOutline:
    """Work on one side of a study.

    Attributes:
        items: How many.
        prompts: Items times variants.
        tokens: Sum of prompt lengths.
        distinct: Tokens that are left if each item's prompts share their common prefixes.
        read: Tokens that the trie reader computes: these, what follows the prompts, and the prefixes that are read
            again where an item exceeds the budget of a pass.
        axes: For each axis that moves, how many of the distinct tokens are there because it does; most expensive first.
    """

    items: int
    prompts: int
    tokens: int
    distinct: int
    read: int
    axes: dict[str, int]


@dataclass(frozen=True, slots=True)
class ModelOutline:
    """A study on one model before any weights are loaded.

    Attributes:
        model: Its name.
        style: ``chat`` or ``raw``.
        context: Its context limit in tokens, None if it has none.
        longest: Its longest prompt in tokens.
        memory: What its weights will take, from its config alone; None where it cannot be planned.
        sides: Work by side.
        refused: Items that do not fit, with the reason.
        problems: Every prompt after which a label cannot be read, by reason.
        example: One rendered prompt.
        traits: What its chat template does of its own accord, None without one.
        default_system: System text that the template writes because none was given, or None.
        without_system: Whether an empty system text keeps the template's own away.
        remark: What must be known of the way of asking, or empty.
        failure: Why nothing of it can be planned, or None.
        cards: GPUs over which it must be spread.
        packs: What each of its packs costs.
        units: What workers would share of it.
        floor: The cells that are read once more for the numeric floor; None where nothing can be planned.
        tests: For each trade-off whether its test can reject, in the family of the study.
    """

    model: str
    style: str
    context: int | None
    longest: int
    memory: Memory | None
    sides: dict[str, SideOutline]
    refused: dict[str, str]
    problems: tuple[ProblemGroup, ...]
    example: str
    traits: str | None = None
    default_system: str | None = None
    without_system: bool = False
    remark: str = ""
    failure: str | None = None
    cards: int = 1
    packs: tuple[PackOutline, ...] = ()
    units: tuple[ChunkOutline, ...] = ()
    floor: FloorOutline | None = None
    tests: dict[str, Outlook] = field(default_factory=dict)


def outline(study: Study, on: Reckoning = ONE_WORKER) -> list[ModelOutline]:
    """Outline a study on each of its models, and cut it into chunks for workers."""
    found = [_outline_model(study, source, on) for source in study.sources]
    chunks = chunks_of({one.model: one.packs for one in found}, on)
    tests = study_outlooks(study)
    return [replace(one, units=chunks.get(one.model, ()), tests=tests) for one in found]


def outline_json(outlines: Sequence[ModelOutline]) -> str:
    """All outlines as JSON."""
    return json.dumps([asdict(one) for one in outlines], indent=1, ensure_ascii=False)


def outline_text(study: Study, one: ModelOutline, on: Reckoning = ONE_WORKER) -> str:
    """One outline for a reader."""
    lines = [f"{one.model} ({one.style}) on {', '.join(study.suites)}, design {study.design.name}"]
    if one.failure is not None:
        return "\n".join([*lines, f"  cannot be planned: {one.failure}"])
    listed = sum(outline.items for side, outline in one.sides.items() if side not in ("texts", "depth"))
    lines += [f"  {len(study.design.variants())} variants of {listed} items"] if listed else []
    lines += _neutral_lines(study.design)
    for side, outline in one.sides.items():
        shared = 1 - outline.distinct / outline.tokens if outline.tokens else 0.0
        lines.append(
            f"  {side:9}{outline.items:6} items {outline.prompts:8} prompts {outline.tokens:10} tokens, "
            f"{shared:.0%} of them in prefixes that an item's prompts share"
        )
        lines += _sharing_lines(outline)
    tokens = {side: outline.read for side, outline in one.sides.items()}
    texts, depth = (one.sides.get(table) for table in ("texts", "depth"))
    lines += beside_lines(study, tokens, {"texts": texts.items if texts else 0, "depth": depth.prompts if depth else 0})
    lines += _cost_lines(one, on)
    if one.traits:
        lines.append(f"  template: {one.traits}")
    if one.remark:
        lines.append(f"  {one.remark}, so the question stands as plain text")
    if one.default_system:
        lines.append(f"  the template's own system text: {clean(one.default_system)}")
    if one.without_system:
        lines.append("  the template's own system text is kept away by an empty one")
    lines += [f"  refused: {reason}" for reason in one.refused.values()]
    lines += _problem_lines(one.problems)
    if one.example:
        lines += ["  one prompt as the model gets it:", *(f"    | {line}" for line in one.example.splitlines())]
    return "\n".join(lines)


def _neutral_lines(design: Design) -> list[str]:
    """Where a neutral option is offered, and whether its place moves."""
    if design.levels.neutral is None:
        return []
    positions = design.neutral_positions
    sides = " and ".join(design.levels.neutral.sides)
    variants = len(positions) * len(design.variants())
    line = f"  a neutral option on the {sides} side: {variants} variants of each of its items"
    if len(positions) == 1:
        line += f"; it always stands {positions[0]}, so its pull cannot be distinguished from that of its position"
    return [line]


def _sharing_lines(outline: SideOutline) -> list[str]:
    """What the trie reader computes, and which axis it is spent on."""
    fewer = outline.tokens / outline.distinct if outline.distinct else 1.0
    lines = [
        f"           {outline.distinct} distinct tokens, {fewer:.1f} times fewer; a pass over them and what follows "
        f"the prompts computes {outline.read}"
    ]
    if outline.axes:
        spent = ", ".join(f"{axis} {tokens / outline.distinct:.0%}" for axis, tokens in outline.axes.items())
        lines.append(f"           of the distinct tokens, there because an axis moves: {spent}")
    return lines


def _cost_lines(one: ModelOutline, on: Reckoning) -> list[str]:
    if one.memory is None:
        return []
    flops, packs = sum(chunk.flops for chunk in one.units), sum(chunk.packs for chunk in one.units)
    largest = max((chunk.flops for chunk in one.units), default=0) / max(flops, 1)
    spread = f", over {one.cards} GPUs of {on.gpu:.0f} GiB" if one.cards > 1 else ""
    lines = [
        f"  longest prompt {one.longest} tokens, context limit {one.context or 'not stated'}",
        f"  weights {one.memory.weights / 2**30:.2f} GiB and {one.memory.temporary / 2**30:.2f} beside them{spread}; "
        f"about {flops:.2g} floating-point operations in {len(one.units)} chunks, the largest {largest:.0%} of them: "
        f"{time_text(flops, packs, on)}",
    ]
    if one.floor is not None:
        lines.append(
            f"  numeric floor: {one.floor.cells} cells read once more, {one.floor.tokens} tokens at most, "
            f"{one.floor.share:.0%} beside those of the reading"
        )
    if one.memory.unquantised_share > 0.5:
        lines.append(f"  quantisation leaves {one.memory.unquantised_share:.0%} of its inner weights as they are")
    return lines


def _problem_lines(groups: Sequence[ProblemGroup]) -> list[str]:
    """Each reason once, with how many prompts it holds for, the levels that they share, and their items."""
    if not groups:
        return []
    items = {item for group in groups for item in group.prompts}
    lines = [f"  label problems: {sum(group.count for group in groups)} prompts of {len(items)} items cannot be read"]
    for group in groups:
        levels = ", ".join(f"{axis}={level}" for axis, level in group.common.items())
        lines.append(f"    {group.reason}")
        lines.append(f"      {group.count} prompts, {f'all with {levels}' if levels else 'no level common to them'}")
        lines += [f"      {item} ({len(variants)})" for item, variants in group.prompts.items()]
    return lines


def _outline_model(study: Study, source: Source, on: Reckoning) -> ModelOutline:
    try:
        refuse_unreadable(source)
        memory = memory_of(source.snapshot.folder, source.name, study.request.precision)
        rate = flop_rate_of(source.snapshot.folder, source.name)
        plan, problems = survey_model(study, source)
    except ModelError as error:
        if len(study.sources) == 1:
            raise
        return ModelOutline(source.name, "unknown", None, 0, None, {}, {}, (), "", failure=str(error))
    variants = {variant.id: variant for item in study.items for variant in study.design.variants_of(item)}
    found = _outline_plan(plan, memory, group_problems(problems, list(variants.values())))
    shared = study.request.reader != "plain"
    packs = pack_outlines(plan.items, rate, shared=shared)
    own = [(item, pack) for item, pack in zip(plan.items, packs, strict=True) if item.item.table == "readings"]
    items, costs = [item for item, _ in own], [pack for _, pack in own]
    floor = floor_outline(items, costs, floor_passes(study), shared=shared) if own else None
    return replace(found, packs=packs, cards=gpus_of(memory, on), floor=floor)


def _outline_plan(plan: ModelPlan, memory: Memory, problems: tuple[ProblemGroup, ...]) -> ModelOutline:
    sides: dict[str, SideOutline] = {}
    for side in ("stated", "bridge", "revealed", "control", *BESIDE):
        named = ((one, one.item.side if one.item.table == "readings" else one.item.table) for one in plan.items)
        if items := [item for item, name in named if name == side]:
            sides[side] = _outline_side(items)
    return ModelOutline(
        model=plan.source.name,
        style=plan.style.kind,
        context=plan.context,
        longest=max((len(p.input_ids) for item in plan.items for p in item.prompts), default=0),
        memory=memory,
        sides=sides,
        refused={refused.item: str(refused) for refused in plan.refused},
        problems=problems,
        example=plan.items[0].prompts[0].text if plan.items else "",
        traits=str(plan.style.traits) if plan.style.traits else None,
        default_system=plan.style.default_system,
        without_system=plan.style.system_location == "empty",
        remark=plan.style.remark,
    )


def _outline_side(items: Sequence[ItemPlan]) -> SideOutline:
    distinct, axes = 0, Counter[str]()
    for item in items:
        sharing = Sharing.of([prompt.input_ids for prompt in item.prompts])
        whole = sharing.tokens()
        distinct += whole
        axes.update({axis: whole - sharing.tokens(still) for axis, still in _standing_still(item).items()})
    return SideOutline(
        items=len(items),
        prompts=sum(len(item.prompts) for item in items),
        tokens=sum(len(prompt.input_ids) for item in items for prompt in item.prompts),
        distinct=distinct,
        read=sum(trie.size for item in items for trie in split(item.pack)),
        axes=dict(sorted(axes.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _standing_still(item: ItemPlan) -> dict[str, NDArray[np.bool_]]:
    """For each axis that moves, which prompts are left if it stands at its first level."""
    axes = item.prompts[0].variant.axes
    levels = {axis: [prompt.variant[axis] for prompt in item.prompts] for axis in axes}
    return {axis: np.array([one == own[0] for one in own]) for axis, own in levels.items() if len(set(own)) > 1}
