"""The workers of a run, and a study read by all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.workers.chunks import Unit, Waiting, cut_study
from probe.workers.scheduler import Dispatch, ReadTogether

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from probe.progress import Progress
    from probe.study.job import Work
    from probe.workers.scheduler import Place

__all__ = ["Crew", "costs_of", "read_together"]


@dataclass(frozen=True)
class Crew:
    """Workers of one scheduler.

    Attributes:
        scheduler: ``local``, ``ray`` or ``slurm``.
        places: One for each worker.
        shares: Into how many units the work of each worker is cut: more balance better, fewer load models less often.
        device: Where they compute; empty if only they know.
        threads: CPU threads of each; None to leave that to torch.
        here: Whether they are on this machine, so that what they would read with is known before they start.
        note: What to say of them beside their number.
    """

    scheduler: str
    places: tuple[Place, ...]
    shares: int
    device: str
    threads: int | None
    here: bool
    note: str = ""


def read_together(
    works: Mapping[str, Work], crew: Crew, log: Callable[..., None], progress: Progress
) -> dict[str, ReadTogether]:
    """Bring every pack of several models into the store.

    Args:
        works: What to read, by model.
        crew: Who reads.
        log: Takes the words of a line of the run's log.
        progress: Where to say how far it is.

    Returns:
        What became of each model. A unit that failed three times is named there, and the others are read.

    Raises:
        EnvironmentFault: The store cannot be written.
        StudyError: What a worker sent was damaged on its way.
    """
    waiting = Waiting()
    budgets = {name: work.budget for name, work in works.items()}
    units = cut_study({name: costs_of(work) for name, work in works.items()}, budgets, crew.shares * len(crew.places))
    for name, work in works.items():
        if work.sample or work.writing.prompts:
            waiting.add(Unit(name, work.budget, 0, 0, _cost_beside(work, units[name]), beside=True))
        for unit in units[name]:
            waiting.add(unit)
    models = {name: ReadTogether(work) for name, work in works.items()}
    packs = sum(len(work.sheet.items) for work in works.values())
    with progress.phase(f"reading {', '.join(works)} with {len(crew.places)} workers{crew.note}", packs) as advance:
        Dispatch(models, crew.places, waiting, advance, log).run()
    return models


def costs_of(work: Work) -> Sequence[int]:
    """Floating-point operations of each pack of a sheet, about.

    Raises:
        ModelError: transformers does not know the architecture.
    """
    from probe.engine.flops import work_rate  # noqa: PLC0415  torch is loaded when something is read

    rate = work_rate(work.folder, work.name)
    return [rate.flops(*size) for size in work.sheet.sizes]


def _cost_beside(work: Work, units: Sequence[Unit]) -> int:
    """Cells that are read alone share nothing: about a pack's cost for a few of them."""
    each = sum(unit.cost for unit in units) // max(1, len(work.sheet.items))
    return each * max(1, len(work.sample) // 8)
