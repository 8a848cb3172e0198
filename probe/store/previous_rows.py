"""Rows that a folder has from an earlier run, read once from front to back in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from probe.errors import StudyError
from probe.store.schema import READINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cursor", "EarlierItem", "EarlierRows"]

_PIECE = 16 * 1024


@dataclass(frozen=True, slots=True)
class EarlierItem:
    """The rows of one item of one model, which stand together: from `start`, `rows` of them, of one pack."""

    pack: str
    start: int
    rows: int


@dataclass(frozen=True)
class EarlierRows:
    """A table of readings as it stands, sorted by model, item and variant.

    Attributes:
        path: The file, or None where there is none or none that can be trusted.
        schema: Of the table.
    """

    path: Path | None
    schema: pa.Schema = READINGS

    def items(self, model: str) -> dict[str, EarlierItem]:
        """What it holds of a model, by item.

        Raises:
            StudyError: The file is damaged.
        """
        found: dict[str, EarlierItem] = {}
        start = 0
        for piece in self._pieces(["model", "item", "pack_sha256"]):
            own = piece.append_column("at", pa.array(range(start, start + piece.num_rows), pa.int64()))
            start += piece.num_rows
            own = own.filter(pc.equal(own["model"], model))
            grouped = own.group_by(["item", "pack_sha256"]).aggregate([("at", "min"), ("at", "count")])
            for row in grouped.to_pylist():
                before = found.get(row["item"])
                first = row["at_min"] if before is None else before.start
                count = row["at_count"] + (0 if before is None else before.rows)
                found[row["item"]] = EarlierItem(row["pack_sha256"], first, count)
        return found

    def cursor(self) -> Cursor:
        """Its rows, to be taken in order."""
        return Cursor(self._pieces(self.schema.names), self.schema)

    def _pieces(self, columns: list[str]) -> Iterator[pa.Table]:
        if self.path is None:
            return
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                for batch in file.iter_batches(_PIECE, columns=columns):
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as error:
            raise StudyError(f"{self.path}: damaged ({str(error).splitlines()[0][:160]}).") from error


class Cursor:
    """Takes rows by their numbers, which only grow; one piece is in memory."""

    def __init__(self, pieces: Iterator[pa.Table], schema: pa.Schema) -> None:
        """Stand before the first row."""
        self._pieces = pieces
        self._piece = schema.empty_table()
        self._start = 0

    def take(self, start: int, rows: int) -> pa.Table:
        """Rows from `start` on, as many as are asked for."""
        found: list[pa.Table] = []
        while rows:
            offset = start - self._start
            if offset < self._piece.num_rows:
                part = self._piece.slice(offset, rows)
                found.append(part)
                start, rows = start + part.num_rows, rows - part.num_rows
            else:
                self._start += self._piece.num_rows
                self._piece = next(self._pieces)
        return pa.concat_tables(found)
