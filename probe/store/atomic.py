"""Files that are either the old one or the new one, never a half."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from probe.errors import EnvironmentFault, StudyError

__all__ = ["read_table", "write_bytes", "write_table"]


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step; a file that holds just that already is left alone.

    Raises:
        EnvironmentFault: The disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"{path.name}: cannot be written into the run folder ({error.strerror}). "
            "Make room, or choose another folder with --out; the same command goes on from what is there."
        ) from error


def write_table(path: Path, table: pa.Table) -> None:
    """Replace `path` by `table` as Parquet with page checksums; the same table gives the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", write_page_checksum=True, store_schema=True, row_group_size=64 * 1024
    )
    write_bytes(path, sink.getvalue().to_pybytes())


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
