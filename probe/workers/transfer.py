"""A unit's cells and its finished packs as bytes, for workers that do not see the sender's store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.store.plan_file import CELLS, TOKENS, Sheet
from probe.study.packs import ALONE, RAISED, single_pack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from probe.store.cache import Cache
    from probe.study.job import Work
    from probe.study.model_reader import OpenModel
    from probe.workers.chunks import Unit

__all__ = ["Files", "Parcel", "keep_files", "parcel_files", "parcel_of", "unpacked"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A small sheet: the study's first item, on which a reader is tried, then the items of a unit.

    Attributes:
        cells: An Arrow file of them.
        names: Ids of the items.
        packs: sha256 of each pack.
        items: First and last but one of the unit's own items.
        sample: Cells that are to be read alone, as item and row of this sheet.
    """

    cells: bytes
    names: tuple[str, ...]
    packs: tuple[str, ...]
    items: tuple[int, int]
    sample: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Finished packs of an engine by sha256, as the store keeps them, and written answers by key."""

    packs: tuple[tuple[str, bytes], ...]
    written: tuple[tuple[str, str], ...]


def parcel_of(work: Work, unit: Unit) -> Parcel:
    """The cells of a unit."""
    wanted = sorted({item for item, _ in work.sample}) if unit.beside else unit.items
    numbers = [0, *wanted]
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with work.sheet.open(CELLS.names) as rows, pa.ipc.new_file(sink, CELLS, options=options) as writer:
        for number in numbers:
            writer.write_batch(rows[number])
    place = {number: at for at, number in enumerate(wanted, 1)}
    return Parcel(
        cells=sink.getvalue().to_pybytes(),
        names=tuple(work.sheet.items[number] for number in numbers),
        packs=tuple(work.sheet.packs[number] for number in numbers),
        items=(1, len(numbers)),
        sample=tuple((place[item], row) for item, row in work.sample) if unit.beside else (),
    )


def unpacked(parcel: Parcel, folder: Path) -> Sheet:
    """A parcel as a sheet in `folder`."""
    path = folder / "parcel.cells"
    path.write_bytes(parcel.cells)
    return Sheet(path, parcel.names, parcel.packs, longest=0)


def parcel_files(model: OpenModel, items: Sequence[int], *, beside: bool) -> Files:
    """What reading a parcel has left in the store here."""
    work, shards = model.work, model.shards
    if not beside:
        packs = [work.sheet.packs[item] for item in items]
        return Files(tuple((pack, shards.content(pack)) for pack in packs), ())
    with work.sheet.open(TOKENS) as rows:
        alone = [single_pack(rows[i].slice(row, 1), b).sha256 for i, row in work.sample for b in (ALONE, RAISED)]
    notes = work.cache.notes("written")
    keys = [work.writing.key(shards.engine, prompt) for prompt in work.writing.prompts]
    answers = [(key, said) for key in keys if (said := notes.get(key)) is not None]
    return Files(tuple((pack, shards.content(pack)) for pack in alone if shards.holds(pack)), tuple(answers))


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
