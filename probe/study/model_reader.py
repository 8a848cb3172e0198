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
from probe.study.packs import ALONE, RAISED, packs_of, single_pack
from probe.study.rows import shard_rows
from probe.study.running_mass import MassSoFar
from probe.study.threads import ahead, behind, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from probe.engine.floor import FloorReader
    from probe.engine.load import LoadedModel
    from probe.engine.reader_choice import Reader
    from probe.loaded_facts import ReaderFacts
    from probe.progress import Progress
    from probe.prompts.pack import Engine
    from probe.store.shards import Shards

__all__ = ["OpenModel", "Replica", "missing_cells", "missing_packs", "opened"]

AHEAD, BEHIND = 4, 16
"""Packs that are made ready before the forward pass wants them, and those that may wait to be written."""


@dataclass(frozen=True)
class Replica:
    """What one thread reads with.

    Attributes:
        reader: Reads packs.
        floor: Reads cells alone.
    """

    reader: Engine
    floor: FloorReader


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

    def read(self, items: Sequence[int], log: Callable[..., None], progress: Progress) -> None:
        """Read the packs of `items` that are missing, and keep each as soon as it is read.

        Raises:
            NoMemoryError: A pack does not fit into memory.
            ModelError: Something was read that is not a number.
            EnvironmentFault: The store cannot be written.
        """
        missing = missing_packs(self.job, self.shards, items, log)
        _read_packs(self.job, self.replicas, self.shards, missing, log, progress)

    def read_beside(self, progress: Progress) -> LoadedFacts:
        """Read the cells that are to be read alone, write the answers that are to be written; tell what came out.

        Raises:
            EnvironmentFault: The store cannot be written.
        """
        job, notes = self.job, self.job.cache.notes("written")
        _read_alone(job, self.replicas, self.shards, progress)
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
    from probe.engine.floor import FloorReader  # noqa: PLC0415  torch is loaded when something is read
    from probe.engine.load import loaded  # noqa: PLC0415
    from probe.prompts.tokenizer import load_encoder  # noqa: PLC0415

    with loaded(job.folder, job.name, precision=job.precision, device=job.device) as model:
        reader, reading = _choose_reader(job, model, load_encoder(job.folder, job.name).boundary_tokens())
        threads = job.threads or model.threads
        replicas = (Replica(reader, FloorReader(model)), *_further_replicas(model, reader, threads))
        absent = replicas[0].floor.absent
        facts = LoadedFacts(model.weights, reading, threads, absent)
        if absent != "memory":  # which another time may be there
            job.cache.notes("engines").put(job.opening, json.dumps(asdict(facts)))
        shards = job.cache.shards(job.engine(facts))
        shards.describe(_about(job, facts))
        yield OpenModel(job, model, replicas, facts, shards)


def missing_packs(job: Job, shards: Shards, items: Sequence[int], log: Callable[..., None]) -> list[int]:
    """Those of `items` that neither the store has a pack of nor the run folder rows, read in just this way.

    A damaged shard is named in the log, removed, and missing too.
    """
    kept = job.kept if shards.engine == job.kept_by else frozenset()
    names, packs = job.plan_file.items, job.plan_file.packs
    unread = [item for item in items if (names[item], packs[item]) not in kept]
    return [item for item in unread if not _is_sound(shards, packs[item], log)]


def missing_cells(job: Job, shards: Shards, facts: LoadedFacts) -> bool:
    """Whether a cell that is to be read alone has not been."""
    budgets = (ALONE,) if facts.floor_compute_absent else (ALONE, RAISED)
    with job.plan_file.open(TOKENS) as rows:
        packs = [single_pack(rows[item].slice(row, 1), budget) for item, row in job.sample for budget in budgets]
    return not all(_is_sound(shards, pack.sha256, lambda *_: None) for pack in packs)


