from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from probe.analysis.cells import study_formats, tabulate
from probe.errors import StudyError
from probe.store.schema import READINGS

from .build import QUICK, STILL, TWO, Asked, laid, rows_of, table

ITEMS = [
    Asked("t/q", "stated", [1.0, 2.0, 3.0, 4.0]),
    Asked("t/s/stakes=low,who=self", "revealed", [-1.0, -2.0, -3.0, -4.0], cluster="t/s", context={"stakes": "low", "who": "self"}),
]  # fmt: skip


def rebuilt(rows):
    return pa.Table.from_pylist(rows, schema=READINGS)


def test_cells_stand_where_their_variant_stands_whatever_the_order_of_rows():
    plain = table(ITEMS)
    mixed = plain.take(pa.array(np.random.default_rng(0).permutation(plain.num_rows)))
    for rows in (plain, mixed):
        cells = tabulate(rows, laid(QUICK))["m"]
        assert [item.id for item in cells.items] == ["t/q", "t/s/stakes=low,who=self"]
        assert cells.z.tolist() == [[1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0]]
        assert (cells.mass == 0.99).all()
    assert cells.items[1].context == (("stakes", "low"), ("who", "self"))
    assert (cells.items[1].cluster, cells.items[0].scenario) == ("t/s", None)
    assert [item.side for item in cells.of_side("revealed").items] == ["revealed"]
    assert cells.of_tradeoff("other").z.shape == (0, 4)


def test_models_may_hold_different_items():
    rows = rows_of(ITEMS, QUICK, "a") + rows_of(ITEMS[:1], QUICK, "b")
    found = tabulate(rebuilt(rows), laid(QUICK))
    assert {name: len(cells.items) for name, cells in found.items()} == {"a": 2, "b": 1}


def test_chunked_tables_are_read_alike():
    parts = [rebuilt([row]) for row in rows_of(ITEMS, QUICK)]
    assert tabulate(pa.concat_tables(parts), laid(QUICK))["m"].z[0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_levels_are_the_designs_or_the_one_found():
    formats = study_formats(table(ITEMS), {"order": ("p2", "p1"), "label_order": TWO})
    assert formats.variants[0].startswith("order=p2,")
    assert formats.fixed["cue"] == STILL["cue"][0]


def test_an_axis_that_moves_outside_the_design_is_refused():
    with pytest.raises(StudyError, match="'order' is fixed by the design, found levels p1, p2"):
        study_formats(table(ITEMS), {"label_order": TWO})


def test_a_missing_cell_is_named():
    rows = rows_of(ITEMS, QUICK)
    gone = rows.pop(6)
    with pytest.raises(StudyError, match="is missing") as caught:
        tabulate(rebuilt(rows), laid(QUICK))
    assert f"model m: cell {gone['item']} in {gone['variant']} is missing (1 such cells). Run" in str(caught.value)


def test_a_doubled_cell_is_named():
    rows = rows_of(ITEMS, QUICK)
    with pytest.raises(StudyError, match=r"cell t/q in order=p1,label_order=p2.* more than once"):
        tabulate(rebuilt([*rows, rows[1]]), laid(QUICK))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_log_odds_that_is_no_number_is_named(value):
    rows = rows_of(ITEMS, QUICK)
    rows[2]["log_odds"] = value
    with pytest.raises(StudyError, match=r"log_odds of t/q in order=p2,label_order=p1.* is (nan|inf)"):
        tabulate(rebuilt(rows), laid(QUICK))


def test_a_variant_outside_the_design_is_named():
    rows = rows_of(ITEMS, QUICK)
    with pytest.raises(StudyError, match=r"variant order=p2.* is not part of the study's design"):
        tabulate(rebuilt(rows), laid({"label_order": TWO}))


def test_an_order_that_contradicts_its_variant_is_refused():
    rows = rows_of(ITEMS, QUICK)
    rows[0]["shown_first"] = "second"
    with pytest.raises(StudyError, match=r"t/q in order=p1.*shown_first is 'second'"):
        tabulate(rebuilt(rows), laid(QUICK))


@pytest.mark.parametrize("text", ["[]", "{", json.dumps("x")])
def test_a_context_that_is_no_object_is_refused(text):
    rows = rows_of(ITEMS, QUICK)
    for row in rows:
        row["context"] = text
    with pytest.raises(StudyError, match="t/q: context is not a JSON object"):
        tabulate(rebuilt(rows), laid(QUICK))
