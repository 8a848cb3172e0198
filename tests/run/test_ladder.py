"""Guards: the ladder lies in a table of its own, leaves the readings as they are, is kept, resumed, verified."""

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
from probe.store.atomic import write_table
from probe.store.schema import LADDER

GIFT = Path(__file__).parents[2] / "scenarios" / "demo" / "gift.yaml"
ASKED = {"suite": "trip.yaml", "design": "quick", "threads": 1}
FLAG = {"ladder": "first"}


def rows_of(results):
    return pq.read_table(results.path / "ladder.parquet")


def test_a_bundle_has_the_ladder(extended, place):
    assert main(["bundle", str(extended.path), "--out", str(place / "bundle")]) == 0
    assert (place / "bundle" / "ladder.parquet").read_bytes() == (extended.path / "ladder.parquet").read_bytes()
    assert main(["verify", str(place / "bundle"), "--packs", "0"]) == 0


def test_a_report_of_a_folder_without_its_ladder_is_refused(extended, place):
    shutil.copytree(extended.path, place / "robbed")
    (place / "robbed" / "ladder.parquet").unlink()
    with pytest.raises(StudyError, match=r"ladder\.parquet"):
        probe.Results(place / "robbed").report()


def test_the_same_folder_is_extended_and_the_readings_stay_to_the_byte(without, extended):
    assert not (without.path / "ladder.parquet").exists()
    assert (without.path / "readings.parquet").read_bytes() == (extended.path / "readings.parquet").read_bytes()
    before, after = without.manifest, extended.manifest
    assert after.study == before.study
    assert after.models["demo"].log_odds_floor == before.models["demo"].log_odds_floor
    assert after.models["demo"].packs == before.models["demo"].packs
    assert (after.models["demo"].packs_beside, after.facts.ladder.cells) == ({"ladder": 4}, "first")
    assert "ladder.parquet" in after.files


def test_what_is_read_and_what_is_taken_from_the_readings(extended):
    rows = rows_of(extended)
    assert rows.schema.equals(LADDER)
    assert set(rows["form"].to_pylist()) == {"100", "010", "110", "bare"}
    assert set(rows["side"].to_pylist()) == {"ladder"}
    variants = set(extended.readings["variant"].to_pylist())
    for cell in ("100", "bare"):
        assert set(rows.filter(pc.equal(rows["form"], cell))["variant"].to_pylist()) == variants
    texts = {row["prompt_sha256"]: row["text"] for row in pq.read_table(extended.path / "prompts.parquet").to_pylist()}
    ending = {"100": "Which of the two should come first for you?", "110": "What should you do?"}
    for row in rows.to_pylist():
        assert ending.get(row["form"], "") in texts[row["prompt_sha256"]]
        assert ("class" in texts[row["prompt_sha256"]]) == (row["form"] in ending)
    assert extended.ladder.equals(rows)


def test_the_three_terms_of_a_read_table_are_what_its_rows_give(extended):
    z = {}
    for row in [*extended.ladder.to_pylist(), *extended.readings.to_pylist()]:
        if "~mate/" not in row["item"]:  # the scenario with its default turned round is no rung
            z.setdefault((row["form"], row["context"]), []).append(row["log_odds"])
    first = '{"number": "one", "certainty": "unsure"}'
    keys = {"000": ("bridge", "{}"), "010": ("010", "{}"), "111": ("choice", first)}
    mean = {cell: np.mean(z[keys.get(cell, (cell, first))]) for cell in ("000", "100", "010", "110", "111")}
    found = extended.results.models["demo"].tradeoffs["trip"].ladder
    assert {cell: found.cells[cell] for cell in mean} == pytest.approx(mean, abs=1e-12)
    vignette = (mean["100"] - mean["000"] + mean["110"] - mean["010"]) / 2
    assert found.vignette.value == pytest.approx(vignette, abs=1e-12)
    terms = found.vignette.value + found.wording.value + found.should_to_do.value
    assert abs(terms - (mean["111"] - mean["000"])) <= 1e-12
    assert found.left_out == {}


def test_nothing_is_read_twice_with_the_flag_and_without(extended, monkeypatch):
    loads_nothing(monkeypatch)
    kept = (extended.path / "ladder.parquet").read_bytes()
    again = probe.run("demo", out=extended.path, **ASKED)
    assert again.manifest.facts.ladder is not None
    probe.run("demo", out=extended.path, ladder="first", **ASKED)
    assert (extended.path / "ladder.parquet").read_bytes() == kept


def test_a_later_run_that_merges_without_the_flag_keeps_the_table(extended, place):
    shutil.copytree(extended.path, place / "later")
    later = probe.run("demo", out=place / "later", validate=1, **ASKED)
    assert later.manifest.validate == 1
    assert later.manifest.facts.ladder == extended.manifest.facts.ladder
    assert later.manifest.models["demo"].packs_beside == {"ladder": 4}
    assert (later.path / "ladder.parquet").read_bytes() == (extended.path / "ladder.parquet").read_bytes()
    assert later.ladder_terms.equals(extended.ladder_terms)
    assert later.ladder_terms.num_rows == 11
    assert main(["export", str(later.path), "--to", "csv", "--out", str(place / "csv")]) == 0
    assert len((place / "csv" / "ladder.csv").read_text().splitlines()) == 17
    assert len((place / "csv" / "ladder_terms.csv").read_text().splitlines()) == 12


