"""prompts.parquet: distinct texts in the order of their hashes, sorted on disk in buckets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probe.store.disk import DISK, replacing, reported
from probe.store.schema import PROMPTS
from probe.store.shards import CACHE_REMEDY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from probe.store.disk import FileSystem

__all__ = ["TextSorter"]

_HELD_BYTES = 64 << 20

_TEXTS = pa.schema([PROMPTS.field("prompt_sha256"), PROMPTS.field("text")])


@dataclass
class TextSorter:
    """Takes texts in any order and gives them back distinct and sorted; memory holds 64 MB and one bucket.

    Texts fall into 256 buckets by the first two digits of their hash. What is held is written when it is too much, each
    bucket into a file of its own, which is closed at once.

    Attributes:
        folder: For the buckets; of no use afterwards.
        disk: How they are written.
    """

    folder: Path
    disk: FileSystem = DISK
    _held: list[pa.Table] = field(default_factory=list)
    _bytes: int = 0
    _files: defaultdict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def add(self, hashes: pa.Array, texts: pa.Array) -> None:
        """Take texts with their sha256."""
        table = pa.Table.from_arrays([hashes, texts], schema=_TEXTS)
        self._held.append(table)
        self._bytes += table.nbytes
        if self._bytes > _HELD_BYTES:
            self._put_down()

    def tables(self, model: str) -> Iterator[pa.Table]:
        """All texts, distinct and sorted, a bucket at a time, as rows of ``prompts.parquet``."""
        held = _by_bucket(self._held)
        for bucket in sorted(held.keys() | self._files.keys()):
            pieces = [held[bucket]] if bucket in held else []
            for path in self._files.get(bucket, ()):
                with pa.OSFile(str(path)) as file:
                    pieces.append(pa.ipc.open_stream(file).read_all())
            rows = pieces[0] if len(pieces) == 1 else _distinct(pieces)
            called = pa.repeat(pa.scalar(model, pa.string()), rows.num_rows)
            yield pa.Table.from_arrays([called, *rows.columns], schema=PROMPTS)

    def _put_down(self) -> None:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        for bucket, table in _by_bucket(self._held).items():
            path = self.folder / f"{bucket}-{len(self._files[bucket])}"
            with (
                reported("the texts of the study", CACHE_REMEDY),
                replacing(path, self.disk, durable=False) as file,
                pa.ipc.new_stream(pa.PythonFile(file, mode="w"), _TEXTS, options=options) as writer,
            ):
                writer.write_table(table)
            self._files[bucket].append(path)
        self._held.clear()
        self._bytes = 0


def _by_bucket(pieces: Sequence[pa.Table]) -> dict[str, pa.Table]:
    """Distinct texts of all pieces, sorted, by the first two digits of their hash."""
    if not pieces:
        return {}
    rows = _distinct(pieces)
    names, starts = np.unique(np.asarray(pc.utf8_slice_codeunits(rows["prompt_sha256"], 0, 2)), return_index=True)
    ends = [*starts[1:], rows.num_rows]
    return {str(name): rows.slice(at, end - at) for name, at, end in zip(names, starts, ends, strict=True)}


def _distinct(pieces: Sequence[pa.Table]) -> pa.Table:
    """Rows sorted by hash, each hash once."""
    rows = pa.concat_tables(pieces).combine_chunks()  # of many chunks, rows are slow to take
    rows = rows.take(pc.sort_indices(rows, [("prompt_sha256", "ascending")])).combine_chunks()
    hashes = rows["prompt_sha256"]
    if rows.num_rows < 2:
        return rows
    repeated = pc.equal(hashes.slice(1), hashes.slice(0, rows.num_rows - 1)).to_numpy()
    return rows.filter(pa.array(np.concatenate([[True], ~repeated]))) if repeated.any() else rows
