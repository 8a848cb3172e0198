"""Rows of questions in two turns: to what was read of each comes what was said first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from probe.design.own_words import UNRELATED, exchange_id, first_item, second_item
from probe.errors import StudyError
from probe.store.schema import OWN_WORDS, READINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["with_first_turns"]


def with_first_turns(rows: pa.Table, cells: Sequence[pa.RecordBatch]) -> pa.Table:
    """The same rows with their first turns, each item's sorted by variant.

    Args:
        rows: What was read of each cell, in the order of the cells.
        cells: Planned cells of items from `probe.prompts.two_turns.plan_two_turns`, whose place in the pack says what
            was asked and said first.

    Raises:
        StudyError: The cells are not such prompts.
    """
    turns = pa.Table.from_pylist([one for batch in cells for one in _turns(batch)], schema=_TURNS)
    columns = {**{name: rows[name] for name in READINGS.names}, **{name: turns[name] for name in _TURNS.names}}
    whole = pa.Table.from_arrays([columns[name] for name in OWN_WORDS.names], schema=OWN_WORDS)
    starts = [sum(len(one) for one in cells[:at]) for at in range(len(cells))]
    variants = whole["variant"].to_pylist()
    order = [
        row
        for start, batch in zip(starts, cells, strict=True)
        for row in sorted(range(start, start + len(batch)), key=variants.__getitem__)
    ]
    return whole.take(pa.array(order, pa.int64()))


_TURNS = pa.schema([OWN_WORDS.field("variant"), *(OWN_WORDS.field(name) for name in OWN_WORDS.names[len(READINGS) :])])


def _turns(cells: pa.RecordBatch) -> list[dict[str, object]]:
    """What each prompt of an item has in its first turn, in the order of the cells."""
    alone = ("variant", "shown_first", "p1", "p2", "label_p1", "label_p2")
    every = cells.select(["item", "place", *alone]).to_pylist()
    formats = {one["variant"]: one for one in every}
    names = sorted(formats)
    size = len(names)
    found = []
    for one in every:
        first, role, second = one["place"] // (2 * size), one["place"] // size % 2, one["place"] % size
        if len(every) != 2 * size * size or one["variant"] != names[second]:
            raise StudyError("own words: the plan holds other prompts than two turns have. Run the same command again.")
        asked, before = formats[names[first]], first_item(one["item"])
        principles = (UNRELATED.p1, UNRELATED.p2) if before == UNRELATED.id else (one["p1"], one["p2"])
        found.append(
            {
                "variant": exchange_id(principles[role], names[first], names[second]),
                "first_item": before,
                "second_item": second_item(one["item"]),
                "first_variant": names[first],
                "second_variant": names[second],
                "said": principles[role],
                "said_label": asked[("label_p1", "label_p2")[role]],
                "said_shown_first": (asked["shown_first"] == asked["p1"]) == (role == 0),
            }
        )
    return found
