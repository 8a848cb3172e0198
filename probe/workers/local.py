"""Workers on this machine: a process for each GPU, or for each worker on the CPU."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from probe.workers.replica import Outcome, Replica

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.job import Job
    from probe.workers.chunks import Chunk

__all__ = ["LocalWorker"]


@dataclass
class LocalWorker:
    """One process at a time, which holds one model; other weights, or packs of another budget, get another process.

    Attributes:
        environment: Variables of the process: which GPUs it sees, how many threads it has.
        holds: As `probe.workers.scheduler.Worker`; so are the others.
    """

    environment: Mapping[str, str]
    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = 1
    _job: Job | None = None
    _pool: ProcessPoolExecutor | None = None
    _process: Future[int] = field(default_factory=Future)

    def start(self, job: Job, chunk: Chunk, *_: object) -> Future[Outcome]:
        """Begin to read a chunk, in a new process if the old one holds other weights."""
        another = self.holds != chunk.holder
        if another and (self._job is None or (self._job.loads, self._job.budget) != (job.loads, job.budget)):
            self.close(now=False)
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, spawn, initializer=_begin, initargs=(job, self.environment))
            self._process = self._pool.submit(os.getpid)
            another = False
        self._job, self.holds = job, chunk.holder
        return self._pool.submit(_read, chunk, job if another else None)

    def drop(self) -> None:
        """Forget a process that has ended."""
        self.close(now=True)

    def close(self, *, now: bool) -> None:
        """End the process; what it has read is kept."""
        if self._pool is None:
            return
        if now and self._process.done() and self._process.exception() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.result(), signal.SIGTERM)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool, self._job, self.holds = None, None, None


_here: Replica | None = None
"""The replica of this process."""

_reading = False
"""Whether it has a pack in hand."""


def _begin(job: Job, environment: Mapping[str, str]) -> None:
    """Prepare a worker's process: an interrupt of the terminal is the sender's to hear, whose end is this one's."""
    global _here  # noqa: PLW0603  a pool's functions find what its initializer made in no other way
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_sender, daemon=True).start()
    _here = Replica(job)


def _read(chunk: Chunk, job: Job | None) -> Outcome:
    global _reading  # noqa: PLW0603  the signal's handler finds what this knows in no other way
    if _here is None:
        raise RuntimeError("a chunk came before its model")
    _reading = True
    try:
        return _here.read(chunk, job=job)
    finally:
        _reading = False


def _interrupt(*_: object) -> None:
    """End after the pack in hand; at once, and without a traceback, where there is none."""
    if _reading:
        raise KeyboardInterrupt
    sys.exit(0)


def _end_with_sender() -> None:
    sender = multiprocessing.parent_process()
    if sender is not None:
        sender.join()
        os._exit(1)
