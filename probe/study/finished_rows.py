"""Rows of any table of a run folder, made of planned cells and what was read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from probe.store.schema import CLAUSES, SCHEMAS
from probe.study.depth_rows import depth_rows
from probe.study.own_word_rows import with_first_turns
from probe.study.rows import finish_rows
from probe.study.text_rows import text_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.design.items import TableName
    from probe.loaded_facts import ReaderFacts

__all__ = ["finished_rows"]


def finished_rows(
    table: TableName,
    cells: Sequence[pa.RecordBatch],
    shards: Sequence[pa.RecordBatch],
    decode: Callable[[int], str],
    reading: ReaderFacts,
) -> pa.Table:
    """Rows of some items of a table, in the order of their ids and variants; an empty table where there are none.

    Args:
        table: Whose items they are.
        cells: Planned cells, a batch an item.
        shards: What was read of each.
        decode: The text of a token.
        reading: How they were read.

    Raises:
        StudyError: A shard is not of its item's pack, or the cells are not prompts of the table.
    """
    if not cells:
        return SCHEMAS[table].empty_table()
    if table in ("texts", "depth"):
        finish = text_rows if table == "texts" else depth_rows
        return pa.concat_tables([finish(*pair, reading) for pair in zip(cells, shards, strict=True)])
    rows = finish_rows(cells, shards, decode, reading)
    if table == "own_words":
        return with_first_turns(rows, cells)
    if table == "clauses":
        words = pa.chunked_array([one["left_out"] for one in cells], pa.string())
        return rows.append_column(CLAUSES.field("left_out"), words)
    return rows
