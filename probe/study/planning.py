"""A study planned for one model with its tokenizer alone: item by item, and onto disk, so that length costs little."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.errors import ModelError, TokenPlanError
from probe.prompts.check_pack import check_pack
from probe.prompts.option_texts import plan_texts
from probe.prompts.plan import ItemPlan, TooLong, plan_item
from probe.prompts.prefix_sharing import pack_size
from probe.prompts.problems import LabelProblem, UnreadableLabelsError, item_problems
from probe.store.disk import DISK
from probe.store.plan_file import PlanFile, new_plan_file
from probe.study.floor_sample import FloorSample
from probe.study.job import Job
from probe.study.rows import cell_rows
from probe.study.sources import open_model, refuse_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder
    from probe.store.cache import Cache
    from probe.store.disk import FileSystem
    from probe.study.request import Request
    from probe.study.resolve import Study
    from probe.study.sources import Source

__all__ = [
    "AskedModel",
    "ModelPlan",
    "PlannedModel",
    "find_model",
    "floor_passes",
    "job_of",
    "plan_items",
    "plan_onto_disk",
    "survey_model",
]


@dataclass(frozen=True)
class AskedModel:
    """A model without its weights: how its prompts are made.

    Attributes:
        source: Where its files are.
        encoder: Its tokenizer.
        style: How it is asked.
        context: Its context limit in tokens, if it has one.
    """

    source: Source
    encoder: TextEncoder
    style: PromptStyle
    context: int | None

    @property
    def name(self) -> str:
        """How the study calls it."""
        return self.source.name


@dataclass(frozen=True)
class ModelPlan:
    """Everything about a study on one model that can be known without its weights, in memory.

    Attributes:
        source: The model.
        encoder: Its tokenizer.
        style: How it is asked.
        context: Its context limit in tokens, if it has one.
        items: Planned items, in sorted order.
        refused: Items that its context cannot hold.
    """

    source: Source
    encoder: TextEncoder
    style: PromptStyle
    context: int | None
    items: tuple[ItemPlan, ...]
    refused: tuple[TooLong, ...]


@dataclass(frozen=True)
class PlannedModel:
    """The same on disk, to be read and merged.

    Attributes:
        model: How it is asked.
        budget: Most tokens in one forward pass.
        plan_file: Its planned cells.
        refused: Items that its context cannot hold.
        sample: Cells of the numeric floor, as item and row of the plan file: spread evenly over sides and label sets,
            and over items within them; the same for the same study.
    """

    model: AskedModel
    budget: int
    plan_file: PlanFile
    refused: tuple[TooLong, ...]
    sample: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """How the study calls the model."""
        return self.model.name


def survey_model(
    study: Study, source: Source, advance: Callable[[int], None] = lambda _: None
) -> tuple[ModelPlan, tuple[LabelProblem, ...]]:
    """What of a study can be planned for one model, and every prompt that cannot be; not to be read if there are any.

    Raises:
        ModelError: The tokenizer or the chat template is unusable.
    """
    model = find_model(study, source)
    items: list[ItemPlan] = []
    refused: list[TooLong] = []
    problems: list[LabelProblem] = []
    for planned in plan_items(study, model):
        advance(1)
        if isinstance(planned, ItemPlan):
            items.append(planned)
        elif isinstance(planned, TooLong):
            refused.append(planned)
        else:
            problems += planned
    return ModelPlan(source, model.encoder, model.style, model.context, tuple(items), tuple(refused)), tuple(problems)


def find_model(study: Study, source: Source) -> AskedModel:
    """How a study asks one of its models.

    Raises:
        ModelError: The tokenizer or the chat template is unusable.
    """
    refuse_unreadable(source)
    encoder, style, limit = open_model(source, source.system, merge=study.request.system_merge)
    return AskedModel(source, encoder, style, limit)


def plan_items(
    study: Study, model: AskedModel, budget: int | None = None, only: Container[str] | None = None
) -> Iterator[ItemPlan | TooLong | tuple[LabelProblem, ...]]:
    """Plan the items of a study one by one: each a plan, or too long, or what is wrong with it.

    Those of the readings come first, then those of each table beside them, sorted.

    Args:
        study: What is asked.
        model: From `find_model`.
        budget: Most tokens in one forward pass; by default what the study says.
        only: Ids of the items to plan; by default all.
    """
    design, levels = study.design, study.design.levels
    budget = study.request.pack_tokens if budget is None else budget
    encoder, style, limit = model.encoder, model.style, model.context
    for item in study.items_of(style.kind):
        if only is not None and item.id not in only:
            continue
        variants = design.variants_of(item)
        plan_one = plan_texts if item.table == "texts" else plan_item
        try:
            yield plan_one(encoder, style, item, variants, levels, limit=limit, budget=budget)
        except TokenPlanError:
            problems = item_problems(encoder, style, item, variants, levels)
            if not problems:
                raise
            yield problems


def plan_onto_disk(
    study: Study,
    model: AskedModel,
    budget: int,
    folder: Path,
    advance: Callable[[int], None] = lambda _: None,
    only: Container[str] | None = None,
    disk: FileSystem = DISK,
) -> PlannedModel:
    """Plan the items of a study, or `only` some, onto a plan file in `folder`; memory holds one item.

    Raises:
        UnreadableLabelsError: A label cannot be read exactly after some of the prompts.
        ModelError: The chat template is unusable, or no item can be asked.
        EnvironmentFault: The disk is full.
    """
    refused: list[TooLong] = []
    problems: list[LabelProblem] = []
    shared = study.request.reader != "plain"
    sample = FloorSample(floor_passes(study), shared)
    path = folder / f"{hashlib.sha256(model.name.encode()).hexdigest()[:16]}-{budget}.cells"
    with new_plan_file(path, disk) as plan_file:
        for planned in plan_items(study, model, budget, only):
            advance(1)
            if isinstance(planned, TooLong):
                refused.append(planned)
            elif isinstance(planned, tuple):
                problems += planned
            elif not problems:
                cells = cell_rows(model.name, planned)
                table = planned.item.table
                if table == "readings":
                    sample.add(len(plan_file.items), planned)
                longest = max(cells["n_tokens"].to_pylist())
                size = pack_size(planned.pack, shared=shared)
                plan_file.add(planned.item.id, planned.pack.sha256, cells, longest, size, table)
        if problems:
            raise UnreadableLabelsError(model.name, problems)
        if not plan_file.items:
            raise ModelError(f"{model.name}: none of the {len(refused)} items can be asked; the first: {refused[0]}")
        # What flags add beside the study leaves its numeric floor where it is.
        pairs = zip(plan_file.sizes, plan_file.tables, strict=True)
        reading = sum(tokens for (tokens, _, _), table in pairs if table == "readings")
    return PlannedModel(model, budget, plan_file.plan_file(path), tuple(refused), sample.chosen(reading).cells)


def job_of(planned: PlannedModel, request: Request, cache: Cache, device: str) -> Job:
    """All of a planned model, to be read into `cache` on `device`, as `probe.engine.placement.choose_device` chose."""
    source = planned.model.source
    return Job(
        folder=source.snapshot.folder,
        name=planned.name,
        identity=source.snapshot.identity,
        precision=request.precision,
        device=device,
        reader="exact" if request.exact else request.reader,
        check=check_pack(planned.model.encoder, planned.model.style, planned.model.context),
        budget=planned.budget,
        plan_file=planned.plan_file,
        sample=planned.sample,
        cache=cache,
        gpu_fast=request.gpu_fast,
        threads=request.threads,
    )


def floor_passes(study: Study) -> int:
    """How often a cell of the numeric floor is read, at most: only loaded weights tell that they are float32 anyway."""
    return 1 if study.request.compute == "fp32" else 2
