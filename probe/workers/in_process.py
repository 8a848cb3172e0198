"""This process as a worker: it reads a chunk at once, and says of every pack that it has been read."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from probe.errors import ProbeError
from probe.study.model_reader import opened, reopened
from probe.workers.pool import WorkerPool
from probe.workers.replica import Outcome, read_chunk, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from probe.progress import Progress
    from probe.study.job import Job
    from probe.study.model_reader import OpenModel
    from probe.workers.chunks import Chunk

__all__ = ["InProcessWorker", "this_process"]


@dataclass
class InProcessWorker:
    """A model in this process, one at a time; conditions that differ in what is asked share its weights.

    Attributes:
        holds: As `probe.workers.scheduler.Worker`; so are the others.
    """

    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = 1
    _model: OpenModel | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self, job: Job, chunk: Chunk, log: Callable[..., None], progress: Progress) -> Future[Outcome]:
        """Read a chunk; the future is done. An error that is not ours is a bug, and raised: no try would mend it."""
        try:
            outcome = read_chunk(self._open(job, chunk, progress), chunk, chunk.items, log, progress)
        except ProbeError as error:
            outcome = refusal(chunk, error)
        if outcome.fault is not None:  # outside of the handler: a traceback would keep tensors alive
            self.drop()
        future: Future[Outcome] = Future()
        future.set_result(outcome)
        return future

    def drop(self) -> None:
        """Give the model's memory back."""
        self._model, self.holds = None, None
        self._stack.close()

    def close(self, *, now: bool) -> None:  # noqa: ARG002  nothing is under way here
        """Give the model's memory back."""
        self.drop()

    def _open(self, job: Job, chunk: Chunk, progress: Progress) -> OpenModel:
        if self._model is None or self.holds != chunk.holder:
            if self._model is not None and self._model.job.loads == job.loads:
                self._model = reopened(self._model, job)
            else:
                self.drop()
                with progress.phase(f"loading {job.name}", 1) as advance:
                    self._model = self._stack.enter_context(opened(job))
                    advance(1)
            self.holds = chunk.holder
        return self._model


def this_process(device: str, threads: int | None = None) -> WorkerPool:
    """This process alone.

    Args:
        device: From `probe.engine.placement.choose_device`.
        threads: Packs to read at a time on a CPU; None for as many as torch would use.
    """
    return WorkerPool("none", (InProcessWorker(),), 1, device, threads, here=True)
