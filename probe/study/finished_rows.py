"""Rows of any table of a run folder, made of planned cells and what was read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.store.schema import SCHEMAS
from probe.study.clause_rows import finish_clause_rows
from probe.study.depth_rows import finish_depth_rows
from probe.study.own_word_rows import finish_own_word_rows
from probe.study.rows import finish_rows
from probe.study.text_rows import finish_text_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

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
    """
    if not cells:
        return SCHEMAS[table].empty_table()
    how = {"reader": reading.reader, "logits_dtype": reading.logits_dtype}
    if table == "texts":
        return finish_text_rows(cells, shards, **how)
    if table == "depth":
        return finish_depth_rows(cells, shards, **how)
    finish = {"clauses": finish_clause_rows, "own_words": finish_own_word_rows}.get(table, finish_rows)
    return finish(cells, shards, decode, **how)
