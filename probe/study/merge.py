"""What the store holds, merged into a run folder's tables: the same bytes whoever read it, when, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from probe.errors import StudyError
from probe.store.plan_file import ANSWERS, ROWS, TEXTS
from probe.store.previous_rows import EarlierRows
from probe.store.schema import OWN_TABLES
from probe.store.texts import TextSorter
from probe.study.finished_rows import finished_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from probe.design.items import TableName
    from probe.loaded_facts import LoadedFacts
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest
    from probe.store.plan_file import PlanFile
    from probe.store.previous_rows import Cursor, EarlierItem
    from probe.store.shards import Shards

__all__ = ["MergedModel", "ReadModel", "merge_own_tables", "merge_prompts", "merge_readings"]

_PIECE_ROWS = 16 * 1024
_PIECE_ITEMS = 256
"""Most items of a piece: each is held as some fifty small arrays, which weigh more than a few rows in them."""


@dataclass(frozen=True)
class ReadModel:
    """One model of a study after reading.

    Attributes:
        name: How the study calls it.
        plan_file: Its planned cells.
        budget: Most tokens in one forward pass.
        sample: Cells of the numeric floor.
        shards: Where its packs are.
        facts: How it was loaded and read.
        decode: From a token id to its text.
        trusted: Whether rows that the folder has from before were read in the same way.
        lost: Items that could not be read, with the reason.
        seconds: From the loaded model to the last reading.
        written: Cells that it wrote answers to.
        scheduler: Who handed out its packs: ``none`` (this process), ``local``, ``ray`` or ``slurm``.
        workers: To how many workers.
    """

    name: str
    plan_file: PlanFile
    budget: int
    sample: tuple[tuple[int, int], ...]
    shards: Shards
    facts: LoadedFacts
    decode: Callable[[int], str]
    trusted: bool
    lost: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    written: int = 0
    scheduler: str = "none"
    workers: int = 1

    def numbers(self, table: TableName | None = None) -> dict[str, int]:
        """Where in the plan file each item stands that was read; of one table, or of all."""
        items = zip(self.plan_file.items, self.plan_file.tables, strict=True)
        pairs = enumerate(items)
        return {item: at for at, (item, own) in pairs if item not in self.lost and table in (None, own)}


@dataclass
class MergedModel:
    """What merging counted of a model.

    Attributes:
        packs: Packs behind its rows.
        new_seconds: Forward seconds of those that the folder had no rows of.
    """

    packs: int = 0
    new_seconds: float = 0.0


def merge_readings(
    folder: RunFolder, models: Sequence[str], read: Mapping[str, ReadModel], earlier: EarlierRows
) -> dict[str, MergedModel]:
    """Write ``readings.parquet``: sorted by model, item and variant, in bounded memory.

    Args:
        folder: Where it goes.
        models: Every model of the study.
        read: Those that could be read now; of the others the rows from before stay.
        earlier: The table as it was.

    Returns:
        What was counted of each model that has rows.

    Raises:
        StudyError: A finished pack that was there is gone or damaged, or rows from before do not fit.
        EnvironmentFault: The disk is full.
    """
    counted: dict[str, MergedModel] = {}
    cursor = earlier.cursor()

    def pieces() -> Iterator[pa.Table]:
        for name in sorted(models):
            before = earlier.items(name)
            if name in read:
                _refuse_left_out(read[name], before)
                counted[name] = MergedModel()
                yield from _merged(read[name], "readings", before, cursor, counted[name])
            elif before:
                counted[name] = MergedModel(len(before))
                yield from _kept(list(before.values()), cursor)

    folder.write_readings(pieces())
    return counted


def merge_own_tables(
    folder: RunFolder, models: Sequence[str], read: Mapping[str, ReadModel], manifest: Manifest | None
) -> dict[str, dict[TableName, MergedModel]]:
    """Write the tables beside the readings in the same way, but for those that neither are asked for nor are there.

    Rows that the request does not ask for stay while they were read in the same way as the readings; else they go, as
    no readings are left that they could stand beside. A file that cannot be trusted is no table.

    Args:
        folder: Where they go.
        models: Every model of the study.
        read: Those that could be read now.
        manifest: What the folder's tables must be for their rows to stay.

    Returns:
        What was counted of each model in each table that it has rows in.
    """
    counted: dict[str, dict[TableName, MergedModel]] = {}
    for table in OWN_TABLES:
        earlier = folder.earlier(table, manifest)
        before = {name: earlier.items(name) for name in sorted(models)}
        if any(before.values()) or any(one.numbers(table) for one in read.values()):
            folder.write_table(table, _own_pieces(table, before, read, earlier.cursor(), counted))
        else:
            folder.drop_table(table)
    return counted


def _own_pieces(
    table: TableName,
    before: Mapping[str, Mapping[str, EarlierItem]],
    read: Mapping[str, ReadModel],
    cursor: Cursor,
    counted: dict[str, dict[TableName, MergedModel]],
) -> Iterator[pa.Table]:
    for name, own in before.items():
        found = counted.setdefault(name, {}).setdefault(table, MergedModel())
        if name in read:
            yield from _merged(read[name], table, own, cursor, found)
        else:
            found.packs = len(own)
            yield from _kept(list(own.values()), cursor)


def merge_prompts(
    folder: RunFolder, models: Sequence[str], read: Mapping[str, ReadModel], earlier: Path | None, scratch: Path
) -> None:
    """Write ``prompts.parquet``: every distinct text of a model, sorted by its hash, in bounded memory."""

    def pieces() -> Iterator[pa.Table]:
        for number, name in enumerate(sorted(models)):
            (scratch / f"texts-{number}").mkdir()
            sorter = TextSorter(scratch / f"texts-{number}", folder.disk)
            for batch in _texts(earlier):
                own = batch.filter(pc.equal(batch["model"], name))
                sorter.add(own["prompt_sha256"], own["text"])
            if name in read:
                with read[name].plan_file.open(TEXTS) as rows:
                    for item in read[name].numbers().values():
                        cells = rows[item]
                        sorter.add(cells["prompt_sha256"], cells["text"])
            yield from sorter.tables(name)

    folder.write_prompts(pieces())


def _texts(path: Path | None) -> Iterator[pa.RecordBatch]:
    if path is None:
        return
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield from file.iter_batches(_PIECE_ROWS)
    except (pa.ArrowException, OSError) as error:
        raise StudyError(f"{path}: damaged ({str(error).splitlines()[0][:160]}). {_AGAIN}") from error


_AGAIN = "Run the same command again."


def _refuse_left_out(model: ReadModel, before: Mapping[str, EarlierItem]) -> None:
    if not model.trusted and before.keys() - model.numbers("readings").keys() - model.lost.keys():
        raise StudyError(
            f"{model.name}: the folder holds items that this request leaves out, read on another machine or with "
            "other versions, and one table does not mix them. Leave --limit out, ask for both --answers, or choose "
            "another --out."
        )


def _merged(
    model: ReadModel, table: TableName, before: Mapping[str, EarlierItem], cursor: Cursor, counted: MergedModel
) -> Iterator[pa.Table]:
    """Rows of a model in a table, item by item in sorted order: from the store, else from the table as it was."""
    planned = model.numbers(table)
    if not model.trusted:
        before = {}
    every = sorted(planned.keys() | before.keys())
    counted.packs = len(every)
    with model.plan_file.open(ANSWERS if table == "texts" else ROWS) as rows:
        for from_store, items in groupby(every, key=lambda item: _in_store(model, planned, item)):
            if not from_store:
                yield from _kept([_earlier(model, before, planned, item) for item in items], cursor)
                continue
            cells: list[pa.RecordBatch] = []
            shards: list[pa.RecordBatch] = []
            held = 0
            for item in items:
                shard = model.shards.load(model.plan_file.packs[planned[item]])
                if shard is None:
                    raise StudyError(f"{item}: its finished pack has gone from the cache meanwhile. {_AGAIN}")
                cells.append(rows[planned[item]])
                shards.append(shard.rows)
                counted.new_seconds += 0.0 if item in before else shard.seconds
                held += shard.rows.num_rows
                if held >= _PIECE_ROWS or len(cells) >= _PIECE_ITEMS:
                    yield finished_rows(table, cells, shards, model.decode, model.facts.reading)
                    cells, shards, held = [], [], 0
            if cells:
                yield finished_rows(table, cells, shards, model.decode, model.facts.reading)


def _in_store(model: ReadModel, planned: Mapping[str, int], item: str) -> bool:
    return item in planned and model.shards.holds(model.plan_file.packs[planned[item]])


def _earlier(model: ReadModel, before: Mapping[str, EarlierItem], planned: Mapping[str, int], item: str) -> EarlierItem:
    other = item in planned and item in before and before[item].pack != model.plan_file.packs[planned[item]]
    if item not in before or other:
        raise StudyError(f"{item}: {model.name} has not read it, or it has gone from the cache meanwhile. {_AGAIN}")
    return before[item]


def _kept(items: Sequence[EarlierItem], cursor: Cursor) -> Iterator[pa.Table]:
    for item in items:
        yield cursor.take(item.start, item.rows)
