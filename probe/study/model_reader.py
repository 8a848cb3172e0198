"""Packs of one model into the store: what a worker does, in this process or in another."""

from __future__ import annotations

import json
import math
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from probe.errors import StudyError
from probe.loaded_facts import LoadedFacts
from probe.prompts.pack import Pack, PromptReading
from probe.store.plan_file import ROWS, TOKENS
from probe.store.shards import Shard
from probe.study.answer_cache import write_answers
from probe.study.job import Job
from probe.study.numeric_floor import FloorSoFar
from probe.study.pack_reading import Replica, read_packs
from probe.study.packs import floor_packs, packs_of
from probe.study.rows import shard_rows
from probe.study.running_mass import MassSoFar
from probe.study.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from probe.engine.load import LoadedModel
    from probe.engine.reader_choice import Reader
    from probe.loaded_facts import ReaderFacts
    from probe.progress import Progress
    from probe.store.shards import Shards

__all__ = ["OpenModel", "missing_cells", "missing_packs", "opened", "reopened"]


@dataclass(frozen=True)
class OpenModel:
    """A model in memory, and how it is read.

    Attributes:
        job: What is to be read.
        model: As loaded.
        replicas: One for each pack that is read at a time, with the same weights: one a thread on a CPU.
        facts: What loading it said.
        shards: Where its packs go.
    """

    job: Job
    model: LoadedModel
    replicas: tuple[Replica, ...]
    facts: LoadedFacts
    shards: Shards

    def read(self, items: Sequence[int], log: Callable[..., None], progress: Progress) -> MassSoFar:
        """Read the packs of `items` that are missing, keep each as soon as it is read, and return their option mass.

        Raises:
            NoMemoryError: A pack does not fit into memory.
            ModelError: Something was read that is not a number.
            EnvironmentFault: The store cannot be written.
        """
        missing = missing_packs(self.job, self.shards, items, log)
        return read_packs(self.job, self.replicas, self.shards, missing, log, progress)

    def read_beside(self, progress: Progress) -> LoadedFacts:
        """Read the cells of the numeric floor, write the answers that are to be written; tell what came out.

        Raises:
            EnvironmentFault: The store cannot be written.
        """
        job, notes = self.job, self.job.cache.notes("written")
        _read_again(job, self.facts, self.replicas, self.shards, progress)
        write_answers(self.model.model, job.writing, notes, self.shards.engine, progress)
        absent = next((replica.floor.absent for replica in self.replicas if replica.floor.absent), "")
        return replace(self.facts, floor_compute_absent=absent)


@contextmanager
def opened(job: Job) -> Iterator[OpenModel]:
    """Load a model and choose its reader; its memory is given back at the end.

    What the store holds already is not read again, also if another process has read it meanwhile. Whatever ends the
    block early, every pack whose forward pass had ended is kept.

    Raises:
        NoMemoryError: A pack does not fit into memory.
        ModelError: The model cannot be loaded or read.
        EnvironmentFault: It does not fit, or the store cannot be written.
    """
    from probe.engine.load import loaded  # noqa: PLC0415  torch is loaded when something is read

    with loaded(job.folder, job.name, precision=job.precision, device=job.device, gpu_fast=job.gpu_fast) as model:
        yield _open(job, model)


def reopened(model: OpenModel, job: Job) -> OpenModel:
    """The weights of a model in memory under another job that loads the same (`Job.loads`); its reader is its own.

    Raises:
        NoMemoryError: A pack does not fit into memory.
        ModelError: The model cannot be read.
        EnvironmentFault: The store cannot be written.
    """
    return _open(job, replace(model.model, name=job.name))


def _open(job: Job, model: LoadedModel) -> OpenModel:
    from probe.engine.floor import FloorReader  # noqa: PLC0415  torch is loaded when something is read
    from probe.prompts.tokenizer import load_encoder  # noqa: PLC0415

    reader, reading = _choose_reader(job, model, load_encoder(job.folder, job.name).boundary_tokens())
    threads = job.threads or model.threads
    replicas = (Replica(reader, FloorReader(model, reader)), *_further_replicas(model, reader, threads))
    absent = replicas[0].floor.absent
    facts = LoadedFacts(model.weights, reading, threads, absent)
    if absent != "memory":  # which another time may be there
        job.cache.notes("engines").put(job.opening, json.dumps(asdict(facts)))
    shards = job.cache.shards(job.engine(facts))
    shards.describe(_about(job, facts))
    return OpenModel(job, model, replicas, facts, shards)