def _further_replicas(model: LoadedModel, reader: Reader, threads: int) -> Iterator[Replica]:
    from probe.engine.cpu_replicas import twins  # noqa: PLC0415
    from probe.engine.floor import FloorReader  # noqa: PLC0415

    for twin in twins(model, threads) if threads > 1 else ():
        yield Replica(reader.of(twin.model), FloorReader(twin))


def _read_packs(
    job: Job,
    replicas: Sequence[Replica],
    shards: Shards,
    items: Sequence[int],
    log: Callable[..., None],
    progress: Progress,
) -> None:
    from probe.engine.cpu_threads import one_thread_here  # noqa: PLC0415
    from probe.engine.out_of_memory import telling_out_of_memory  # noqa: PLC0415

    def put_away(done: tuple[str, Pack, tuple[PromptReading, ...], float]) -> None:
        item, pack, readings, seconds = done
        digest = pack.sha256
        shards.keep(digest, Shard(shard_rows(readings), seconds))
        tokens = sum(len(prompt.input_ids) for prompt in pack.prompts)
        log("pack", job.name, item, digest, f"{len(readings)} prompts", f"{tokens} tokens", f"{seconds:.3f} s")

    def read(replica: Replica, one: tuple[int, Pack]) -> tuple[PromptReading, ...]:
        item, pack = one
        if shards.holds(job.plan_file.packs[item]):
            return ()
        started = time.perf_counter()
        with telling_out_of_memory(job.name, job.budget):
            readings = replica.reader.read(pack)
        kept.put((job.plan_file.items[item], pack, readings, time.perf_counter() - started))
        return () if item in texts else readings

    mass = MassSoFar()
    texts = {at for at, table in enumerate(job.plan_file.tables) if table == "texts"}  # whose mass is of no matter
    with (
        progress.phase(f"reading {job.name}", len(items)) as advance,
        ahead(packs_of(job.plan_file, items, job.budget), AHEAD) as packs,
        behind(put_away, BEHIND) as kept,
        side_by_side(read, replicas, packs, one_thread_here) as done,
    ):
        for readings in done:
            mass.add(readings)
            advance(1, mass.note)


def _read_alone(job: Job, replicas: Sequence[Replica], shards: Shards, progress: Progress) -> None:
    """Read the sampled cells, one sequence to a pass: what the numeric floor is measured against."""
    from probe.engine.cpu_threads import one_thread_here  # noqa: PLC0415

    floor = FloorSoFar()

    def read(replica: Replica, cell: tuple[str, pa.RecordBatch]) -> None:
        item, row = cell
        for budget, alone in ((ALONE, replica.floor.alone), (RAISED, replica.floor.raised)):
            pack = single_pack(row, budget)
            if not _is_sound(shards, pack.sha256, lambda *_: None):
                started = time.perf_counter()
                logprobs = alone(pack.prompts[0])
                if logprobs is None:
                    continue
                unread = PromptReading(logprobs, tuple(math.nan for _ in logprobs), -1, math.nan)
                shards.keep(pack.sha256, Shard(shard_rows([unread]), time.perf_counter() - started))
            read_alone, together = shards.load(pack.sha256), shards.load(item) if shards.holds(item) else None
            if read_alone is not None and together is not None:
                floor.add(row, together.rows, read_alone.rows)

    with (
        progress.phase(f"numeric floor of {job.name}", len(job.sample)) as advance,
        job.plan_file.open((*ROWS, *TOKENS[1:])) as rows,
    ):
        cells = ((job.plan_file.packs[item], rows[item].slice(row, 1)) for item, row in job.sample)
        with side_by_side(read, replicas, cells, one_thread_here) as done:
            for _ in done:
                advance(1, floor.note)


def _choose_reader(job: Job, model: LoadedModel, boundary: NDArray[np.bool_]) -> tuple[Reader, ReaderFacts]:
    from probe.engine.reader_choice import open_reader  # noqa: PLC0415  torch is loaded when something is read

    _, first = next(packs_of(job.plan_file, [0], job.budget))
    memory = job.cache.notes("readers"), job.key
    return open_reader(model, boundary, job.reader, job.check, first, memory)


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
