"""Packs made again from a plan on disk, and compared with the hash that they were planned with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.errors import StudyError
from probe.prompts.pack import Pack, Prompt
from probe.store.plan_file import TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from probe.store.plan_file import PlanFile

__all__ = ["ALONE", "RAISED", "packs_of", "single_pack"]

ALONE, RAISED = 0, -1
"""Budgets of packs that are one cell: read one sequence to a pass, as the run computes and in float32 compute."""


def packs_of(plan_file: PlanFile, items: Iterable[int], budget: int) -> Iterator[tuple[int, Pack]]:
    """Packs of items of a plan file, in the order given.

    Raises:
        StudyError: What the disk holds is not what was planned.
    """
    with plan_file.open(TOKENS) as rows:
        for item in items:
            cells = rows[item]
            order = sorted(zip(cells["place"].to_pylist(), _prompts(cells), strict=True), key=lambda pair: pair[0])
            pack = Pack(tuple(prompt for _, prompt in order), budget)
            if pack.sha256 != plan_file.packs[item]:
                raise StudyError(
                    f"{plan_file.items[item]}: the plan on disk has changed since it was written. Run the same "
                    "command again; if this comes back, the disk or the memory of this machine is at fault."
                )
            yield item, pack


def single_pack(cell: pa.RecordBatch, budget: int) -> Pack:
    """One cell as a pack of its own, `ALONE` or `RAISED`."""
    (prompt,) = _prompts(cell)
    return Pack((prompt,), budget)


def _prompts(cells: pa.RecordBatch) -> list[Prompt]:
    ids, continuations = (cells[name].to_pylist() for name in ("input_ids", "continuations"))
    return [Prompt(tuple(one), tuple(map(tuple, following))) for one, following in zip(ids, continuations, strict=True)]
