"""Packs read with what a thread has of a model, one behind another or side by side, and put into the store."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from probe.store.shards import Shard
from probe.study.packs import packs_of
from probe.study.rows import shard_rows
from probe.study.running_mass import MassSoFar
from probe.study.threads import ahead, behind, one_behind, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.engine.floor import FloorReader
    from probe.engine.trie import PlannedTrie, TrieReader
    from probe.progress import Progress
    from probe.prompts.pack import Engine, Pack, PromptReading
    from probe.store.shards import Shards
    from probe.study.job import Job

__all__ = ["Replica", "read_packs"]

AHEAD, BEHIND = 4, 16
"""Packs that are made ready before the forward pass wants them, and those that may wait to be written."""


@dataclass(frozen=True)
class Replica:
    """What one thread reads with.

    Attributes:
        reader: Reads packs.
        floor: Reads cells of the numeric floor.
    """

    reader: Engine
    floor: FloorReader


def read_packs(
    job: Job,
    replicas: Sequence[Replica],
    shards: Shards,
    items: Sequence[int],
    log: Callable[..., None],
    progress: Progress,
) -> MassSoFar:
    """Read the packs of `items`, keep each as soon as it is read, and return their option mass.

    Raises:
        NoMemoryError: A pack does not fit into memory.
        ModelError: Something was read that is not a number.
        EnvironmentFault: The store cannot be written.
    """
    from probe.engine.cpu_threads import one_thread_here  # noqa: PLC0415
    from probe.engine.depth import LayerReader  # noqa: PLC0415
    from probe.engine.out_of_memory import telling_out_of_memory  # noqa: PLC0415

    def put_away(done: tuple[str, Pack, tuple[PromptReading, ...], float]) -> None:
        item, pack, readings, seconds = done
        digest = pack.sha256
        shards.keep(digest, Shard(shard_rows(readings), seconds))
        tokens = sum(len(prompt.input_ids) for prompt in pack.prompts)
        log("pack", job.name, item, digest, f"{len(readings)} prompts", f"{tokens} tokens", f"{seconds:.3f} s")

    def begin(
        replica: Replica, one: tuple[int, Pack, Sequence[PlannedTrie]]
    ) -> Callable[[], tuple[PromptReading, ...]]:
        item, pack, planned = one
        if shards.holds(job.plan_file.packs[item]):
            return tuple
        started = time.perf_counter()
        with telling_out_of_memory(job.name, job.budget):
            if pipeline is None or pack.every_layer:
                reader = LayerReader.beside(replica.reader) if pack.every_layer else replica.reader
                wait: Callable[[], tuple[PromptReading, ...]] = partial(reader.read, pack)
            else:
                wait = pipeline.begin(planned)

        def finish() -> tuple[PromptReading, ...]:
            with telling_out_of_memory(job.name, job.budget):
                readings = wait()
            now = time.perf_counter()
            kept.put((job.plan_file.items[item], pack, readings, now - max(started, ended.get(id(replica), started))))
            ended[id(replica)] = now
            return () if item in beside else readings

        return finish

    pipeline = _pipeline(replicas)
    plan = pipeline.plan if pipeline else lambda _: ()
    planned = ((item, pack, plan(pack)) for item, pack in packs_of(job.plan_file, items, job.budget))
    ended: dict[int, float] = {}  # when each replica's last pack was read: time is counted once where packs overlap
    mass = MassSoFar()
    # Those whose mass is of no matter.
    beside = {at for at, table in enumerate(job.plan_file.tables) if table in ("texts", "depth")}
    with (
        progress.phase(f"reading {job.name}", len(items)) as advance,
        ahead(planned, AHEAD) as packs,
        behind(put_away, BEHIND) as kept,
        one_behind(partial(begin, replicas[0]), packs)
        if pipeline
        else side_by_side(lambda own, one: begin(own, one)(), replicas, packs, one_thread_here) as done,
    ):
        for readings in done:
            mass.add(readings)
            advance(1, mass.note)
    return mass


def _pipeline(replicas: Sequence[Replica]) -> TrieReader | None:
    """The only reader, if packs may follow each other through it without a wait."""
    reader = replicas[0].reader
    return cast("TrieReader", reader) if len(replicas) == 1 and getattr(reader, "pipelined", False) else None
