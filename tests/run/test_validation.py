"""Guards: answers are written without the cue, kept, read back and counted; what was written is never written twice."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import transformers
from loading import loads_nothing

import probe
from probe.cli import main
from probe.errors import InputError
from probe.report.publish import analyse_folder
from probe.store.schema import WRITTEN

SMALL = {"design": "quick", "limit": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """``run(N, folder)``: a small run of the embedded model with written answers."""
    place = tmp_path_factory.mktemp("validation")

    def at(cells, name):
        return probe.run("demo", out=place / name, validate=cells, **SMALL)

    return at


@pytest.fixture(scope="module")
def finished(run):
    return run(4, "finished")


def rows_of(results):
    return pq.read_table(results.path / "validation.parquet").to_pylist()


def test_so_many_cells_of_each_side(finished):
    rows = rows_of(finished)
    assert pq.read_table(finished.path / "validation.parquet").schema.equals(WRITTEN)
    assert {side: sum(row["side"] == side for row in rows) for side in ("stated", "bridge", "revealed")} == {
        "stated": 4,
        "bridge": 4,
        "revealed": 4,
    }
    assert len({(row["item"], row["variant"]) for row in rows}) == 12
    assert (finished.manifest.validate, finished.manifest.models["demo"].written_cells) == (4, 12)
    assert "validation.parquet" in finished.manifest.files


def test_the_text_is_what_transformers_writes_greedily_without_the_cue(finished, demo_folder):
    """Held against transformers' own chat template and generate(), which share no code with ours."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(demo_folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(demo_folder, dtype=torch.float32)
    texts = {row["prompt_sha256"]: row["text"] for row in pq.read_table(finished.path / "prompts.parquet").to_pylist()}
    cells = {(row["item"], row["variant"]): row for row in finished.readings.to_pylist()}
    for row in rows_of(finished):
        read = cells[row["item"], row["variant"]]
        prompt = texts[read["prompt_sha256"]]
        assert prompt.endswith("Answer:")
        ids = tokenizer(prompt.removesuffix("Answer:"), add_special_tokens=False, return_tensors="pt")["input_ids"]
        made = model.generate(ids, do_sample=False, max_new_tokens=64, num_beams=1, pad_token_id=0)[0, ids.shape[1] :]
        text = tokenizer.decode(made, skip_special_tokens=True)
        assert (
            tokenizer.decode(tokenizer.encode(row["text"], add_special_tokens=False), skip_special_tokens=True) == text
        )
        assert row["reading"] == ("p1" if read["log_odds"] > 0 else "p2")
        if row["first_token"] in {"p1", "p2"}:
            assert read["top_token"].strip() == read[f"label_{row['first_token']}"]


def test_the_same_again_writes_nothing(finished, run, monkeypatch):
    loads_nothing(monkeypatch)
    before = {path: path.stat().st_mtime_ns for path in finished.path.rglob("*")}
    run(4, "finished")
    assert {path: path.stat().st_mtime_ns for path in finished.path.rglob("*")} == before


def test_a_finished_run_is_extended_and_ends_as_if_asked_for_at_once(finished, run, monkeypatch):
    none = run(0, "later")
    assert not (none.path / "validation.parquet").exists()
    assert none.results.models["demo"].written == {}
    assert (none.manifest.validate, none.manifest.models["demo"].written_cells) == (0, 0)
    extended = run(4, "later")
    for name in ("validation.parquet", "readings.parquet", "results.json"):
        assert (extended.path / name).read_bytes() == (finished.path / name).read_bytes()
    loads_nothing(monkeypatch)
    fewer = run(2, "fewer")
    kept = {(row["item"], row["variant"]) for row in rows_of(fewer)}
    assert len(kept) == 6
    assert kept <= {(row["item"], row["variant"]) for row in rows_of(finished)}


@pytest.mark.slow
def test_answers_stay_when_none_are_asked_for(run):
    before = rows_of(run(3, "stays"))
    again = probe.run("demo", out=run(3, "stays").path, validate=0, design="quick", limit=2)
    assert rows_of(again) == before


def test_the_gate_closes_where_written_answers_differ(finished, tmp_path):
    """100 cells of a side, of which 89 or 90 agree."""
    results = probe.Results(shutil.copytree(finished.path, tmp_path / "gated"))
    row = rows_of(results)[0]
    for agreeing, closed in ((89, True), (90, False)):
        rows = [
            {**row, "item": f"{n}", "side": "revealed", "outcome": "chosen", "reading": "p1"}
            | {"decision": "p1" if n < agreeing else "p2"}
            for n in range(100)
        ]
        pq.write_table(pa.Table.from_pylist(rows, schema=WRITTEN), results.path / "validation.parquet")
        model = analyse_folder(results.folder, results.manifest).models["demo"]
        assert model.written["revealed"].share == agreeing / 100
        gates = {(gate.gate, gate.side) for gate in model.tradeoffs["gift"].gates}
        assert (("written_agreement", "revealed") in gates) == closed


def test_a_number_below_none_is_refused(tmp_path, capsys):
    with pytest.raises(InputError, match="--validate -1: is less than 0"):
        probe.run("demo", out=tmp_path / "run", validate=-1, **SMALL)
    assert main(["run", "demo", "--validate", "-1", "--out", str(tmp_path / "run")]) == 2
    assert "--validate -1" in capsys.readouterr().err
