"""Guards: clauses lie in a table of their own, leave the readings as they are, are kept, resumed, verified."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from loading import loads_nothing

import probe
from probe.cli import main
from probe.commands.reread import Sample
from probe.commands.verify import verify_run
from probe.errors import InputError, StudyError
from probe.progress import Silent
from probe.store.schema import CLAUSES

SUITE = Path(__file__).parents[1] / "data" / "cut.yaml"
ASKED = {"suite": str(SUITE), "design": "quick", "threads": 1}
FLAG = {"clauses": 9}
FERRY = "cut/ferry/wind=calm,stakes=low"


def rows_of(results):
    return pq.read_table(results.path / "clauses.parquet")


def test_the_same_folder_is_extended_and_the_readings_stay_to_the_byte(without, extended):
    assert not (without.path / "clauses.parquet").exists()
    assert (without.path / "readings.parquet").read_bytes() == (extended.path / "readings.parquet").read_bytes()
    before, after = without.manifest, extended.manifest
    assert after.study == before.study
    assert after.models["demo"].log_odds_floor == before.models["demo"].log_odds_floor
    assert after.models["demo"].packs_beside == {"clauses": 6 + 4 + 1}
    assert "clauses.parquet" in after.files
    assert after.facts.clauses.count == 9
    assert without.results.models["demo"].tradeoffs["cut"].clauses is None
    assert extended.results.models["demo"].tradeoffs["cut"].clauses.left_out == after.facts.clauses.left_out


def test_rows_have_the_words_that_their_prompts_lack(extended):
    rows = rows_of(extended)
    assert rows.schema.equals(CLAUSES)
    assert extended.clauses.equals(rows)
    texts = {row["prompt_sha256"]: row["text"] for row in pq.read_table(extended.path / "prompts.parquet").to_pylist()}
    variants = {row["variant"] for row in extended.readings.to_pylist() if row["item"] == FERRY}
    for item in set(rows["item"].to_pylist()):
        assert set(rows.filter(pc.equal(rows["item"], item))["variant"].to_pylist()) == variants
    whole = {
        row["scenario"]: texts[row["prompt_sha256"]]
        for row in extended.readings.to_pylist()
        if row["item"] in (FERRY, "cut/train", "cut/bus")
    }
    for row in rows.to_pylist():
        text = texts[row["prompt_sha256"]]
        assert "What do you do?" in text
        if row["form"] != "all":
            assert row["left_out"] in whole[row["scenario"]]
            assert row["left_out"] not in text
    assert "It is calm. The sea is flat." in rows["left_out"].to_pylist()


def test_a_change_is_what_the_tables_rows_give(extended):
    z = {}
    for row in [*extended.clauses.to_pylist(), *extended.readings.to_pylist()]:
        z.setdefault(row["item"], []).append(row["log_odds"])
    mean = {item: np.mean(values) for item, values in z.items()}
    found = extended.results.models["demo"].tradeoffs["cut"].clauses
    ferry = found.scenarios["cut/ferry"]
    for one in ferry.clauses:
        assert one.change == pytest.approx(mean[FERRY] - mean[f"{FERRY}~without-{one.number:02}"], abs=1e-12)
    assert ferry.whole == pytest.approx(mean[FERRY] - mean[f"{FERRY}~without-all"], abs=1e-12)
    assert abs(ferry.summed + ferry.interaction - ferry.whole) <= 1e-12
    wind = next(one for one in ferry.clauses if one.kind == "factor")
    assert wind.against_levels["wind"] == pytest.approx(
        mean[FERRY] - mean["cut/ferry/wind=storm,stakes=low"], abs=1e-12
    )
    rows = extended.clause_changes.to_pylist()
    assert len(rows) == 5 + 3 + 1
    assert {(row["scenario"], row["number"]): row["change"] for row in rows} == {
        (name, one.number): one.change for name, scenario in found.scenarios.items() for one in scenario.clauses
    }
    assert {row["floor"] for row in rows} == {2 * extended.manifest.models["demo"].log_odds_floor}


def test_nothing_is_read_twice_and_a_run_without_the_flag_keeps_the_table(extended, place, monkeypatch):
    loads_nothing(monkeypatch)
    kept = (extended.path / "clauses.parquet").read_bytes()
    again = probe.run("demo", out=extended.path, **ASKED)
    assert again.manifest.facts.clauses == extended.manifest.facts.clauses
    probe.run("demo", out=extended.path, clauses=9, **ASKED)
    fewer = probe.run("demo", out=extended.path, clauses=1, **ASKED)
    assert (extended.path / "clauses.parquet").read_bytes() == kept
    assert fewer.results.models["demo"].tradeoffs["cut"].clauses.scenarios.keys() == {
        "cut/bus",
        "cut/ferry",
        "cut/train",
    }
    assert main(["export", str(extended.path), "--to", "csv", "--out", str(place / "csv")]) == 0
    assert len((place / "csv" / "clause_changes.csv").read_text().splitlines()) == 10
    assert len((place / "csv" / "clauses.csv").read_text().splitlines()) == 45


def test_more_scenarios_extend_a_folder_with_fewer(extended, without, place):
    shutil.copytree(without.path, place / "fewer")
    fewer = probe.run("demo", out=place / "fewer", clauses=1, **ASKED)
    assert len(fewer.manifest.facts.clauses.scenarios) == 1
    assert 0 < rows_of(fewer).num_rows < rows_of(extended).num_rows
    more = probe.run("demo", out=place / "fewer", clauses=9, **ASKED)
    assert (more.path / "clauses.parquet").read_bytes() == (extended.path / "clauses.parquet").read_bytes()


def test_it_stands_beside_the_ladder_and_texts(without, place, extended):
    shutil.copytree(without.path, place / "every")
    every = probe.run("demo", out=place / "every", clauses=9, ladder="all", answers="both", **ASKED)
    assert (every.path / "clauses.parquet").read_bytes() == (extended.path / "clauses.parquet").read_bytes()
    assert (every.path / "readings.parquet").read_bytes() == (without.path / "readings.parquet").read_bytes()
    assert verify_run(place / "every", Sample(packs=3), Silent()).exit_code == 0


def test_a_damaged_table_is_made_again_and_a_report_without_it_refused(extended, without, place, monkeypatch):
    shutil.copytree(without.path, place / "lost")
    probe.run("demo", out=place / "lost", clauses=9, **ASKED)
    loads_nothing(monkeypatch)
    path, whole = place / "lost" / "clauses.parquet", (extended.path / "clauses.parquet").read_bytes()
    assert path.read_bytes() == whole
    path.unlink()
    with pytest.raises(StudyError, match=r"clauses\.parquet"):
        probe.Results(place / "lost").report()
    probe.run("demo", out=place / "lost", clauses=9, **ASKED)
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-1])
    dropped = probe.run("demo", out=place / "lost", **ASKED)
    assert not path.exists()
    assert dropped.clauses.num_rows == dropped.clause_changes.num_rows == 0


def test_verify_reads_it_again(extended, place):
    found = verify_run(extended.path, Sample(packs=99), Silent())
    assert (found.findings, found.exit_code) == ([], 0)
    assert any(one.startswith("clauses.parquet: 44 rows") for one in found.checked)
    assert found.reread[0].rows == extended.readings.num_rows + 44
    assert main(["bundle", str(extended.path), "--out", str(place / "bundle")]) == 0
    assert (place / "bundle" / "clauses.parquet").read_bytes() == (extended.path / "clauses.parquet").read_bytes()


def test_what_a_limit_took_is_read_again_without_one(without, place):
    limited = probe.run("demo", out=place / "limited", limit=2, clauses=1, **ASKED)
    assert limited.manifest.facts.clauses.scenarios.keys() == {"cut/ferry"}
    found = verify_run(place / "limited", Sample(packs=99), Silent())
    assert (found.findings, found.exit_code) == ([], 0)


def test_the_plan_tells_the_cost_and_who_cannot_be_cut(capsys):
    def planned(*flags):
        assert main(["plan", "demo", "--suite", str(SUITE), "--design", "quick", *flags]) == 0
        return capsys.readouterr().out

    told, without = planned("--clauses", "2"), planned()
    assert "left out in turn" not in without
    reads = [int(words[-1]) for line in told.splitlines() if (words := line.split()) and "computes" in words]
    own = sum(reads[:-1])
    assert f" of 2 scenarios left out in turn, and all at once: {reads[-1]} tokens" in told
    assert f"computed beside {own}, {reads[-1] / own:.1%} more" in told
    assert "1 scenario cannot be cut, since its text is one sentence: cut/bare" in told
    assert next(line for line in told.splitlines() if "numeric floor" in line) in without


def test_show_shows_every_item(extended, capsys):
    texts = {row["prompt_sha256"]: row["text"] for row in pq.read_table(extended.path / "prompts.parquet").to_pylist()}
    for row in rows_of(extended).to_pylist()[::9]:
        asked = ["--item", row["item"], "--variant", row["variant"], "--json"]
        assert main(["show", "demo", "--suite", str(SUITE), *asked]) == 0
        assert json.loads(capsys.readouterr().out)["text"] == texts[row["prompt_sha256"]]


def test_what_it_cannot_be_asked_with_is_refused_before_any_work(monkeypatch, tmp_path):
    loads_nothing(monkeypatch)
    (tmp_path / "own.yaml").write_text("design: own\naxes:\n  order: [p1, p2]\n", encoding="utf-8")
    with pytest.raises(InputError, match="--clauses: the design 'own' does not cross label_order"):
        probe.run("demo", **{**ASKED, "design": str(tmp_path / "own.yaml")}, clauses=1)
    with pytest.raises(InputError, match="--clauses: needs readings by label"):
        probe.run("demo", **ASKED, clauses=1, answers="texts")
    with pytest.raises(InputError, match="--clauses -1: is less than 0"):
        probe.run("demo", **ASKED, clauses=-1)


def test_a_table_is_sorted_as_every_other(extended):
    keys = list(zip(*(rows_of(extended)[name].to_pylist() for name in ("model", "item", "variant")), strict=True))
    assert keys == sorted(keys)
    assert isinstance(extended.clauses, pa.Table)
