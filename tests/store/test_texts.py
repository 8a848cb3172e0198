"""Texts come back distinct and sorted, whether they were held or put down."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from probe.store import texts as module
from probe.store.schema import PROMPTS
from probe.store.texts import TextSorter


@pytest.mark.parametrize("held", [1, 3_000, 10**9])
def test_distinct_and_sorted_in_any_memory(tmp_path, monkeypatch, held):
    monkeypatch.setattr(module, "_HELD_BYTES", held)
    words = [f"prompt {n % 300}" for n in range(1000)]
    sorter = TextSorter(tmp_path)
    for start in range(0, 1000, 70):
        part = words[start : start + 70]
        sorter.add(pa.array([hashlib.sha256(word.encode()).hexdigest() for word in part]), pa.array(part))
    table = pa.concat_tables(sorter.tables("m"))
    assert table.schema == PROMPTS
    expected = sorted((hashlib.sha256(word.encode()).hexdigest(), word) for word in set(words))
    assert list(zip(table["prompt_sha256"].to_pylist(), table["text"].to_pylist(), strict=True)) == expected
    assert any(tmp_path.iterdir()) == (held < 10**9)
