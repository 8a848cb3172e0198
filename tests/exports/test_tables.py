"""Guards: exported tables say what the run says, and no cell of them is run or read as markup."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import probe
from probe.commands.export import export
from probe.errors import InputError
from probe.exports.tables import csv_files, jsonl_files, latex_files, markdown_files

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return probe.run("demo", suite=str(SHORT), design="quick", out=tmp_path_factory.mktemp("tables") / "run")


def test_csv_gives_back_every_number_bit_for_bit(run):
    rows = list(csv.DictReader(io.StringIO(csv_files({"readings": run.readings})["readings.csv"])))
    assert [float(row["log_odds"]) for row in rows] == run.readings["log_odds"].to_pylist()
    assert {row["logprob_neutral"] for row in rows} == {""}
    assert list(rows[0]) == run.readings.column_names


def test_jsonl_has_null_for_what_was_not_measured(run):
    files = jsonl_files({"tradeoffs": run.tradeoffs, "readings": run.readings})
    assert set(files) == {"readings.jsonl", "tradeoffs.jsonl"}
    rows = [json.loads(line) for line in files["tradeoffs.jsonl"].splitlines()]
    assert rows == run.tradeoffs.to_pylist()
    assert json.loads(files["readings.jsonl"].splitlines()[0])["logprob_neutral"] is None


def test_budget_terms_add_up_in_the_export(run):
    rows = [json.loads(line) for line in jsonl_files({"budget": run.budget})["budget.jsonl"].splitlines()]
    nats = {row["term"]: row["nats"] for row in rows if row["axis"] is None}
    total = nats.pop("total")
    assert math.isclose(total, sum(nats.values()), abs_tol=1e-12)


def test_latex_tables_have_as_many_cells_as_columns(run):
    text = latex_files(run.results)["tables.tex"]
    tables = text.split(r"\begin{longtable}{")[1:]
    assert tables
    for table in tables:
        columns = len(table.split("}")[0])
        rows = [line for line in table.splitlines() if line.endswith(r"\\") and not line.startswith(r"\caption")]
        assert {len(row.replace(r"\&", "").split("&")) for row in rows} == {columns}


def test_markdown_tables_have_as_many_cells_as_columns(run):
    lines = [line.replace(r"\|", "") for line in markdown_files(run.results)["tables.md"].splitlines()]
    blocks = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    for block in filter(None, (one.strip() for one in blocks)):
        assert len({line.count("|") for line in block.splitlines()}) == 1


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-x", "@SUM(A1)", " =HYPERLINK(1)", "\t=1"])
def test_no_spreadsheet_runs_a_name(run, name):
    column = run.readings.column_names.index("item")
    planted = run.readings.slice(0, 1).set_column(column, "item", [[name]])
    row = next(csv.DictReader(io.StringIO(csv_files({"readings": planted})["readings.csv"])))
    assert row["item"] == f"'{name}"


def test_no_markup_of_a_name_is_left(run):
    hostile = r"<img onerror=x>|\input{x}_&%$#{}~^"
    planted = replace(run.results, models={hostile: next(iter(run.results.models.values()))})
    assert "<img" not in markdown_files(planted)["tables.md"]
    latex = latex_files(planted)["tables.tex"]
    assert r"\input{x}" not in latex
    assert r"\textbackslash{}input\{x\}\_\&\%\$\#\{\}" in latex


@pytest.mark.parametrize(
    ("to", "names"),
    [
        ("latex", {"tables.tex"}),
        ("markdown", {"tables.md"}),
        ("csv", {"tradeoffs.csv", "budget.csv", "biases.csv", "readings.csv"}),
    ],
)
def test_the_verb_writes_them(run, tmp_path, to, names):
    assert {path.name for path in export(str(run.path), to, tmp_path, "quick")} == names


def test_a_suite_has_no_tables(tmp_path):
    with pytest.raises(InputError, match="needs a run folder"):
        export(str(SHORT), "csv", tmp_path, "quick")
