"""Shorter ways to a plan and to rows than a run takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from probe.loaded_facts import ReaderFacts
from probe.prompts.problems import UnreadableLabelsError
from probe.study.planning import survey_model
from probe.study.rows import cell_rows, finish_rows, shard_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from probe.prompts.pack import PromptReading
    from probe.prompts.plan import ItemPlan
    from probe.study.planning import ModelPlan
    from probe.study.resolve import Study
    from probe.study.sources import Source


def plan_model(study: Study, source: Source) -> ModelPlan:
    """Every item of a study planned for one model; raises if a label cannot be read exactly."""
    plan, problems = survey_model(study, source)
    if problems:
        raise UnreadableLabelsError(source.name, problems)
    return plan


def reading_rows(
    model: str,
    plan: ItemPlan,
    readings: Sequence[PromptReading],
    decode: Callable[[int], str],
    *,
    reader: str,
    logits_dtype: str,
) -> pa.Table:
    """The rows of one item, one per variant, sorted by variant."""
    cells, shard = cell_rows(model, plan), shard_rows(readings)
    return finish_rows([cells], [shard], decode, ReaderFacts(reader, logits_dtype=logits_dtype))
