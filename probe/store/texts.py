"""prompts.parquet: distinct texts in the order of their hashes, sorted on disk in buckets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.store.disk import DISK, replacing, told
from probe.store.schema import PROMPTS
from probe.store.shards import CACHE_REMEDY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probe.store.disk import FileSystem

__all__ = ["TextSorter"]

_BUCKETS = 256
_HELD_BYTES = 32 << 20


@dataclass
class TextSorter:
    """Takes texts in any order and gives them back distinct and sorted; memory holds 32 MB and one bucket.

    Texts go into 256 buckets by the first two digits of their hash. What is held is written when it is too much, each
    bucket into a file of its own, which is closed at once.

    Attributes:
        folder: For the buckets; of no use afterwards.
        disk: How they are written.
    """

    folder: Path
    disk: FileSystem = DISK
    _held: defaultdict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _bytes: int = 0
    _files: defaultdict[int, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def add(self, hashes: pa.Array, texts: pa.Array) -> None:
        """Take texts with their sha256."""
        for digest, text in zip(hashes.to_pylist(), texts.to_pylist(), strict=True):
            bucket = self._held[int(digest[:2], 16)]
            if digest not in bucket:
                bucket[digest] = text
                self._bytes += len(text) + 200
        if self._bytes > _HELD_BYTES:
            self._put_down()

    def tables(self, model: str) -> Iterator[pa.Table]:
        """All texts, distinct and sorted, a bucket at a time, as rows of ``prompts.parquet``."""
        for number in range(_BUCKETS):
            bucket = dict(self._held.get(number, {}))
            for path in self._files.get(number, ()):
                with pa.OSFile(str(path)) as file:
                    rows = pa.ipc.open_stream(file).read_all()
                bucket.update(zip(rows["prompt_sha256"].to_pylist(), rows["text"].to_pylist(), strict=True))
            if bucket:
                digests, texts = zip(*sorted(bucket.items()), strict=True)
                columns = [[model] * len(digests), list(digests), list(texts)]
                yield pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], schema=PROMPTS)

    def _put_down(self) -> None:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        for number, bucket in self._held.items():
            path = self.folder / f"{number:02x}-{len(self._files[number])}"
            table = pa.table({"prompt_sha256": list(bucket), "text": list(bucket.values())})
            with (
                told("the texts of the study", CACHE_REMEDY),
                replacing(path, self.disk, durable=False) as file,
                pa.ipc.new_stream(pa.PythonFile(file, mode="w"), table.schema, options=options) as writer,
            ):
                writer.write_table(table)
            self._files[number].append(path)
        self._held.clear()
        self._bytes = 0
