"""The workers of a run, and a study read by all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.progress import Silent
from probe.study.unloaded import flop_rate_of
from probe.workers.chunks import Chunk, Waiting, cut_study
from probe.workers.scheduler import Dispatch, ReadTogether
from probe.workers.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from probe.progress import Progress
    from probe.study.job import Job
    from probe.workers.scheduler import Worker

__all__ = ["WorkerPool", "costs_of", "read_together"]


@dataclass(frozen=True)
class WorkerPool:
    """Workers of one scheduler.

    Attributes:
        scheduler: ``local``, ``ray`` or ``slurm``; ``none`` for this process.
        workers: Each reads one chunk at a time.
        shares: Into how many chunks the job of each worker is cut: more balance better, fewer load models less often.
        device: Where they compute; empty if only they know.
        threads: CPU threads of each; None to leave that to torch.
        here: Whether they are on this machine, so that what they would read with is known before they start.
        note: What to say of them beside their number.
    """

    scheduler: str
    workers: tuple[Worker, ...]
    shares: int
    device: str
    threads: int | None
    here: bool
    note: str = ""


def read_together(
    jobs: Mapping[str, Job], pool: WorkerPool, log: Callable[..., None], progress: Progress
) -> dict[str, ReadTogether]:
    """Bring every pack of several models into the store; then no worker holds a model any more.

    Args:
        jobs: What to read, by model.
        pool: Who reads.
        log: Takes the words of a line of the run's log.
        progress: Where to say how far it is.

    Returns:
        What became of each model. A chunk that failed three times is named there, and the others are read.

    Raises:
        EnvironmentFault: The store cannot be written.
        StudyError: What a worker sent was damaged on its way.
    """
    models = {name: ReadTogether(job) for name, job in jobs.items()}
    # This process says itself how far it is, pack by pack.
    alone = pool.scheduler == "none"
    heard, unread = Silent() if alone else progress, Unread(jobs, pool.here and not alone)
    with heard.phase(f"reading {', '.join(jobs)} with {len(pool.workers)} workers{pool.note}", len(unread)) as advance:
        Dispatch(models, pool.workers, _chunks(jobs, pool), unread, advance, log, progress).run()
    for worker in pool.workers:
        worker.close(now=False)
    return models


def _chunks(jobs: Mapping[str, Job], pool: WorkerPool) -> Waiting:
    """The study cut for a pool. Where it is not cut, the cells alone come last: a model is loaded for its packs."""
    blocks = pool.shares * len(pool.workers)
    budgets = {name: job.budget for name, job in jobs.items()}
    costs = {name: costs_of(job) if blocks > 1 else [0] * len(job.plan_file.items) for name, job in jobs.items()}
    waiting = Waiting()
    for name, chunks in cut_study(costs, budgets, blocks).items():
        job, beside = jobs[name], []
        if job.sample or job.writing.prompts:
            beside = [Chunk(name, job.budget, 0, 0, _cost_beside(job, chunks), beside=True)]
        for chunk in [*beside, *chunks] if blocks > 1 else [*chunks, *beside]:
            waiting.add(chunk)
    return waiting


def costs_of(job: Job) -> Sequence[int]:
    """Floating-point operations of each pack of a plan file, about.

    Raises:
        ModelError: transformers does not know the architecture.
    """
    rate = flop_rate_of(job.folder, job.name)
    return [rate.flops(*size) for size in job.plan_file.sizes]


def _cost_beside(job: Job, chunks: Sequence[Chunk]) -> int:
    """Cells of the numeric floor share little: about a pack's cost for a few of them."""
    each = sum(chunk.cost for chunk in chunks) // max(1, len(job.plan_file.items))
    return each * max(1, len(job.sample) // 8)
