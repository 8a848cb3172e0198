"""Rows from before are found by item and taken in order, across pieces."""

from __future__ import annotations

import pyarrow as pa
import pytest

from probe.errors import StudyError
from probe.store import previous_rows as module
from probe.store.atomic import write_table
from probe.store.previous_rows import EarlierRows
from probe.store.schema import READINGS


def table() -> pa.Table:
    blank = {"string": "x", "double": 0.0, "int64": 0}
    base = {field.name: blank[str(field.type)] for field in READINGS}
    rows = [
        {**base, "model": model, "item": f"i{item}", "variant": f"v{n}", "pack_sha256": f"{model}{item}"}
        for model in ("a", "b")
        for item in range(7)
        for n in range(item + 1)
    ]
    return pa.Table.from_pylist(rows, schema=READINGS)


@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_items_and_rows(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(module, "_PIECE", piece)
    whole = table()
    write_table(tmp_path / "t", whole)
    rows = EarlierRows(tmp_path / "t")
    cursor = rows.cursor()
    for model in ("a", "b"):
        items = rows.items(model)
        assert {name: (one.pack, one.rows) for name, one in items.items()} == {
            f"i{n}": (f"{model}{n}", n + 1) for n in range(7)
        }
        for name in ("i1", "i2", "i5"):
            taken = cursor.take(items[name].start, items[name].rows)
            assert taken.schema == READINGS
            assert taken.to_pylist() == whole.slice(items[name].start, items[name].rows).to_pylist()
            assert set(taken["item"].to_pylist()) == {name}


def test_without_a_file_there_is_nothing():
    assert EarlierRows(None).items("a") == {}


def test_damage_is_named(tmp_path):
    write_table(tmp_path / "t", table())
    content = bytearray((tmp_path / "t").read_bytes())
    content[len(content) // 3] ^= 0x20
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(StudyError, match="damaged"):
        list(EarlierRows(tmp_path / "t").cursor()._pieces)
