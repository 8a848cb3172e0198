"""A chunk's cells and its finished packs as bytes, for workers that do not see the sender's store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.store.plan_file import CELLS, TOKENS, PlanFile
from probe.study.packs import floor_packs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from probe.design.items import TableName
    from probe.store.cache import Cache
    from probe.study.job import Job
    from probe.study.model_reader import OpenModel
    from probe.workers.chunks import Chunk

__all__ = ["Files", "Transfer", "keep_files", "transfer_files", "transfer_of", "unpacked"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A small plan file: the study's first item, on which a reader is tried, then the items of a chunk.

    Attributes:
        cells: An Arrow file of them.
        names: Ids of the items.
        packs: sha256 of each pack.
        items: First and last but one of the chunk's own items.
        sample: Cells of the numeric floor, as item and row of this plan file.
        tables: In which table the rows of each item go, as `PlanFile.tables`.
    """

    cells: bytes
    names: tuple[str, ...]
    packs: tuple[str, ...]
    items: tuple[int, int]
    sample: tuple[tuple[int, int], ...]
    tables: tuple[TableName, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """Finished packs of an engine by sha256, as the store keeps them, and written answers by key."""

    packs: tuple[tuple[str, bytes], ...]
    written: tuple[tuple[str, str], ...]


def transfer_of(job: Job, chunk: Chunk) -> Transfer:
    """The cells of a chunk."""
    wanted = sorted({item for item, _ in job.sample}) if chunk.beside else chunk.items
    numbers = [0, *wanted]
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with job.plan_file.open(CELLS.names) as rows, pa.ipc.new_file(sink, CELLS, options=options) as writer:
        for number in numbers:
            writer.write_batch(rows[number])
    at_number = {number: at for at, number in enumerate(wanted, 1)}
    return Transfer(
        cells=sink.getvalue().to_pybytes(),
        names=tuple(job.plan_file.items[number] for number in numbers),
        packs=tuple(job.plan_file.packs[number] for number in numbers),
        items=(1, len(numbers)),
        sample=tuple((at_number[item], row) for item, row in job.sample) if chunk.beside else (),
        tables=tuple(job.plan_file.tables[number] for number in numbers) if job.plan_file.tables else (),
    )


def unpacked(transfer: Transfer, folder: Path) -> PlanFile:
    """A transfer as a plan file in `folder`."""
    path = folder / "transfer.cells"
    path.write_bytes(transfer.cells)
    return PlanFile(path, transfer.names, transfer.packs, longest=0, tables=transfer.tables)


def transfer_files(model: OpenModel, items: Sequence[int], *, beside: bool) -> Files:
    """What reading a transfer has left in the store here."""
    job, shards = model.job, model.shards
    if not beside:
        packs = [job.plan_file.packs[item] for item in items]
        return Files(tuple((pack, shards.content(pack)) for pack in packs), ())
    with job.plan_file.open(TOKENS) as rows:
        again = floor_packs(rows, job.sample, job.budget, alone=True, together=True)
        cells = [pack.sha256 for pack, _ in again]
    notes = job.cache.notes("written")
    keys = [job.writing.key(shards.engine, prompt) for prompt in job.writing.prompts]
    answers = [(key, said) for key in keys if (said := notes.get(key)) is not None]
    return Files(tuple((pack, shards.content(pack)) for pack in cells if shards.holds(pack)), tuple(answers))


def keep_files(files: Files, engine: str, cache: Cache) -> None:
    """Put into the store what a worker has sent.

    Raises:
        StudyError: It was damaged on its way.
        EnvironmentFault: The store cannot be written.
    """
    shards, notes = cache.shards(engine), cache.notes("written")
    for pack, content in files.packs:
        shards.take(pack, content)
    for key, said in files.written:
        notes.put(key, said)
