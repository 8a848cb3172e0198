"""Packs made again from a plan on disk: those that were planned, compared with their hash, and those of the floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.errors import StudyError
from probe.prompts.pack import Pack, Prompt
from probe.store.plan_file import TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from probe.store.plan_file import PlanFile, PlanFileRows

__all__ = ["ALONE", "TOGETHER", "floor_packs", "packs_of"]

ALONE = 0
"""Budget of a pack that is one cell, read by itself as the run computes."""

TOGETHER = 20
"""Cells of the numeric floor that are one pack in float32 compute; its budget is negative to tell it from others."""


def packs_of(plan_file: PlanFile, items: Iterable[int], budget: int) -> Iterator[tuple[int, Pack]]:
    """Packs of items of a plan file, in the order given.

    Raises:
        StudyError: What the disk holds is not what was planned.
    """
    with plan_file.open(TOKENS) as rows:
        for item in items:
            cells = rows[item]
            order = sorted(zip(cells["place"].to_pylist(), _prompts(cells), strict=True), key=lambda pair: pair[0])
            pack = Pack(tuple(prompt for _, prompt in order), budget, plan_file.tables[item : item + 1] == ("depth",))
            if pack.sha256 != plan_file.packs[item]:
                raise StudyError(
                    f"{plan_file.items[item]}: the plan on disk has changed since it was written. Run the same "
                    "command again; if this comes back, the disk or the memory of this machine is at fault."
                )
            yield item, pack


def floor_packs(
    rows: PlanFileRows, sample: Sequence[tuple[int, int]], budget: int, *, alone: bool, together: bool
) -> Iterator[tuple[Pack, Sequence[tuple[int, int]]]]:
    """Packs in which the cells of the numeric floor are read, with their cells: each alone, then `TOGETHER` at a time.

    Those are together whose items follow each other, since the texts of a scenario begin alike.

    Args:
        rows: Cells of a plan file by item, with their tokens.
        sample: Item and row of each cell.
        budget: Most tokens in one forward pass of the study.
        alone: Whether they are read each by itself, as the run computes.
        together: Whether they are read many to a pass, in float32 compute.
    """
    ordered = sorted(sample)
    prompts = [_prompts(rows[item].slice(row, 1))[0] for item, row in ordered]
    for cell, prompt in zip(ordered, prompts, strict=True) if alone else ():
        yield Pack((prompt,), ALONE), (cell,)
    for start in range(0, len(ordered), TOGETHER) if together else ():
        end = start + TOGETHER
        yield Pack(tuple(prompts[start:end]), -budget), ordered[start:end]


def _prompts(cells: pa.RecordBatch) -> list[Prompt]:
    ids, continuations = (cells[name].to_pylist() for name in ("input_ids", "continuations"))
    return [Prompt(tuple(one), tuple(map(tuple, following))) for one, following in zip(ids, continuations, strict=True)]
