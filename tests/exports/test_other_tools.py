"""Guards: datasets and records that other tools read keep polarity, intervals and failed validity checks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import probe
from probe.cli import main
from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.tradeoffs import load_tradeoff
from probe.exports.every_eval_ever import records
from probe.exports.inspect_ai import dataset_lines
from probe.exports.prompts import asked

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
ITEMS = {item.id: item for item in expand(load_tradeoff(SHORT).tradeoff)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return probe.run("demo", suite=str(SHORT), design="quick", out=tmp_path_factory.mktemp("export") / "run")


def test_inspect_samples_come_in_both_orders():
    samples = [json.loads(line) for line in dataset_lines(asked(tuple(ITEMS.values()), load_design("standard")))]
    assert len(samples) == 2 * len(ITEMS)
    for sample in samples:
        item = ITEMS[sample["metadata"]["item"]]
        assert sample["input"] == item.text
        assert sample["choices"]["AB".index(sample["target"])] == item.option_p1
    assert {sample["id"].split("#")[1] for sample in samples} == {"p1-first", "p2-first"}


def test_an_item_that_is_asked_as_it_stands_has_no_choices():
    item = replace(next(iter(ITEMS.values())), text="Tea? Answer Yes or No.", option_p1="No", option_p2="Yes")
    item = replace(item, fixed=item.p2)
    (line,) = dataset_lines(asked((item,), load_design("standard")))
    sample = json.loads(line)
    assert "choices" not in sample
    assert (sample["input"], sample["target"]) == ("Tea? Answer Yes or No.", "No")


def test_records_say_what_the_run_says(run):
    ((model, text),) = records(run.manifest, run.results, "1.2.3", "1700000000")
    record = json.loads(text)
    required = {"schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info"}
    assert set(record) == required | {"eval_library", "evaluation_results"}
    assert model == record["model_info"]["name"] == "demo"
    by_name = {one["evaluation_name"]: one for one in record["evaluation_results"]}
    found = run.results.models["demo"].tradeoffs["short"]
    assert set(by_name) == {"short, stated", "short, revealed"}
    stated = by_name["short, stated"]["score_details"]
    assert stated["score"] == found.stated.deployed
    interval = stated["uncertainty"]["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == tuple(found.stated.interval)
    gates = {gate.gate for gate in found.gates}
    assert set(stated["details"]["closed_gates"].split(", ")) == (gates or {"none"})
    assert all(isinstance(value, str) for value in stated["details"].values())
    for one in by_name.values():
        assert {"lower_is_better", "score_type", "min_score", "max_score"} <= set(one["metric_config"])
        assert one["source_data"]["source_type"] == "other"


def test_the_command(run, tmp_path, capsys):
    for to in ("lm-eval", "inspect", "lm-eval-samples", "every-eval-ever"):
        assert main(["export", str(run.path), "--to", to, "--out", str(tmp_path / to)]) == 0
    written = capsys.readouterr().out.split()
    assert all(Path(path).is_file() for path in written)
    samples = (tmp_path / "lm-eval-samples" / "samples_demo.jsonl").read_text().splitlines()
    assert len(samples) == run.readings.num_rows
    # A run is exported in the formats of its own design.
    assert len((tmp_path / "lm-eval" / "probe_short_stated.jsonl").read_text().splitlines()) == 20
    assert main(["export", str(SHORT), "--to", "every-eval-ever", "--out", str(tmp_path)]) == 2
    assert "needs a run folder" in capsys.readouterr().err
    assert main(["export", str(SHORT), "--to", "paper", "--out", str(tmp_path)]) == 2
    assert "Use one of lm-eval" in capsys.readouterr().err
