"""Guards: a limited run says PARTIAL with its counts wherever it is read, and a larger limit reads only what is new."""

from __future__ import annotations

import json

import pyarrow.compute as pc
import pytest

import probe
from probe.cli import main
from probe.store.manifest import Manifest

COUNTS = "10 of 45 root questions and 10 of 40 scenarios"
SAID = f"PARTIAL: {COUNTS} were read (--limit 2), with every known-answer control."


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limited") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_CACHE", str(folder.parent / "cache"))
        patch.setenv("PROBE_FIGURES", "none")
        probe.run("demo", design="quick", limit=2, out=folder)
        yield folder


def test_page_card_results_and_manifest(limited):
    page = (limited / "report.html").read_text("utf-8")
    assert f"<title>PARTIAL ({COUNTS}): demo on demo</title>" in page
    assert f"<h1>PARTIAL ({COUNTS}): demo on demo</h1>" in page
    card = (limited / "README.md").read_text("utf-8")
    assert f"# PARTIAL ({COUNTS}): demo on demo" in card
    assert f"**{SAID}**" in card
    counts = {"limit": 2, "roots": 10, "roots_of": 45, "scenarios": 10, "scenarios_of": 40}
    assert json.loads((limited / "results.json").read_text("utf-8"))["partial"] == counts
    assert json.loads((limited / "manifest.json").read_text("utf-8"))["partial"] == counts
    text = (limited / "manifest.json").read_text("utf-8")
    assert Manifest.from_json(text, "manifest.json").to_json() == text


def test_terminal(limited, capsys):
    assert main(["run", "demo", "--design", "quick", "--limit", "2", "--out", str(limited)]) == 0
    assert "PARTIAL: 10 of 45 questions, 10 of 40 scenarios" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("to", "name", "words"),
    [
        ("latex", "tables.tex", f"PARTIAL: {COUNTS}"),
        ("markdown", "tables.md", f"PARTIAL: {COUNTS}"),
        ("csv", "tradeoffs.csv", f"PARTIAL: {COUNTS}"),
        ("jsonl", "readings.jsonl", f'"partial": "PARTIAL: {COUNTS}'),
    ],
)
def test_every_exported_table(limited, tmp_path, to, name, words):
    assert main(["export", str(limited), "--to", to, "--out", str(tmp_path)]) == 0
    text = (tmp_path / name).read_text("utf-8")
    records = text.count("\\begin{longtable}") or text.count("\n## ") or len(text.splitlines()) - (to == "csv")
    assert text.count(words) >= records > 0


def test_whole_scenarios_and_all_controls(limited):
    rows = probe.Results(limited).readings
    trail = rows.filter(pc.equal(rows["tradeoff"], "trail"))
    revealed = trail.filter(pc.equal(trail["side"], "revealed"))
    assert len(set(revealed["scenario"].to_pylist())) == 2
    assert len(set(revealed["item"].to_pylist())) == 8
    assert len(set(rows.filter(pc.equal(rows["side"], "control"))["item"].to_pylist())) == 25


def test_a_larger_limit_reads_only_what_is_new_and_the_whole_is_not_partial(limited, tmp_path, monkeypatch):
    """The smaller run's packs stand in the folder: its log names only those of the larger one."""
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path / "empty"))
    before = set(probe.Results(limited).readings["pack_sha256"].to_pylist())
    log = (limited / "run.log").read_text("utf-8")
    probe.run("demo", design="quick", limit=3, out=limited)
    new = (limited / "run.log").read_text("utf-8").removeprefix(log)
    after = set(probe.Results(limited).readings["pack_sha256"].to_pylist())
    assert before < after
    assert not [pack for pack in before if pack in new]
    assert probe.Results(limited).manifest.partial.roots == 15
    probe.run("demo", design="quick", limit=9, out=limited)
    assert probe.Results(limited).manifest.partial is None
    assert "PARTIAL" not in (limited / "README.md").read_text("utf-8")
