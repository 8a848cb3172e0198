"""Chunks handed to workers as these get free, with what comes back; the same for every scheduler."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from probe.errors import ModelError
from probe.progress import ADVICE
from probe.study.running_mass import MassSoFar
from probe.workers.chunks import Waiting
from probe.workers.replica import Outcome
from probe.workers.transfer import keep_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from probe.errors import ProbeError
    from probe.loaded_facts import LoadedFacts
    from probe.progress import Advance, Progress
    from probe.study.job import Job
    from probe.workers.chunks import Chunk
    from probe.workers.unread import Unread

__all__ = ["TRIES", "Dispatch", "ReadTogether", "Worker"]

TRIES = 3
"""How often a chunk is tried before it is given up."""

_SECONDS = 0.5
"""How often a waiting sender looks whether it was interrupted."""


class Worker(Protocol):
    """Reads one chunk at a time: this process or another, an actor, a job of a batch system.

    Attributes:
        holds: The model, and its token budget, that need not be loaded for the next chunk; None for none.
        apart: Whether it has another store than the sender.
        tries: How many tries of a chunk are over when the worker on it is lost.
    """

    holds: tuple[str, int] | None
    apart: bool
    tries: int

    def start(self, job: Job, chunk: Chunk, log: Callable[..., None], progress: Progress, /) -> Future[Outcome]:
        """Begin to read a chunk of `job`; a worker in this process reads it at once, and tells `log` and `progress`."""
        ...

    def drop(self) -> None:
        """Forget the worker, which is lost or of no use any more; the next chunk gets a new one."""
        ...

    def close(self, *, now: bool) -> None:
        """End the worker: at once, or after what it does."""
        ...


@dataclass
class ReadTogether:
    """A model on its way.

    Attributes:
        job: What is read of it.
        facts: How it was loaded and read.
        engine: Key of everything that its readings depend on beside the packs.
        lost: Chunks that failed three times, with the last error.
        error: Why nothing more of it is read.
        memory: Whether that is because memory ran out.
        seconds: From the loaded model, where it was loaded first, to the last reading.
        mass: Option mass of what was read so far.
    """

    job: Job
    facts: LoadedFacts | None = None
    engine: str = ""
    lost: dict[Chunk, str] = field(default_factory=dict)
    error: ProbeError | None = None
    memory: bool = False
    seconds: float = 0.0
    mass: MassSoFar = field(default_factory=MassSoFar)
    _started: float | None = None

    @property
    def failure(self) -> ProbeError | None:
        """Why nothing of it can be reported, if so: a chunk at least must have been read, and its cells alone."""
        if self.error is not None:
            return self.error
        for chunk, error in self.lost.items():
            if chunk.beside:
                return ModelError(f"{self.job.name}: its cells alone: {error}")
        whole = sum(len(chunk.items) for chunk in self.lost) == len(self.job.plan_file.items)
        return ModelError(next(iter(self.lost.values()))) if whole else None

    def finish(self) -> LoadedFacts:
        """How it was loaded and read.

        Raises:
            ProbeError: Nothing of it can be reported.
        """
        if self.failure is not None or self.facts is None:
            raise self.failure or ModelError(f"{self.job.name}: nothing of it was read.")
        return self.facts

    def lost_items(self) -> dict[str, str]:
        """Items that are not in the store because their chunk was given up, with the error."""
        plan_file, shards = self.job.plan_file, self.job.cache.shards(self.engine)
        return {
            plan_file.items[item]: error
            for chunk, error in self.lost.items()
            for item in chunk.items
            if not shards.holds(plan_file.packs[item])
        }

    def take(self, outcome: Outcome) -> None:
        """Note what came of a chunk."""
        now = time.perf_counter()
        began = now - outcome.seconds
        self._started = began if self._started is None else min(self._started, began)
        self.seconds = now - self._started
        if outcome.fault is not None:
            self.error, self.memory = outcome.fault, outcome.result == "memory"
        elif self.engine and outcome.engine != self.engine:
            self.error = ModelError(
                f"{self.job.name}: its packs were read on machines of more than one kind, and one table does not mix "
                "them. Name one kind with --slurm-constraint, or use a cluster of one kind; finished packs are kept."
            )
        else:
            self.engine = outcome.engine
            self.mass.join(outcome.mass)
            self.facts = outcome.facts if self.facts is None or outcome.chunk.beside else self.facts


@dataclass
class Dispatch:
    """Hands out chunks until none is left.

    Attributes:
        models: What is read of each model.
        workers: Each reads one chunk at a time.
        waiting: Chunks that nobody reads yet.
        unread: Packs that are still to be read.
        advance: Called with the number of packs that were read since, and the option mass so far.
        log: Takes the words of a line of the run's log.
        progress: Where a worker in this process says how far it is.
    """

    models: Mapping[str, ReadTogether]
    workers: Sequence[Worker]
    waiting: Waiting
    unread: Unread
    advance: Advance
    log: Callable[..., None]
    progress: Progress
    _flying: dict[Future[Outcome], tuple[Worker, Chunk]] = field(default_factory=dict)
    _tried: dict[Chunk, int] = field(default_factory=dict)
    _paced: bool = False

    def run(self) -> None:
        """Until every chunk is read or given up. What ends it early ends the workers, after the packs in hand."""
        try:
            while self.waiting or self._flying:
                self._hand_out()
                done, _ = wait(self._flying, timeout=_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    worker, chunk = self._flying.pop(future)
                    self._take(worker, chunk, future)
                for _, chunk in self._flying.values():
                    self._tell(chunk, self.unread.arrived(chunk), first=True)
        except BaseException:
            for worker in self.workers:
                worker.close(now=True)
            raise

    def _hand_out(self) -> None:
        busy = [worker for worker, _ in self._flying.values()]
        free = [worker for worker in self.workers if not any(worker is one for one in busy)]
        for worker in sorted(free, key=lambda one: one.holds is None):
            others = [one.holds for one in self.workers if one is not worker]
            chunk = self.waiting.take(worker.holds, others)
            if chunk is None:  # its cores and GPUs may be what a worker waits for that is started again elsewhere
                worker.close(now=False)
                continue
            begun = worker.start(self.models[chunk.model].job, chunk, self.log, self.progress)
            self._flying[begun] = worker, chunk

    def _take(self, worker: Worker, chunk: Chunk, future: Future[Outcome]) -> None:
        model = self.models[chunk.model]
        error = future.exception()
        if error is not None:
            worker.drop()
            why = f"the worker was lost ({type(error).__name__}: {str(error).strip()[:300]})"
            if model.error is None:
                self._again(chunk, why, worker.tries)
            return
        outcome = future.result()
        for line in outcome.lines:
            self.log(*line)
        if model.error is not None:
            return
        if outcome.result == "failed":
            self._again(chunk, outcome.error, 1)
        elif outcome.result == "apart":
            if worker.apart:
                self._again(chunk, "the worker does not see the cache (PROBE_CACHE) of whoever sent it", TRIES)
            else:
                worker.apart = True
                self.waiting.add(chunk)
        else:
            if outcome.files is not None:
                keep_files(outcome.files, outcome.engine, model.job.cache)
            model.take(outcome)
            if model.error is not None:
                self.waiting.drop(chunk.model)
            else:
                self._tell(chunk, self.unread.ended(chunk))

    def _tell(self, chunk: Chunk, steps: int, *, first: bool = False) -> None:
        """Say how far it is; before the first pack that is seen, that models were loaded, which is no pace."""
        note = self._note(self.models[chunk.model])
        if steps and first and not self._paced:
            self._paced = True
            self.advance(0, "")
        if steps or (note and not first):
            self.advance(steps, note)

    def _note(self, model: ReadTogether) -> str:
        """The option mass of a model so far, with its name where there are others."""
        note = model.mass.note
        if not note or len(self.models) == 1:
            return note
        reported, divided, advice = note.partition(ADVICE)
        name = model.job.name
        return f"{name}: {reported}" + (f"{divided}{name}: {advice}" if advice else "")

    def _again(self, chunk: Chunk, error: str, tries: int) -> None:
        model = self.models[chunk.model]
        self._tried[chunk] = self._tried.get(chunk, 0) + tries
        self.log("failed", chunk.model, f"items {chunk.start} to {chunk.stop}", error)
        if self._tried[chunk] < TRIES:
            self.waiting.add(chunk)
            return
        model.lost[chunk] = error
        self.advance(self.unread.ended(chunk))
