"""Guards: a transfer is a small plan file of its own, of which each item keeps its cells, pack and table."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pytest

from probe.store.plan_file import CELLS, new_plan_file
from probe.workers.chunks import Chunk
from probe.workers.transfer import transfer_of, unpacked

NAMES = ("a", "b", "c~ladder", "d~texts")
TABLES = ("readings", "readings", "ladder", "texts")


def cells(item):
    """One cell, with nothing in it but its item."""
    empty = {"string": "", "int32": 0, "int64": 0, "bool": False, "double": 0.0}
    row = {field.name: empty.get(str(field.type), []) for field in CELLS}
    return pa.RecordBatch.from_pylist([{**row, "item": item}], schema=CELLS)


@pytest.fixture
def job(tmp_path):
    """Of a plan file with two items of the readings and one of each of two tables beside them."""
    path = tmp_path / "plan"
    with new_plan_file(path) as writer:
        for name, table in zip(NAMES, TABLES, strict=True):
            writer.add(name, f"pack of {name}", cells(name), 1, table=table)
    return SimpleNamespace(plan_file=writer.plan_file(path), sample=((3, 0), (1, 0)))


def sent(job, chunk, folder):
    folder.mkdir()
    transfer = transfer_of(job, chunk)
    plan = unpacked(transfer, folder)
    with plan.open(CELLS.names) as rows:
        held = [rows[number]["item"].to_pylist() for number in range(len(plan.items))]
    assert held == [[name] for name in plan.items]
    return transfer, plan


def test_the_first_item_of_the_study_and_those_of_the_chunk_are_sent(job, tmp_path):
    transfer, plan = sent(job, Chunk("m", 1, 2, 4, 1), tmp_path / "there")
    assert plan.items == ("a", "c~ladder", "d~texts")
    assert plan.packs == tuple(f"pack of {name}" for name in plan.items)
    assert plan.tables == ("readings", "ladder", "texts")
    assert (transfer.items, transfer.sample) == ((1, 3), ())


def test_cells_of_the_numeric_floor_keep_their_items(job, tmp_path):
    transfer, plan = sent(job, Chunk("m", 1, 0, 4, 1, beside=True), tmp_path / "there")
    assert plan.items == ("a", "b", "d~texts")
    assert plan.tables == ("readings", "readings", "texts")
    assert transfer.sample == ((2, 0), (1, 0))


def test_a_plan_file_without_tables_is_sent_without(job, tmp_path):
    job.plan_file = replace(job.plan_file, tables=())
    assert sent(job, Chunk("m", 1, 0, 2, 1), tmp_path / "there")[1].tables == ()
