"""Workers as jobs of Slurm: one for each chunk, through submitit. A job that is preempted or timed out goes on."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import submitit
from submitit.helpers import DelayedSubmission

from probe.errors import InputError
from probe.workers.replica import Outcome, Replica

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from probe.study.job import Job
    from probe.workers.chunks import Chunk

__all__ = ["SlurmWorker", "Task", "job_executor"]

HOURS = 24
"""Time limit of a job unless another is asked for."""


@dataclass(frozen=True)
class Task:
    """What a job does. Sent again as it is after a preemption: finished packs are in the store and are not read again.

    Attributes:
        job: Of which chunks are parts.
        environment: Variables to set before torch is loaded.
    """

    job: Job
    environment: Mapping[str, str]

    def __call__(self, chunk: Chunk) -> Outcome:
        """Read a chunk."""
        return Replica(self.job, self.environment).read(chunk)

    def checkpoint(self, chunk: Chunk) -> DelayedSubmission:
        """What Slurm is to do after a preemption or a time-out: the same."""
        return DelayedSubmission(self, chunk)


@dataclass
class SlurmWorker:
    """One job at a time.

    Attributes:
        executor: Of submitit.
        environment: Variables to set before a job loads torch.
        holds: As `probe.workers.scheduler.Worker`; so are the others. A job keeps no model for the next one.
    """

    executor: Any
    environment: Mapping[str, str]
    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = 1
    _jobs: list[Any] = field(default_factory=list)

    def start(self, job: Job, chunk: Chunk) -> Future[Outcome]:
        """Submit a job; a thread waits for it."""
        submitted = self.executor.submit(Task(job, self.environment), chunk)
        self._jobs = [submitted]
        future: Future[Outcome] = Future()

        def attend() -> None:
            try:
                future.set_result(submitted.result())
            except BaseException as error:  # noqa: BLE001  raised again where the result is asked for
                future.set_exception(error)

        threading.Thread(target=attend, daemon=True).start()
        return future

    def drop(self) -> None:
        """Nothing is held between jobs."""
        self._jobs = []

    def close(self, *, now: bool) -> None:
        """Cancel the job if there is one."""
        for submitted in self._jobs if now else ():
            submitted.cancel(check=False)
        self._jobs = []


def job_executor(folder: Path, options: Mapping[str, str], cpus: int, gpus: int) -> submitit.AutoExecutor:
    """An executor of submitit: Slurm's, or with ``cluster`` one of its two that need no Slurm.

    Args:
        folder: For scripts, logs and results of the jobs; every node sees it.
        options: ``cluster``, ``time`` in minutes, and whatever else sbatch takes, by its long name.
        cpus: CPU cores of a job.
        gpus: GPUs of a job.

    Raises:
        InputError: An option is not one of sbatch's, or its value is none.
    """
    given = dict(options)
    cluster, minutes = given.pop("cluster", "slurm"), given.pop("time", str(HOURS * 60))
    if cluster not in ("slurm", "local", "debug"):
        raise InputError(f"--slurm cluster={cluster}: not known. Use slurm, or local or debug where there is none.")
    if not minutes.isdigit():
        raise InputError(f"--slurm time={minutes}: not a number of minutes. Give 120 for two hours.")
    executor = submitit.AutoExecutor(folder, cluster=cluster)
    known = {f"slurm_{name}": value for name, value in given.items() if name in _NAMED}
    extra = {name: value for name, value in given.items() if name not in _NAMED}
    executor.update_parameters(
        name="probe",
        timeout_min=int(minutes),
        cpus_per_task=cpus,
        **({"gpus_per_node": gpus} if gpus else {}),
        **known,
        **({"slurm_additional_parameters": extra} if extra else {}),
    )
    return executor


_NAMED = ("partition", "account", "qos", "mem", "constraint", "gres", "exclude", "comment", "nodelist", "wckey")
"""Options of sbatch that submitit knows by name; the rest goes through as it is."""
