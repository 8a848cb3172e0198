"""Guards: option texts lie in a table of their own, leave the readings as they are, are kept, resumed, verified."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from loading import loads_nothing

import probe
from probe.cli import main
from probe.commands.reread import Sample
from probe.commands.verify import verify_run
from probe.errors import InputError, StudyError
from probe.progress import Silent
from probe.report.publish import analyse_folder
from probe.store.atomic import write_table
from probe.store.schema import OPTION_TEXTS

ASKED = {"suite": "trip.yaml", "design": "quick", "threads": 1}
FLAG = {"answers": "both"}


@pytest.fixture(scope="module")
def alone(place):
    return probe.run("demo", out=place / "alone", answers="texts", **ASKED)


def content(results, name="texts.parquet"):
    return (results.path / name).read_bytes()


def test_the_same_folder_is_extended_and_the_readings_stay_to_the_byte(without, extended):
    assert not (without.path / "texts.parquet").exists()
    assert content(without, "readings.parquet") == content(extended, "readings.parquet")
    before, after = without.manifest, extended.manifest
    assert after.study == before.study
    assert after.models["demo"].log_odds_floor == before.models["demo"].log_odds_floor
    assert after.models["demo"].packs == before.models["demo"].packs
    assert after.models["demo"].packs_beside == {"texts": extended.texts.num_rows}
    assert "texts.parquet" in after.files
    assert without.results.models["demo"].methods is None


def test_a_row_for_every_item_but_controls_without_a_right_answer(extended):
    rows = pq.read_table(extended.path / "texts.parquet")
    assert rows.schema.equals(OPTION_TEXTS)
    assert extended.texts.equals(rows)
    known = {item for item, control in extended.manifest.facts.controls.items() if control.expect is not None}
    listed = {r["item"] for r in extended.readings.to_pylist() if r["side"] != "control"} | known
    assert rows["item"].to_pylist() == sorted(f"{item}~texts" for item in listed)
    texts = {row["prompt_sha256"]: row["text"] for row in extended.folder.prompts().to_pylist()}
    for row in rows.to_pylist():
        assert row["text_p1"] not in texts[row["prompt_sha256"]]
        assert texts[row["baseline_sha256"]] == "<|user|>Hello.<|end|><|assistant|>Answer:"


def test_texts_alone_read_no_labels_and_either_order_ends_in_the_same_folder(alone, extended, place):
    assert alone.readings.num_rows == 0
    assert content(alone) == content(extended)
    assert alone.manifest.models["demo"].floor_cells == 0
    found = alone.results.models["demo"]
    assert set(found.methods.known_answers) == {"pmi", "token", "sum"}
    assert {t.stated for t in found.tradeoffs.values()} == {None}
    assert "labels were not read" in (alone.path / "report.html").read_text()
    assert verify_run(alone.path, Sample(packs=2), Silent()).exit_code == 0
    shutil.copytree(alone.path, place / "then")
    later = probe.run("demo", out=place / "then", **ASKED)
    assert content(later, "readings.parquet") == content(extended, "readings.parquet")
    assert content(later) == content(extended)
    assert later.manifest.models["demo"].log_odds_floor == extended.manifest.models["demo"].log_odds_floor
    assert later.results == extended.results


def test_a_later_request_of_texts_alone_keeps_readings_and_floor(without, extended, place):
    shutil.copytree(without.path, place / "first")
    later = probe.run("demo", out=place / "first", answers="texts", **ASKED)
    assert content(later, "readings.parquet") == content(extended, "readings.parquet")
    own, other = later.manifest.models["demo"], extended.manifest.models["demo"]
    assert (own.log_odds_floor, own.floor_cells, own.packs) == (other.log_odds_floor, other.floor_cells, other.packs)
    assert later.results == extended.results


def test_nothing_is_read_twice(extended, monkeypatch):
    loads_nothing(monkeypatch)
    kept = content(extended)
    for answers in ("auto", "labels", "texts", "both"):
        again = probe.run("demo", out=extended.path, answers=answers, **ASKED)
        assert content(again) == kept
        assert again.results.models["demo"].methods is not None


def test_a_damaged_table_is_made_again_or_dropped(extended, without, place, monkeypatch):
    shutil.copytree(without.path, place / "lost")
    probe.run("demo", out=place / "lost", answers="both", **ASKED)
    loads_nothing(monkeypatch)
    path = place / "lost" / "texts.parquet"
    path.write_bytes(content(extended)[:-1])
    probe.run("demo", out=place / "lost", answers="both", **ASKED)
    assert path.read_bytes() == content(extended)
    path.write_bytes(content(extended)[:-1])
    dropped = probe.run("demo", out=place / "lost", **ASKED)
    assert not path.exists()
    assert dropped.results == without.results


def test_a_report_of_a_folder_without_its_texts_is_refused(extended, place):
    shutil.copytree(extended.path, place / "robbed")
    (place / "robbed" / "texts.parquet").unlink()
    with pytest.raises(StudyError, match=r"texts\.parquet"):
        probe.Results(place / "robbed").report()


def test_verify_reads_them_again(extended):
    found = verify_run(extended.path, Sample(packs=99), Silent())
    assert (found.findings, found.exit_code) == ([], 0)
    assert any(one.startswith(f"texts.parquet: {extended.texts.num_rows} rows") for one in found.checked)
    assert found.reread[0].rows == extended.readings.num_rows + extended.texts.num_rows


@pytest.mark.parametrize("fault", ["order", "sums", "tokens", "baseline", "packs"])
def test_verify_looks_into_the_table(extended, place, fault, monkeypatch):
    shutil.copytree(extended.path, place / fault)
    rows = extended.texts
    if fault == "order":
        rows = rows.take(list(range(rows.num_rows))[::-1])
    elif fault == "packs":
        rows = rows.slice(1)
    else:
        name, value = {"sums": ("logprob_p2", 0.5), "tokens": ("tokens_p1", 0), "baseline": ("baseline_sha256", "0")}[
            fault
        ]
        at = rows.schema.get_field_index(name)
        field = OPTION_TEXTS.field(name)
        rows = rows.set_column(at, field, [np.array([value] * rows.num_rows).astype(field.type.to_pandas_dtype())])
    write_table(place / fault / "texts.parquet", rows)
    monkeypatch.setattr("probe.store.folder.RunFolder.damaged", lambda *_: [])
    found = verify_run(place / fault, None, Silent()).findings
    words = {
        "order": "not sorted",
        "sums": "above 0 or no numbers",
        "tokens": "a text has no token",
        "baseline": "prompts are missing",
        "packs": "the manifest counts",
    }
    assert any(words[fault] in one for one in found)


def test_what_is_exported_bundled_and_shown(extended, place, capsys):
    assert main(["export", str(extended.path), "--to", "csv", "--out", str(place / "csv")]) == 0
    assert len((place / "csv" / "texts.csv").read_text().splitlines()) == extended.texts.num_rows + 1
    assert main(["bundle", str(extended.path), "--out", str(place / "bundle")]) == 0
    assert (place / "bundle" / "texts.parquet").read_bytes() == content(extended)
    item = extended.texts["item"].to_pylist()[0]
    capsys.readouterr()
    assert main(["show", "demo", "--item", item, "--suite", "trip.yaml"]) == 0
    shown = capsys.readouterr().out
    row = extended.texts.to_pylist()[0]
    assert f"text {row['text_p1']} stands for {row['p1']}" in shown
    assert f"text {row['text_p1']}: {row['logprob_p1']:.3f} nats over {row['tokens_p1']} tokens" in shown


def test_the_plan_has_the_cost(place, capsys):
    def planned(*flags):
        assert main(["plan", "demo", "--suite", "trip.yaml", "--design", "quick", *flags]) == 0
        return capsys.readouterr().out

    both, texts, labels = (planned("--answers", one) for one in ("both", "texts", "labels"))
    assert "questions without listed options, in 1 format, each with its baseline:" in both
    assert "% more" in both
    assert "rest on labels or on texts: 1, too few to differ from guessing even if all are right" in both
    assert "and no labels are read" in texts
    assert "option texts" not in labels


def test_a_model_without_a_chat_template_is_read_both_ways_unless_one_is_asked_for(place, demo_folder, capsys):
    folder = shutil.copytree(demo_folder, place / "bare")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    del config["chat_template"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))

    def planned(*flags):
        assert main(["plan", str(folder), "--suite", "trip.yaml", "--design", "quick", *flags]) == 0
        return capsys.readouterr().out

    assert "option texts of" in planned()
    assert "option texts of" not in planned("--answers", "labels")


@pytest.mark.parametrize(("flag", "asked"), [("--validate", {"validate": 1}), ("--ladder", {"ladder": "first"})])
def test_what_needs_labels_is_refused_beside_texts_alone(flag, asked):
    with pytest.raises(InputError, match=f"{flag}: needs readings by label"):
        probe.run("demo", answers="texts", **asked)


def test_another_word_is_refused():
    with pytest.raises(InputError, match="auto, labels, texts, both"):
        probe.run("demo", answers="words")


def test_a_run_without_labels_is_not_compared_and_is_bundled(alone, without, tmp_path, capsys):
    for runs in ((alone.path, without.path), (without.path, alone.path)):
        assert main(["compare", *map(str, runs)]) == 2
        assert "no readings by label" in capsys.readouterr().err
    assert main(["bundle", str(alone.path), "--out", str(tmp_path / "b")]) == 0
    assert alone.items.num_rows == alone.controls.num_rows == 0


def test_a_part_without_labels_counts_the_texts(place):
    found = probe.run("demo", out=place / "part", answers="texts", limit=1, **ASKED)
    part = found.manifest.partial
    assert part is not None
    assert (part.roots, part.scenarios) == (1, 1)


def test_a_model_that_failed_on_the_way_is_left_out_of_every_table(extended):
    failed = replace(extended.manifest, failed_models={"demo": "it failed"})
    assert analyse_folder(extended.folder, failed).models == {}