def test_every_cell_keeps_the_first_and_finds_a_folder_made_at_once(extended, place):
    shutil.copytree(extended.path, place / "every")
    every = probe.run("demo", out=place / "every", ladder="all", **ASKED)
    assert every.manifest.models["demo"].packs_beside == {"ladder": 4 + 4 + 2}
    assert (every.path / "readings.parquet").read_bytes() == (extended.path / "readings.parquet").read_bytes()
    first = set(rows_of(extended)["item"].to_pylist())
    rows = rows_of(every)
    kept = rows.filter(pc.is_in(rows["item"], pa.array(sorted(first))))
    assert kept.equals(rows_of(extended))
    later = probe.run("demo", out=place / "every", ladder="first", **ASKED)
    assert (later.manifest.facts.ladder.cells, rows_of(later).num_rows) == ("all", rows.num_rows)
    at_once = probe.run("demo", out=place / "once", ladder="all", **ASKED)
    assert (at_once.path / "ladder.parquet").read_bytes() == (every.path / "ladder.parquet").read_bytes()


def test_a_damaged_table_is_made_again_from_the_cache_or_dropped(extended, without, place, monkeypatch):
    shutil.copytree(without.path, place / "lost")
    probe.run("demo", out=place / "lost", ladder="first", **ASKED)
    loads_nothing(monkeypatch)
    path, whole = place / "lost" / "ladder.parquet", (extended.path / "ladder.parquet").read_bytes()
    path.write_bytes(whole[:-1])
    probe.run("demo", out=place / "lost", ladder="first", **ASKED)
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-1])
    dropped = probe.run("demo", out=place / "lost", **ASKED)
    assert not path.exists()
    assert dropped.ladder.num_rows == 0
    assert dropped.manifest.models["demo"].packs_beside == {}
    assert verify_run(place / "lost", None, Silent()).exit_code == 0


def test_verify_reads_it_again_and_finds_what_is_wrong(extended, place):
    found = verify_run(extended.path, Sample(packs=99), Silent())
    assert (found.findings, found.exit_code) == ([], 0)
    assert any(one.startswith("ladder.parquet: 16 rows") for one in found.checked)
    assert found.reread[0].rows == extended.readings.num_rows + 16
    shutil.copytree(extended.path, place / "wrong")
    (place / "wrong" / "ladder.parquet").write_bytes(b"PAR1")
    assert any("ladder.parquet" in one for one in verify_run(place / "wrong", None, Silent()).findings)


@pytest.mark.parametrize("fault", ["order", "odds", "packs"])
def test_verify_looks_into_the_table(extended, place, fault, monkeypatch):
    shutil.copytree(extended.path, place / fault)
    rows = rows_of(extended)
    if fault == "order":
        rows = rows.take(list(range(rows.num_rows))[::-1])
    elif fault == "odds":
        rows = rows.set_column(rows.schema.get_field_index("log_odds"), LADDER.field("log_odds"), rows["logprob_p1"])
    else:
        rows = rows.slice(4)
    write_table(place / fault / "ladder.parquet", rows)
    monkeypatch.setattr("probe.store.folder.RunFolder.damaged", lambda *_: [])
    told = [one for one in verify_run(place / fault, None, Silent()).findings if one.startswith("ladder.parquet")]
    word = {"order": "not sorted", "odds": "log_odds", "packs": "the manifest counts 4"}[fault]
    assert len(told) == 1
    assert word in told[0]


def test_the_plan_tells_the_cost_and_who_has_no_ladder(place, capsys):
    def planned(*flags):
        assert main(["plan", "demo", "--design", "quick", *flags]) == 0
        return capsys.readouterr().out

    def floor(told):
        return next(line for line in told.splitlines() if "numeric floor" in line)

    without, first, every = (
        planned("--suite", "trip.yaml", *flags) for flags in ((), ("--ladder",), ("--ladder", "all"))
    )
    assert "ladder" not in without
    assert "the ladder of 1 scenario, at the first context cell of each: " in first
    assert "the ladder of 1 scenario, at every context cell of each: " in every
    assert floor(without) == floor(first) == floor(every)
    reads = [int(words[-1]) for line in first.splitlines() if (words := line.split()) and "computes" in words]
    assert f"{reads[-1]} tokens computed beside {sum(reads[:-1])}, {reads[-1] / sum(reads[:-1]):.1%} more" in first
    gift = GIFT.read_text(encoding="utf-8")
    (place / "present.yaml").write_text(
        gift.replace("tradeoff: gift", "tradeoff: present").replace("what should come first for you?", "what matters?")
    )
    told = planned("--suite", "present.yaml", "--ladder", "--limit", "2")
    assert "the ladder of 0 scenarios" in told
    assert "2 scenarios without a ladder, since its bridge does not end" in told
    assert ": present/drawing, present/" in told


def test_show_shows_every_cell(extended, capsys):
    texts = {row["prompt_sha256"]: row["text"] for row in pq.read_table(extended.path / "prompts.parquet").to_pylist()}
    for row in rows_of(extended).to_pylist()[::5]:
        asked = ["--item", row["item"], "--variant", row["variant"], "--json"]
        assert main(["show", "demo", "--suite", "trip.yaml", *asked]) == 0
        assert json.loads(capsys.readouterr().out)["text"] == texts[row["prompt_sha256"]]


def test_the_flag_stands_alone_or_with_all(capsys):
    with pytest.raises(InputError, match=r"--ladder some: not known\. Use one of none, first, all"):
        probe.run("demo", ladder="some", **ASKED)
    assert main(["run", "demo", "--ladder=some"]) == 2
    assert "--ladder some" in capsys.readouterr().err
