"""Guards: rows of every table have its columns in its order, with the reader of each, and the words that a text lacks."""

from __future__ import annotations

import pytest

from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import PromptReading
from probe.store.schema import SCHEMAS
from probe.study.finished_rows import finished_rows
from probe.study.planning import survey_model
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.rows import cell_rows, shard_rows

LAYERS = 3


@pytest.fixture(scope="module")
def planned():
    """Every item of a study with all tables."""
    beside = {"ladder": "first", "answers": "both", "clauses": 1, "depth": 4, "own_words": "some"}
    study = resolve(Request(suite=("gift",), design="quick", limit=1, **beside), weights=False)
    return survey_model(study, study.sources[0])[0].items


def shard(plan):
    layers = LAYERS if plan.pack.every_layer else 1
    return shard_rows(
        [
            PromptReading((-1.0,) * layers * len(one.continuations), (1.0,) * layers * len(one.continuations), 0, -1.0)
            for one in plan.pack.prompts
        ]
    )


@pytest.mark.parametrize("table", SCHEMAS)
def test_rows_of_a_table_are_of_its_schema_and_say_how_they_were_read(table, planned):
    own = [one for one in planned if one.item.table == table]
    cells = [cell_rows("m", one) for one in own]
    rows = finished_rows(table, cells, [shard(one) for one in own], str, ReaderFacts("hand", logits_dtype="float64"))
    assert rows.schema.equals(SCHEMAS[table])
    assert rows.num_rows > 0
    assert set(rows["reader"].to_pylist()) == {"hand"}
    assert set(rows["logits_dtype"].to_pylist()) == {"float64"}
    assert list(dict.fromkeys(rows["item"].to_pylist())) == [one.item.id for one in own]
    if table == "clauses":
        words = {one.item.id: one.item.left_out for one in own}
        assert {row["item"]: row["left_out"] for row in rows.to_pylist()} == words
        assert "" not in words.values()


@pytest.mark.parametrize("table", SCHEMAS)
def test_without_items_a_table_has_its_columns(table):
    rows = finished_rows(table, [], [], str, ReaderFacts("hand"))
    assert (rows.num_rows, rows.schema) == (0, SCHEMAS[table])
