"""Ten thousand items need no more memory and no more files than two hundred."""

from __future__ import annotations

import json
import multiprocessing

import pytest
from lengths import measured

SHAPES = (200, 10_000)


@pytest.mark.slow
def test_memory_and_files_do_not_grow_with_items(tmp_path, capsys):
    found = {}
    for items in SHAPES:
        (tmp_path / str(items)).mkdir()
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found[items] = pool.apply(measured, (str(tmp_path / str(items)), items))
    with capsys.disabled():
        print(f"\n{json.dumps(found)}")
    small, large = (found[items] for items in SHAPES)
    assert large["rows"] >= 20_000
    assert large["files"] <= small["files"] + 2
    grown = (large["peak"] - large["start"]) - (small["peak"] - small["start"])
    assert grown < 120, "MiB more for fifty times as many items"
