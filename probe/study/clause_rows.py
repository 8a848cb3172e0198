"""From a plan and what the engine read to rows of `clauses.parquet`: a reading, and the words that were left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from probe.store.schema import CLAUSES
from probe.study.rows import finish_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["finish_clause_rows"]


def finish_clause_rows(
    cells: Sequence[pa.RecordBatch],
    shards: Sequence[pa.RecordBatch],
    decode: Callable[[int], str],
    *,
    reader: str,
    logits_dtype: str,
) -> pa.Table:
    """Rows of several items at once, in the order of their cells; the arguments are those of `finish_rows`."""
    rows = finish_rows(cells, shards, decode, reader=reader, logits_dtype=logits_dtype)
    words = pa.chunked_array([one["left_out"] for one in cells], pa.string())
    return pa.Table.from_arrays([*rows.columns, words], schema=CLAUSES)
