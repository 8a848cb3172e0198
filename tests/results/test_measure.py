"""Guards: `make results` says what it will cost, keeps what the page needs, and computes nothing a second time."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("--suite", "gift", "--design", "quick", "--limit", "1", "--ladder", "--answers", "both", "--validate", "1")


@pytest.fixture
def measure(script, monkeypatch, tmp_path):
    """``measure()``: the script's whole way on the embedded model, into folders of its own."""
    kept, measured = tmp_path / "results", tmp_path / "runs"
    kept.mkdir()
    entry = {"id": "small", "path": str(ROOT / "probe" / "demo_model"), "family": "demo", "kind": "instruct"}
    (kept / "models.yaml").write_text(json.dumps({"models": [{**entry, "licence": "Apache-2.0"}]}))
    shutil.copyfile(ROOT / "results" / "workstation.yaml", kept / "workstation.yaml")
    module = script("measure")
    for name, value in {"KEPT": kept, "MEASURED": measured, "FLAGS": FLAGS}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(sys, "argv", ["measure.py", str(kept / "models.yaml")])
    return module.main


@pytest.mark.slow
def test_says_its_cost_keeps_its_tables_and_computes_nothing_again(measure, script, tmp_path, capfd) -> None:
    measure()
    said = capfd.readouterr().out
    assert re.search(r"^small: about [0-9.]+e\+\d+ floating-point operations in all$", said, re.MULTILINE)
    kept = tmp_path / "results" / "small"
    first = {path.name: path.read_bytes() for path in kept.iterdir()}
    assert set(first) == {
        "README.md", "ladder.parquet", "manifest.json", "measure.json", "readings.parquet", "texts.parquet",
        "validation.parquet",
    }  # fmt: skip
    packs = (tmp_path / "runs" / "small" / "run.log").read_text().count("\tpack\t")
    measure()
    assert (tmp_path / "runs" / "small" / "run.log").read_text().count("\tpack\t") == packs
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == first
    page = script("write_page").made(tmp_path / "results")
    text = page[Path("docs") / "results.md"].decode()
    assert "| gift | truth |" in text
    assert "None" not in text
    assert script("write_page").made(tmp_path / "results") == page


@pytest.mark.slow
def test_a_run_folder_that_was_removed_is_made_again_from_the_store(measure, script, tmp_path) -> None:
    measure()
    kept = tmp_path / "results" / "small"
    first = {path.name: path.read_bytes() for path in kept.iterdir()}
    tables = {name for name in first if name.endswith(".parquet")}
    shutil.rmtree(tmp_path / "runs")
    measure()
    assert not (tmp_path / "runs" / "small" / "run.log").exists()  # nothing was read
    again = {path.name: path.read_bytes() for path in kept.iterdir()}
    for name in {*tables, "measure.json"}:
        assert again[name] == first[name]
    shutil.rmtree(kept)
    measure()
    assert set(json.loads((kept / "measure.json").read_text())) == {"operations"}
    text = script("write_page").made(tmp_path / "results")[Path("docs") / "results.md"].decode()
    assert "Measured by `probe run small" in text
