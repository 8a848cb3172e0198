"""A model's planned cells on disk, an item to a batch: a study of any length is planned once and held nowhere."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.store.disk import DISK, replacing, reported
from probe.store.schema import READINGS
from probe.store.shards import CACHE_REMEDY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from probe.design.items import TableName
    from probe.store.disk import FileSystem

__all__ = [
    "ANSWERS",
    "CELLS",
    "KNOWN",
    "TEXTS",
    "TOKENS",
    "PlanFile",
    "PlanFileRows",
    "PlanFileWriter",
    "new_plan_file",
]

_MEASURED = {
    *("logprob_p1", "logprob_p2", "log_odds", "option_mass", "boundary_p1", "boundary_p2"),
    *("logprob_neutral", "top_token", "top_token_id", "top_logprob", "reader", "logits_dtype"),
}

KNOWN = tuple(name for name in READINGS.names if name not in _MEASURED)
"""Columns of the table that are known before anything is read."""

_IDS = pa.list_(pa.int32())

CELLS = pa.schema(
    [
        *(READINGS.field(name) for name in KNOWN),
        pa.field("place", pa.int32(), nullable=False),
        pa.field("forms_first", pa.int32(), nullable=False),
        pa.field("forms_second", pa.int32(), nullable=False),
        pa.field("forms_third", pa.int32(), nullable=False),
        pa.field("neutral_place", pa.int32(), nullable=False),
        pa.field("asks_which", pa.bool_(), nullable=False),
        pa.field("left_out", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("input_ids", _IDS, nullable=False),
        pa.field("continuations", pa.list_(_IDS), nullable=False),
    ]
)
"""A planned cell: its columns, its place in the pack, how many forms the label of each option shown has (0 where there
is no third), which of them is neutral (from 0; -1 for none), whether its question asks which of the options, the words
that are left out of its scenario, its text and its tokens."""

TOKENS = ("place", "input_ids", "continuations")
TEXTS = ("prompt_sha256", "text")
ROWS = (*KNOWN, "place", "forms_first", "forms_second", "forms_third", "neutral_place", "left_out")
ANSWERS = (*ROWS, "asks_which", "continuations")


@dataclass(frozen=True)
class PlanFile:
    """Planned cells of one model: those of the readings first, then table by table, each sorted by item and variant.

    Attributes:
        path: The file.
        items: Ids, in order.
        packs: sha256 of each item's pack.
        longest: Tokens of the longest prompt.
        sizes: What reading each pack takes, as tokens, rows of logits, and pairs of tokens that see each other.
        tables: In which table the rows of each item go; empty where nobody needs to know.
    """

    path: Path
    items: tuple[str, ...]
    packs: tuple[str, ...]
    longest: int
    sizes: tuple[tuple[int, int, int], ...] = ()
    tables: tuple[TableName, ...] = ()

    @contextmanager
    def open(self, columns: Sequence[str] = ROWS) -> Iterator[PlanFileRows]:
        """Read it item by item; only the columns that are named leave the disk."""
        fields = [CELLS.get_field_index(name) for name in columns]
        with pa.OSFile(str(self.path)) as file:
            yield PlanFileRows(pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=fields)))


@dataclass(frozen=True)
class PlanFileRows:
    """An open plan file."""

    reader: pa.RecordBatchFileReader

    def __getitem__(self, item: int) -> pa.RecordBatch:
        """The cells of an item, sorted by variant."""
        return self.reader.get_batch(item)


@dataclass
class PlanFileWriter:
    """A plan file on its way."""

    _writer: pa.RecordBatchFileWriter
    items: list[str] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int, int]] = field(default_factory=list)
    tables: list[TableName] = field(default_factory=list)
    longest: int = 0

    def add(
        self,
        item: str,
        pack: str,
        cells: pa.RecordBatch,
        longest: int,
        size: tuple[int, int, int] = (0, 0, 0),
        table: TableName = "readings",
    ) -> None:
        """Write the cells of the next item; items come sorted within a table, the cells of each sorted by variant."""
        self._writer.write_batch(cells)
        self.items.append(item)
        self.packs.append(pack)
        self.sizes.append(size)
        self.tables.append(table)
        self.longest = max(self.longest, longest)

    def plan_file(self, path: Path) -> PlanFile:
        """What was written, to be read."""
        return PlanFile(path, tuple(self.items), tuple(self.packs), self.longest, tuple(self.sizes), tuple(self.tables))


@contextmanager
def new_plan_file(path: Path, disk: FileSystem = DISK) -> Iterator[PlanFileWriter]:
    """A plan file to be written; it need not outlast the run, so nothing is synced.

    Raises:
        EnvironmentFault: The disk is full.
    """
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        reported("the plan of the study", CACHE_REMEDY),
        replacing(path, disk, durable=False) as file,
        pa.ipc.new_file(pa.PythonFile(file, mode="w"), CELLS, options=options) as writer,
    ):
        yield PlanFileWriter(writer)