def missing_packs(job: Job, shards: Shards, items: Sequence[int], log: Callable[..., None]) -> list[int]:
    """Those of `items` that neither the store has a pack of nor the run folder rows, read in just this way.

    A damaged shard is named in the log, removed, and missing too.
    """
    kept = job.kept if shards.engine == job.kept_by else frozenset()
    names, packs = job.plan_file.items, job.plan_file.packs
    unread = [item for item in items if (names[item], packs[item]) not in kept]
    return [item for item in unread if not _is_sound(shards, packs[item], log)]


def missing_cells(job: Job, shards: Shards, facts: LoadedFacts) -> bool:
    """Whether a cell of the numeric floor has not been read once more."""
    with job.plan_file.open(TOKENS) as rows:
        packs = floor_packs(rows, job.sample, job.budget, alone=facts.floor_alone, together=facts.floor_together)
        return not all(_is_sound(shards, pack.sha256, lambda *_: None) for pack, _ in packs)


def _further_replicas(model: LoadedModel, reader: Reader, threads: int) -> Iterator[Replica]:
    from probe.engine.cpu_replicas import twins  # noqa: PLC0415
    from probe.engine.floor import FloorReader  # noqa: PLC0415

    for twin in twins(model, threads) if threads > 1 else ():
        own = reader.of(twin.model)
        yield Replica(own, FloorReader(twin, own))


def _read_again(job: Job, facts: LoadedFacts, replicas: Sequence[Replica], shards: Shards, progress: Progress) -> None:
    """Read the sampled cells once more: what the numeric floor is measured against."""
    from probe.engine.cpu_threads import one_thread_here  # noqa: PLC0415

    floor, names = FloorSoFar(facts.floor_least), job.plan_file.packs

    def read(replica: Replica, asked: tuple[Pack, Sequence[tuple[int, int]]]) -> int:
        pack, sampled = asked
        if not _is_sound(shards, pack.sha256, lambda *_: None):
            started = time.perf_counter()
            found = replica.floor.read(pack)
            if found is not None:
                again = [PromptReading(one, tuple(math.nan for _ in one), -1, math.nan) for one in found]
                shards.keep(pack.sha256, Shard(shard_rows(again), time.perf_counter() - started))
        once_more = shards.load(pack.sha256) if shards.holds(pack.sha256) else None
        for at, (item, row) in enumerate(sampled):
            together = shards.load(names[item]) if shards.holds(names[item]) else None
            if once_more is not None and together is not None:
                floor.add(rows[item].slice(row, 1), together.rows, once_more.rows.take([at]))
        return len(sampled)

    alone, together = facts.floor_alone, facts.floor_together
    with (
        progress.phase(f"numeric floor of {job.name}", len(job.sample) * (alone + together)) as advance,
        job.plan_file.open((*ROWS, *TOKENS[1:])) as rows,
        side_by_side(
            read,
            replicas,
            floor_packs(rows, job.sample, job.budget, alone=alone, together=together),
            one_thread_here,
        ) as done,
    ):
        for cells in done:
            advance(cells, floor.note)


def _choose_reader(job: Job, model: LoadedModel, boundary: NDArray[np.bool_]) -> tuple[Reader, ReaderFacts]:
    from probe.engine.reader_choice import open_reader  # noqa: PLC0415  torch is loaded when something is read

    _, first = next(packs_of(job.plan_file, [0], job.budget))
    memory = job.cache.notes("readers"), job.key
    reader, reading = open_reader(model, boundary, job.reader, job.check, first, memory)
    if job.gpu_fast:
        from probe.engine.gpu_fast import faster  # noqa: PLC0415

        return faster(reader, reading, first)
    return reader, reading


def _about(job: Job, facts: LoadedFacts) -> dict[str, str]:
    return {
        "model": job.name,
        "weights": job.identity,
        "dtype": facts.weights.dtype,
        "quant": job.precision.quant,
        "compute": job.precision.compute,
        "device": facts.weights.device,
        "reader": facts.reading.reader,
    }


def _is_sound(shards: Shards, pack: str, log: Callable[..., None]) -> bool:
    try:
        return shards.load(pack) is not None
    except StudyError as error:
        log("damaged", str(error))
        shards.drop(pack)
        return False
