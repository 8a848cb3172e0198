"""From what was asked for to the workers that read: on this machine, on a Ray cluster, as jobs of Slurm."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from probe.errors import EnvironmentFault, InputError
from probe.store.private import private_folder
from probe.workers.local import LocalWorker
from probe.workers.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from probe.study.request import Request

__all__ = ["engaged", "is_elsewhere"]

_SHARES = 8
"""Chunks for each worker that keeps its model: the last one to end is late by an eighth of a worker's time at most."""

_FROM_SENDER = ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "CUBLAS_WORKSPACE_CONFIG")
"""Variables that move bits, and so are the sender's wherever a worker is."""


def is_elsewhere(request: Request) -> bool:
    """Whether another machine may read, of whose devices this one knows nothing."""
    return request.scheduler != "local"


@contextmanager
def engaged(request: Request, jobs: Path) -> Iterator[WorkerPool | None]:
    """The workers of a run, ended with the block; None where this process reads alone.

    Args:
        request: What was asked for.
        jobs: Folder for what a batch system wants to keep; it is made if it is needed.

    Raises:
        EnvironmentFault: There are not so many GPUs, or no such cluster.
        InputError: The options do not go together.
    """
    with ExitStack() as stack:
        if request.scheduler == "ray":
            from probe.workers.on_ray import connected  # noqa: PLC0415  an extra

            cpus = (request.workers or _cores()) * _threads(request)
            pool: WorkerPool | None = _on_ray(request, stack.enter_context(connected(request.ray_address, cpus)))
        else:
            pool = _as_jobs(request, jobs) if request.scheduler == "slurm" else _local(request)
        for worker in pool.workers if pool is not None else ():
            stack.callback(worker.close, now=False)
        yield pool


def _local(request: Request) -> WorkerPool | None:
    every = _visible_gpus() if request.device in (None, "cuda", "auto") else []
    gpus = request.gpus_per_worker or 1
    workers = request.workers
    visible = every if request.device == "auto" else _of_one_kind(every, gpus)
    left_out = len(every) - len(visible)
    first_left_out = visible[:1] != every[:1]  # where this process would read alone
    if workers is None and request.device != "auto" and (len(visible) >= 2 * gpus or first_left_out):
        workers = len(visible) // gpus
    if workers is None:
        return None
    if request.device not in (None, "cuda", "cpu", "auto") and workers > 1:
        raise InputError(f"--workers {workers}: cannot all be on --device {request.device}. Leave --device out.")
    threads = _threads(request)
    environment = _environment(threads)
    if not visible:
        members = tuple(LocalWorker(environment) for _ in range(workers))
        return WorkerPool("local", members, _SHARES, request.device or "cpu", threads, here=True)
    if workers * gpus > len(visible):
        kind = " and of one kind" if left_out else ""
        raise EnvironmentFault(
            f"--workers {workers}: {workers * gpus} GPUs are needed and {len(visible)} are visible{kind}. "
            f"Use --workers {max(1, len(visible) // gpus)}, or --device cpu."
        )
    own = [",".join(visible[n * gpus : (n + 1) * gpus]) for n in range(workers)]
    members = tuple(LocalWorker({**environment, "CUDA_VISIBLE_DEVICES": some}) for some in own)
    note = f"; {left_out} GPUs of another kind are left out" if left_out else ""
    here = gpus == 1 and not first_left_out
    return WorkerPool("local", members, _SHARES, "auto" if gpus > 1 else "cuda", threads, here=here, note=note)


def _on_ray(request: Request, there: dict[str, float]) -> WorkerPool:
    from probe.workers.on_ray import RayWorker  # noqa: PLC0415  an extra

    gpus = (int(there.get("GPU", 0)) > 0) if request.gpus_per_worker is None else request.gpus_per_worker
    gpus = 0 if request.device == "cpu" else int(gpus)
    threads = _threads(request)
    room = there.get("GPU", 0) // gpus if gpus else there.get("CPU", 1) // threads
    workers = request.workers or max(1, int(room))
    environment = _environment(threads)
    members = tuple(RayWorker(threads, gpus, environment) for _ in range(workers))
    return WorkerPool("ray", members, _SHARES, _device_elsewhere(request, gpus), threads, here=False)


def _as_jobs(request: Request, jobs: Path) -> WorkerPool:
    from probe.workers.on_slurm import SlurmWorker, job_executor  # noqa: PLC0415  an extra

    on_slurm = dict(request.slurm).get("cluster", "slurm") == "slurm"
    gpus = request.gpus_per_worker if request.gpus_per_worker is not None else int(on_slurm)
    gpus = 0 if request.device == "cpu" else gpus
    threads = _threads(request)
    private_folder(jobs)
    environment = _environment(threads)
    executor = job_executor(jobs, dict(request.slurm), threads, gpus)
    one = dict(request.slurm).get("cluster") == "debug"  # its jobs are run by this very process
    members = tuple(SlurmWorker(executor, environment) for _ in range(1 if one else request.workers or 1))
    return WorkerPool("slurm", members, 1, _device_elsewhere(request, gpus), threads, here=False)


def _device_elsewhere(request: Request, gpus: int) -> str:
    return request.device or ("auto" if gpus > 1 else "")


def _threads(request: Request) -> int:
    """One, unless more are asked for: workers share a machine's cores."""
    return request.threads or 1


def _environment(threads: int) -> dict[str, str]:
    own = {name: os.environ[name] for name in _FROM_SENDER if name in os.environ}
    return {**own, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _of_one_kind(every: list[str], gpus: int) -> list[str]:
    """Of GPUs whose readings would differ in last bits those of one kind: the kind with most memory together.

    Args:
        every: As CUDA_VISIBLE_DEVICES names them.
        gpus: How many a worker needs; a kind with fewer is taken only where no kind has so many.
    """
    groups: dict[tuple[str, int], list[str]] = {}
    for one, kind in zip(every, _kinds(len(every)), strict=True):
        groups.setdefault(kind, []).append(one)
    ranked = sorted(groups.items(), key=lambda group: (len(group[1]) >= gpus, group[0][1] * len(group[1])))
    return ranked[-1][1] if ranked else []


def _kinds(count: int) -> list[tuple[str, int]]:
    """Name and capability of each visible GPU, and its memory in GiB."""
    import torch  # noqa: PLC0415  loaded when something is read

    about = [torch.cuda.get_device_properties(index) for index in range(count)]
    return [(f"{one.name} {one.major}.{one.minor}", round(one.total_memory / 2**30)) for one in about]


def _visible_gpus() -> list[str]:
    """The GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch  # noqa: PLC0415  loaded when something is read

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return [one.strip() for one in named.split(",")][:count] if named else [str(n) for n in range(count)]
