"""A worker that is no process: reads a unit at once, here, with whatever engine is installed."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from probe.run import measure
from probe.workers.chunks import Chunk
from probe.workers.pool import WorkerPool
from probe.workers.replica import Outcome, Replica

__all__ = ["WorkerHere", "pool_here"]


@dataclass
class WorkerHere:
    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = 1
    started: list[Chunk] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    replica: Replica | None = None

    def start(self, job, chunk) -> Future[Outcome]:
        if self.holds != chunk.holder:
            self.replica = Replica(job)
        self.holds = chunk.holder
        self.started.append(chunk)
        future: Future[Outcome] = Future()
        future.set_result(pickle.loads(pickle.dumps(self.replica.read(chunk))))  # as between processes
        return future

    def drop(self) -> None:
        self.holds = None

    def close(self, *, now: bool) -> None:
        self.closed.append(now)


def pool_here(patch, workers: int) -> WorkerPool:
    """Put workers of this process in the place of all others."""
    pool = WorkerPool("local", tuple(WorkerHere() for _ in range(workers)), 4, "cpu", 1, here=True)

    @contextmanager
    def engaged(*_):
        yield pool
        for worker in pool.workers:
            worker.drop()

    patch.setattr(sys.modules[measure.__module__], "engaged", engaged)
    return pool
