"""Conditions beside formats: root mean squares from readings that were made up."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

import probe
from probe.results import Results


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory):
    """Two questions and two scenarios of one trade-off in four formats."""
    out = tmp_path_factory.mktemp("demo") / "run"
    probe.run("demo", suite="gift", design="quick", limit=2, out=out)
    return out


@pytest.fixture
def readings(demo_run):
    """``readings(changes)``: those of a run under `base`, and under other names with a change to each log-odds."""
    table = Results(demo_run).readings

    def of(changes):
        tables = []
        for name, change in {"base": lambda z: z, **changes}.items():
            place = table.schema.get_field_index("log_odds")
            moved = pa.array(change(np.asarray(table["log_odds"])))
            own = table.set_column(place, table.schema.field(place), moved)
            place = own.schema.get_field_index("model")
            names = pa.array([name] * own.num_rows, pa.string()).cast(own.schema.field(place).type)
            tables.append(own.set_column(place, own.schema.field(place), names))
        floors = dict.fromkeys(("base", *changes), 1e-05)
        return pa.concat_tables(tables).replace_schema_metadata({"floors": json.dumps(floors)})

    return of


def test_an_equal_condition_moves_nothing_and_a_shift_moves_by_itself(script, readings) -> None:
    of = readings
    formats, same, moved, turned = script("shifts").shifts(
        of({"same": lambda z: z, "moved": lambda z: z + 0.25, "turned": lambda z: -z}), "base"
    )
    assert (formats.name, formats.content) == ("formats", None)
    assert formats.cell > 0
    assert (same.content, same.cell, same.turned) == (0.0, 0.0, 0.0)
    assert moved.content == pytest.approx(0.25)
    assert moved.cell == pytest.approx(0.25)
    assert moved.cell_interval == (pytest.approx(0.25), pytest.approx(0.25))
    assert turned.turned == 1.0
