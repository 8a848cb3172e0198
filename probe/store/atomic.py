"""Writing and reading whole files of a run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from probe.errors import StudyError
from probe.store.disk import DISK, replacing, reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from probe.store.disk import FileSystem

__all__ = ["ROW_GROUP", "RUN_REMEDY", "read_table", "write_bytes", "write_rows", "write_table"]

RUN_REMEDY = "Make room, or choose another folder with --out"

ROW_GROUP = 64 * 1024
"""Rows that are in memory at a time, and a constant: a table's bytes do not depend on the pieces it came in."""

_FEW = 256


def write_bytes(path: Path, content: bytes, disk: FileSystem = DISK) -> None:
    """Replace `path` by `content` in one step; a file that holds just that already is left alone.

    Raises:
        EnvironmentFault: The disk is full or the folder cannot be written.
    """
    with reported(path.name, RUN_REMEDY):
        if path.is_file() and path.read_bytes() == content:
            return
        with replacing(path, disk) as file:
            file.write(content)


def write_table(path: Path, table: pa.Table, disk: FileSystem = DISK) -> str:
    """Replace `path` by `table`; the same table gives the same bytes. Returns the file's sha256."""
    return write_rows(path, table.schema, [table], disk)


def write_rows(path: Path, schema: pa.Schema, pieces: Iterable[pa.Table], disk: FileSystem = DISK) -> str:
    """Replace `path` by the rows of all pieces, in order, as Parquet with page checksums.

    One row group is in memory at a time, and how the rows were cut into pieces leaves no trace.

    Returns:
        sha256 of the file.

    Raises:
        EnvironmentFault: The disk is full or the folder cannot be written.
    """
    with reported(path.name, RUN_REMEDY), replacing(path, disk) as file:
        options = {"compression": "zstd", "write_page_checksum": True, "store_schema": True}
        with pq.ParquetWriter(pa.PythonFile(file, mode="w"), schema, **options) as writer:
            for group in _row_groups(schema, pieces):
                writer.write_table(group, row_group_size=ROW_GROUP)
        return file.sha256


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a Parquet file, its page checksums verified.

    Raises:
        StudyError: The file is damaged, or of another shape than `schema`.
    """
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise StudyError(
            f"{path}: damaged ({str(error).splitlines()[0][:160]}). Delete the file and run the same command again."
        ) from error
    if not table.schema.equals(schema):
        raise StudyError(
            f"{path}: its columns are not those that this version of probe writes. Use the version named in the "
            "manifest beside it, or run the study into another folder."
        )
    return table


def _row_groups(schema: pa.Schema, pieces: Iterable[pa.Table]) -> Iterable[pa.Table]:
    held: list[pa.Table] = []
    rows = 0
    for piece in _copied(pieces):
        held.append(piece)
        rows += piece.num_rows
        while rows >= ROW_GROUP:
            whole = pa.concat_tables(held)
            yield whole.slice(0, ROW_GROUP).combine_chunks()
            held, rows = [whole.slice(ROW_GROUP)], rows - ROW_GROUP
    if rows:
        yield pa.concat_tables(held or [schema.empty_table()]).combine_chunks()


def _copied(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Their rows in fewer tables of their own: a slice holds all that it was cut from, and a chunk some kilobytes."""
    few: list[pa.Table] = []
    for piece in pieces:
        few.append(piece.combine_chunks())
        if len(few) == _FEW or sum(one.num_rows for one in few) >= ROW_GROUP // 16:
            yield pa.concat_tables(few).combine_chunks()
            few = []
    if few:
        yield pa.concat_tables(few).combine_chunks()
