"""Workers on a Ray cluster: an actor for each replica of a model, which Ray places, restarts and tries again."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray

from probe.errors import EnvironmentFault
from probe.workers.replica import Replica
from probe.workers.scheduler import TRIES
from probe.workers.transfer import transfer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from probe.study.job import Job
    from probe.workers.chunks import Chunk
    from probe.workers.replica import Outcome

__all__ = ["RayWorker", "connected"]

_STORE_BYTES = 256 << 20
"""Object store of a cluster that is started here: what goes through it is a plan's cells and finished packs."""


@dataclass
class RayWorker:
    """One actor at a time, which holds one model; another model gets another actor.

    Ray starts an actor that dies again, on whichever node has room, and hands it the chunk up to three times.

    Attributes:
        cpus: CPU cores of an actor.
        gpus: GPUs of an actor.
        environment: Variables to set before an actor loads torch.
        replica: What an actor is.
        holds: As `probe.workers.scheduler.Worker`; so are the others.
    """

    cpus: int
    gpus: int
    environment: Mapping[str, str]
    replica: type = Replica
    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = TRIES
    _actor: Any = None

    def start(self, job: Job, chunk: Chunk) -> Future[Outcome]:
        """Begin to read a chunk, by a new actor if the old one holds another model."""
        if self.holds != chunk.holder:
            self.drop()
        if self._actor is None:
            options = {"max_restarts": -1, "max_task_retries": TRIES - 1}
            actor = ray.remote(self.replica).options(num_cpus=self.cpus, num_gpus=self.gpus, **options)
            self._actor = actor.remote(job, dict(self.environment))
            self.holds = chunk.holder
        transfer = transfer_of(job, chunk) if self.apart else None
        future: Future[Outcome] = self._actor.read.remote(chunk, transfer).future()
        return future

    def drop(self) -> None:
        """Forget the actor; Ray gives its cores and GPUs back."""
        if self._actor is not None:
            ray.kill(self._actor)
        self._actor, self.holds = None, None

    def close(self, *, now: bool) -> None:  # noqa: ARG002  an actor that has nothing to do ends at once in any case
        """End the actor; of what it has read all but the last packs are kept."""
        self.drop()


@contextmanager
def connected(address: str | None, cpus: int) -> Iterator[dict[str, float]]:
    """A Ray cluster for the time of a run: an existing one, or one of this machine; yields what it has, by kind.

    Args:
        address: ``auto``, ``host:port`` or ``ray://...``; None to start one here.
        cpus: Cores of one that is started here.

    Raises:
        EnvironmentFault: There is no cluster at the address.
    """
    if ray.is_initialized():
        yield ray.cluster_resources()
        return
    own: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    own = own if address is None else {}
    os.environ.setdefault("RAY_worker_niceness", "0")  # its actors are the work that this machine is there for
    try:
        ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **own)
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise EnvironmentFault(
            f"--ray-address {address or 'local'}: no Ray cluster ({str(error).strip().splitlines()[0][:200]}). "
            "Start one with `ray start --head`, or leave the option out to use this machine."
        ) from error
    try:
        yield ray.cluster_resources()
    finally:
        ray.shutdown()
