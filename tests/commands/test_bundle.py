"""Guards: a bundle is a run folder by itself with tables beside, and overwrites nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import probe
from probe.cli import main

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return probe.run("demo", suite=str(SHORT), design="quick", out=tmp_path_factory.mktemp("bundle") / "run")


def test_a_bundle_holds_page_card_tables_and_what_verify_needs(run, tmp_path, capsys):
    out = tmp_path / "a b"
    assert main(["bundle", str(run.path), "--out", str(out)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == f"upload: hf upload YOUR_NAME/DATA_SET '{out}' . --repo-type dataset"
    for name in ("report.html", "README.md", "readings.parquet", "prompts.parquet", "results.json", "manifest.json"):
        assert (out / name).read_bytes() == (run.path / name).read_bytes()
    rows = list(csv.DictReader((out / "tables" / "tradeoffs.csv").read_text().splitlines()))
    assert [float(row["gap"]) for row in rows] == run.tradeoffs["gap"].to_pylist()
    assert {path.stem for path in (out / "tables").iterdir()} >= {"flips", "items", "controls"}
    assert probe.Results(out).readings.equals(run.readings)
    assert main(["verify", str(out), "--packs", "0"]) == 0


def test_nothing_is_overwritten_and_nothing_unfinished_is_bundled(run, tmp_path, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("kept")
    assert main(["bundle", str(run.path), "--out", str(tmp_path / "there")]) == 2
    assert "is there and not empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]
    assert main(["bundle", str(tmp_path / "there"), "--out", str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()
