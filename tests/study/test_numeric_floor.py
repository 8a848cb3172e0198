"""Guards: the floor that progress shows is the manifest's own, and a large one is called large."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from notes import Notes

from probe.engine.floor import FloorReader
from probe.loaded_facts import LoadedFacts, ReaderFacts, WeightFacts
from probe.run import run
from probe.study.numeric_floor import LARGE, FloorSoFar, difference, odds

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_last_note_is_the_floor_of_the_manifest(tmp_path, dtype):
    notes = Notes()
    run("demo", suite=str(SHORT), design="quick", limit=2, out=tmp_path, dtype=dtype, progress=notes)
    (record,) = json.loads((tmp_path / "manifest.json").read_text())["models"].values()
    assert record["log_odds_floor"] > 0
    if dtype == "float32":  # no cell is read alone there, so the trial speaks for one prompt in one pass
        tried = max(record[name] for name in ("check_difference", "first_difference"))
        assert record["floor_reader"] >= 2 * tried > 0
    told = notes.told["numeric floor of demo"]
    assert told[-1].startswith(f"{record['log_odds_floor']:.1e} nats")
    assert ("large" in told[-1]) == (record["log_odds_floor"] > LARGE)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_by_the_trie_it_is_what_single_sequences_would_say(tmp_path, monkeypatch, dtype):
    """Its meaning stays: how far batches and dtype move a reading. The reference in float32 is the same to rounding."""
    asked = {"suite": str(SHORT), "design": "quick", "limit": 2, "dtype": dtype}
    records = []
    for name in ("trie", "single"):
        if name == "single":
            monkeypatch.setattr(FloorReader, "_has_trie", property(lambda _: False))
            monkeypatch.setattr(LoadedFacts, "floor_alone", property(lambda _: True))
        monkeypatch.setenv("PROBE_CACHE", str(tmp_path / f"{name}-cache"))
        run("demo", **asked, out=tmp_path / name)
        (record,) = json.loads((tmp_path / name / "manifest.json").read_text())["models"].values()
        records.append(record)
    trie, single = records
    assert trie["floor_cells"] == single["floor_cells"]
    assert 1 / 4 < trie["floor_reader"] / single["floor_reader"] < 4
    if dtype == "bfloat16":
        assert trie["floor_compute"] == pytest.approx(single["floor_compute"], rel=1e-3)


@pytest.mark.parametrize(
    ("reader", "absent", "alone", "together", "least"),
    [
        ("trie", "", True, True, 0.0),
        ("trie", "memory", True, False, 0.0),
        ("trie", "computes in float32", False, True, 6e-6),
        ("exact", "computes in float32", True, False, 0.0),
        ("forked", "computes in float32", True, False, 0.0),
        ("plain", "", True, True, 0.0),
    ],
)
def test_cells_are_read_alone_unless_a_trie_computes_in_float32(reader, absent, alone, together, least):
    words = dict.fromkeys(("dtype", "attention", "architecture", "device", "compute"), "")
    numbers = dict.fromkeys(("parameters", "weight_bytes", "estimated_bytes", "unquantised_share"), 0)
    reading = ReaderFacts(reader, check_difference=1e-6, first_difference=3e-6)
    facts = LoadedFacts(WeightFacts(**words, **numbers, quantisation={}), reading, 1, absent)
    assert (facts.floor_alone, facts.floor_together, facts.floor_least) == (alone, together, least)


def test_a_large_one_is_called_large():
    floor = FloorSoFar()
    assert floor.note == ""
    floor._largest = LARGE
    assert floor.note == "1.0e-01 nats"
    floor._largest = 2 * LARGE
    assert floor.note == "2.0e-01 nats, large: rounding moves choices (try --dtype float32 or --compute fp32)"


def test_a_neutral_option_counts_against_both_others_together():
    assert odds(1.0, -1.0, -2.0, None) == (1.0, None)
    assert odds(1.0, -1.0, -2.0, -0.5) == (1.0, pytest.approx(-0.5 - np.log(np.exp(-1) + np.exp(-2)), abs=1e-12))
    assert difference((1.0, 2.0), (1.1, 1.5)) == pytest.approx(0.5)
    assert difference((1.0, 2.0), (0.7, 2.1)) == pytest.approx(0.3)
    assert difference((1.0, None), (0.8, None)) == pytest.approx(0.2)
