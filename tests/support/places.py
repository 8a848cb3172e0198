"""A worker that is no process: reads a unit at once, here, with whatever engine is installed."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from probe.run import measure
from probe.workers.chunks import Unit
from probe.workers.pool import Crew
from probe.workers.replica import Outcome, Replica

__all__ = ["HerePlace", "crew_here"]


@dataclass
class HerePlace:
    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = 1
    started: list[Unit] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    replica: Replica | None = None

    def start(self, work, unit) -> Future[Outcome]:
        if self.holds != unit.holder:
            self.replica = Replica(work)
        self.holds = unit.holder
        self.started.append(unit)
        future: Future[Outcome] = Future()
        future.set_result(pickle.loads(pickle.dumps(self.replica.read(unit))))  # as between processes
        return future

    def drop(self) -> None:
        self.holds = None

    def close(self, *, now: bool) -> None:
        self.closed.append(now)


def crew_here(patch, places: int) -> Crew:
    """Put workers of this process in the place of all others."""
    crew = Crew("local", tuple(HerePlace() for _ in range(places)), 4, "cpu", 1, here=True)

    @contextmanager
    def engaged(*_):
        yield crew
        for place in crew.places:
            place.drop()

    patch.setattr(sys.modules[measure.__module__], "engaged", engaged)
    return crew
