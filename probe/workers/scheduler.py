"""Units handed to workers as these get free, with what comes back; the same for every scheduler."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from probe.workers.chunks import Waiting
from probe.workers.replica import Outcome
from probe.workers.transfer import keep_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from probe.errors import ProbeError
    from probe.study.job import EngineFacts, Work
    from probe.workers.chunks import Unit

__all__ = ["TRIES", "Dispatch", "Place", "ReadTogether"]

TRIES = 3
"""How often a unit is tried before it is given up."""

_SECONDS = 0.5
"""How often a waiting sender looks whether it was interrupted."""


class Place(Protocol):
    """Where one unit at a time is read: a process, an actor, a job.

    Attributes:
        holds: The model, and its token budget, that need not be loaded for the next unit; None for none.
        apart: Whether it has another store than the sender.
        tries: How many tries of a unit are over when the worker on it is lost.
    """

    holds: tuple[str, int] | None
    apart: bool
    tries: int

    def start(self, work: Work, unit: Unit) -> Future[Outcome]:
        """Begin to read a unit of `work`."""
        ...

    def drop(self) -> None:
        """Forget the worker, which is lost or of no use any more; the next unit gets a new one."""
        ...

    def close(self, *, now: bool) -> None:
        """End the worker: at once, or after what it does."""
        ...


@dataclass
class ReadTogether:
    """A model on its way.

    Attributes:
        work: What is read of it.
        facts: How it was loaded and read.
        engine: Key of everything that its readings depend on beside the packs.
        lost: Units that failed three times, with the last error.
        error: Why nothing more of it is read.
        memory: Whether that is because memory ran out.
        seconds: From the loaded model, where it was loaded first, to the last reading.
        fault: The error itself, where a worker has raised one of ours.
    """

    work: Work
    facts: EngineFacts | None = None
    engine: str = ""
    lost: dict[Unit, str] = field(default_factory=dict)
    error: str = ""
    memory: bool = False
    seconds: float = 0.0
    fault: ProbeError | None = None
    _started: float | None = None

    @property
    def failure(self) -> str:
        """Why nothing of it can be told, or empty: a unit at least must have been read, and its cells alone."""
        beside = [f"{self.work.name}: its cells alone: {error}" for unit, error in self.lost.items() if unit.beside]
        whole = sum(len(unit.items) for unit in self.lost) == len(self.work.sheet.items)
        return self.error or "".join(beside[:1]) or (next(iter(self.lost.values())) if whole else "")

    def lost_items(self) -> dict[str, str]:
        """Items that are not in the store because their unit was given up, with the error."""
        sheet, shards = self.work.sheet, self.work.cache.shards(self.engine)
        return {
            sheet.items[item]: error
            for unit, error in self.lost.items()
            for item in unit.items
            if not shards.holds(sheet.packs[item])
        }

    def take(self, outcome: Outcome) -> None:
        """Note what came of a unit."""
        now = time.perf_counter()
        began = now - outcome.seconds
        self._started = began if self._started is None else min(self._started, began)
        self.seconds = now - self._started
        if outcome.result in ("memory", "model"):
            self.error, self.memory, self.fault = outcome.error, outcome.result == "memory", outcome.fault
        elif self.engine and outcome.engine != self.engine:
            self.error = (
                f"{self.work.name}: its packs were read on machines of more than one kind, and one table does not mix "
                "them. Name one kind with --slurm-constraint, or use a cluster of one kind; finished packs are kept."
            )
        else:
            self.engine = outcome.engine
            self.facts = outcome.facts if self.facts is None or outcome.unit.beside else self.facts


@dataclass
class Dispatch:
    """Hands out units until none is left.

    Attributes:
        models: What is read of each model.
        places: The workers.
        waiting: Units that nobody reads yet.
        advance: Called with the number of packs that a finished unit had.
        log: Takes the words of a line of the run's log.
    """

    models: Mapping[str, ReadTogether]
    places: Sequence[Place]
    waiting: Waiting
    advance: Callable[[int], None]
    log: Callable[..., None]
    _flying: dict[Future[Outcome], tuple[Place, Unit]] = field(default_factory=dict)
    _tried: dict[Unit, int] = field(default_factory=dict)

    def run(self) -> None:
        """Until every unit is read or given up. What ends it early ends the workers, after the packs in hand."""
        try:
            while self.waiting or self._flying:
                self._hand_out()
                done, _ = wait(self._flying, timeout=_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    place, unit = self._flying.pop(future)
                    self._take(place, unit, future)
        except BaseException:
            for place in self.places:
                place.close(now=True)
            raise

    def _hand_out(self) -> None:
        busy = [place for place, _ in self._flying.values()]
        free = [place for place in self.places if not any(place is one for one in busy)]
        for place in sorted(free, key=lambda one: one.holds is None):
            others = [one.holds for one in self.places if one is not place]
            unit = self.waiting.take(place.holds, others)
            if unit is None:  # its cores and cards may be what a worker waits for that is started again elsewhere
                place.close(now=False)
                continue
            self._flying[place.start(self.models[unit.model].work, unit)] = place, unit

    def _take(self, place: Place, unit: Unit, future: Future[Outcome]) -> None:
        model = self.models[unit.model]
        error = future.exception()
        if error is not None:
            place.drop()
            told = f"the worker was lost ({type(error).__name__}: {str(error).strip()[:300]})"
            if not model.error:
                self._again(unit, told, place.tries)
            return
        outcome = future.result()
        for line in outcome.lines:
            self.log(*line)
        if model.error:
            return
        if outcome.result == "failed":
            self._again(unit, outcome.error, 1)
        elif outcome.result == "apart":
            if place.apart:
                self._again(unit, "the worker does not see the cache (PROBE_CACHE) of whoever sent it", TRIES)
            else:
                place.apart = True
                self.waiting.add(unit)
        else:
            if outcome.files is not None:
                keep_files(outcome.files, outcome.engine, model.work.cache)
            model.take(outcome)
            if model.error:
                self.waiting.drop(unit.model)
            else:
                self.advance(len(unit.items))

    def _again(self, unit: Unit, error: str, tries: int) -> None:
        model = self.models[unit.model]
        self._tried[unit] = self._tried.get(unit, 0) + tries
        self.log("failed", unit.model, f"items {unit.start} to {unit.stop}", error)
        if self._tried[unit] < TRIES:
            self.waiting.add(unit)
            return
        model.lost[unit] = error
        self.advance(len(unit.items))
