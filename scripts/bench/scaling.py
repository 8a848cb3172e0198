"""What schedulers cost: two Ray actors against two plain processes, and 10,000 packs that take no time.

Prints a line of figures for each; exits 1 if one is beyond the bounds that are given. Needs the extra ``ray``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from probe.progress import Silent
from probe.prompts.check_pack import check_pack
from probe.store.cache import Cache
from probe.study.job import Job
from probe.study.model_reader import read_into_store
from probe.study.planning import find_model, plan_onto_disk
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.workers.chunks import Chunk, Waiting, cut
from probe.workers.on_ray import RayWorker, connected
from probe.workers.pool import WorkerPool, read_together
from probe.workers.replica import Outcome
from probe.workers.scheduler import Dispatch, ReadTogether

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass
class Idle:
    """A replica that has nothing to do."""

    job: Job
    environment: dict[str, str]

    def read(self, chunk: Chunk, _: object = None) -> Outcome:
        """Say that it was read."""
        return Outcome(chunk, "read", engine="none", lines=(("pack", chunk.model, str(chunk.start), "0.000 s"),))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="core")
    parser.add_argument("--limit", type=int, default=2)
    parser.add_argument("--tiny", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.9, help="least rate of actors against plain processes")
    parser.add_argument("--milliseconds", type=float, default=5.0, help="most that scheduling a pack may take")
    parser.add_argument("--megabytes", type=float, default=8.0, help="most that the sender may grow by")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        job = planned(Path(place), chosen.suite, chosen.limit)
        with connected(None, 2):
            tiny = schedule(job, chosen.tiny)
            sys.stdout.write(json.dumps(tiny) + "\n")
            actors = by_actors(replace(job, cache=Cache(Path(place) / "actors")))
        processes = by_processes(replace(job, cache=Cache(Path(place) / "processes")))
    rates = {"packs": len(job.plan_file.items), "actors": round(actors, 2), "processes": round(processes, 2)}
    sys.stdout.write(json.dumps({**rates, "share": round(actors / processes, 3)}) + "\n")
    slow = tiny["milliseconds"] > chosen.milliseconds or tiny["megabytes"] > chosen.megabytes
    return int(slow or actors < chosen.share * processes)


def planned(place: Path, suite: str, limit: int) -> Job:
    """The embedded model's packs of a suite."""
    study = resolve(Request(suite=(suite,), limit=limit))
    model = find_model(study, study.sources[0])
    plan_file = plan_onto_disk(study, model, study.request.pack_tokens, place).plan_file
    return Job(
        folder=model.source.snapshot.folder,
        name="demo",
        identity=model.source.snapshot.identity,
        precision=study.request.precision,
        device="cpu",
        reader="auto",
        check=check_pack(model.encoder, model.style, model.context),
        budget=study.request.pack_tokens,
        plan_file=plan_file,
        sample=(),
        cache=Cache(place),
        threads=1,
    )


def schedule(job: Job, packs: int) -> dict[str, float]:
    """Hand out packs that take no time: each a unit of its own, then in eight units a worker as a run cuts them."""
    places = tuple(RayWorker(1, 0, ENVIRONMENT, replica=Idle) for _ in range(2))
    process = psutil.Process()
    hand_out(job, places, 1000)
    before, started = process.memory_info().rss, time.perf_counter()
    hand_out(job, places, packs)
    alone = time.perf_counter() - started
    grown = process.memory_info().rss - before
    started = time.perf_counter()
    hand_out(job, places, packs, chunks=16)
    cut_as_a_run = time.perf_counter() - started
    for place in places:
        place.drop()
    return {
        "tiny": packs,
        "milliseconds": round(1e3 * cut_as_a_run / packs, 4),
        "milliseconds_alone": round(1e3 * alone / packs, 3),
        "megabytes": round(grown / 2**20, 2),
    }


def hand_out(job: Job, places: tuple[RayWorker, ...], packs: int, chunks: int | None = None) -> None:
    """So many packs in so many units, by default one each."""
    runs = cut([1] * packs, chunks or packs)
    waiting = Waiting({job.name: [Chunk(job.name, job.budget, *run, 1) for run in runs]})
    models = {job.name: ReadTogether(job)}
    Dispatch(models, places, waiting, lambda _: None, lambda *_: None).run()


def by_actors(job: Job) -> float:
    """Packs a second of two actors."""
    places = tuple(RayWorker(1, 0, ENVIRONMENT) for _ in range(2))
    read_together({job.name: job}, WorkerPool("ray", places, 8, "cpu", 1, here=False), lambda *_: None, Silent())
    for place in places:
        place.drop()
    return rate(job)


def by_processes(job: Job) -> float:
    """Packs a second of two processes that share nothing and ask nobody: half of the cost each."""
    spawn = multiprocessing.get_context("spawn")
    halves = [range(*ends) for ends in cut([size[0] for size in job.plan_file.sizes], 2)]
    both = [spawn.Process(target=read_alone, args=(job, list(half))) for half in halves]
    for one in both:
        one.start()
    for one in both:
        one.join()
    return rate(job)


def read_alone(job: Job, items: list[int]) -> None:
    """Read some packs, in a process of its own."""
    read_into_store(job, items, lambda *_: None, Silent())


def rate(job: Job) -> float:
    """Packs a second from the first that was kept to the last: without starting and loading."""
    times = sorted(path.stat().st_mtime for path in job.cache.packs.rglob("*.pack"))
    if len(times) != len(job.plan_file.items):
        raise RuntimeError(f"{len(times)} of {len(job.plan_file.items)} packs were read")
    return (len(times) - 1) / (times[-1] - times[0])


if __name__ == "__main__":
    sys.exit(main())
