"""Guards: whatever in a run folder contradicts its manifest or itself is a finding of `probe verify`."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import probe
from probe.commands.reread import Reread, Sample
from probe.commands.verify import Verified, verify_run
from probe.errors import StudyError
from probe.progress import Silent
from probe.store.atomic import write_table
from probe.store.folder import RunFolder
from probe.store.schema import PROMPTS, READINGS

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the embedded model."""
    return probe.run("demo", suite=str(SHORT), design="quick", limit=1, out=tmp_path_factory.mktemp("verify") / "r")


@pytest.fixture
def folder(finished, tmp_path) -> RunFolder:
    """A copy of it, to be changed."""
    shutil.copytree(finished.path, tmp_path / "r")
    return RunFolder(tmp_path / "r")


def vouched(folder: RunFolder, **changes: object) -> None:
    """The manifest says the sums of the files as they are now: only what they hold can tell."""
    manifest = dataclasses.replace(folder.manifest(), **changes)
    folder.write_manifest(dataclasses.replace(manifest, files=folder.file_hashes()))


def findings(folder: RunFolder) -> list[str]:
    found = verify_run(folder.path, None, Silent())
    assert found.exit_code == bool(found.findings)
    return found.findings


def changed(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(column), values)


def other_readings(table: pa.Table, fault: str) -> pa.Table:
    if fault == "odds":
        return changed(table, "log_odds", table["logprob_p1"])
    if fault == "mass":
        return changed(table, "option_mass", pc.multiply(table["option_mass"], 0.5))
    if fault == "twice":
        return pa.concat_tables([table.slice(0, 1), table])
    if fault == "order":
        return table.take(list(range(table.num_rows))[::-1])
    if fault in ("model", "tradeoff"):
        return changed(table, fault, pa.array(["other"] * table.num_rows))
    return table.filter(pc.not_equal(table["item"], table["item"][0]))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("odds", "log_odds or option_mass are not what"),
        ("mass", "log_odds or option_mass are not what"),
        ("twice", "one is there twice"),
        ("order", "rows are not sorted"),
        ("model", "holds the models ['other'], the manifest ['demo']"),
        ("tradeoff", "trade-offs ['other'] are not of this study"),
        ("item", "packs of demo, the manifest counts"),
    ],
)
def test_readings_that_contradict_the_manifest_or_themselves(folder, fault, words):
    write_table(folder.path / "readings.parquet", other_readings(folder.readings(), fault).cast(READINGS))
    vouched(folder)
    assert any(one.startswith("readings.parquet: ") and words in one for one in findings(folder))


def test_texts_of_another_hash_and_texts_that_are_missing(folder):
    prompts = folder.prompts()
    write_table(folder.path / "prompts.parquet", changed(prompts, "text", pc.utf8_upper(prompts["text"])).cast(PROMPTS))
    vouched(folder)
    assert "prompts.parquet: a text is not that of its hash" in findings(folder)
    write_table(folder.path / "prompts.parquet", prompts.slice(2))
    vouched(folder)
    assert "prompts.parquet: the texts of 2 prompts are missing" in findings(folder)


def test_files_that_are_missing_or_not_those_of_the_study(folder):
    assert findings(folder) == []
    (folder.path / "README.md").unlink()
    assert findings(folder) == ["README.md: missing"]
    vouched(folder)
    path = folder.path / "study" / "tradeoffs" / "short.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    vouched(folder)
    assert "study/tradeoffs/short.yaml: not the file that the study was made from" in findings(folder)


@pytest.mark.parametrize("name", ["results.json", "report.html", "README.md"])
def test_what_is_derived_is_made_again_where_versions_are_the_same(folder, name):
    path = folder.path / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    vouched(folder)
    assert findings(folder) == [f"{name}: not what the tables of this folder give"]
    vouched(folder, versions={**folder.manifest().versions, "numpy": "0.0.1"})
    found = verify_run(folder.path, None, Silent())
    assert found.findings == []
    assert any("by their sha256 only" in one for one in found.checked)


def test_an_interrupted_run_and_a_folder_without_one(folder, tmp_path):
    vouched(folder, complete=False)
    assert findings(folder) == ["the run was interrupted; the same `probe run` command goes on from here"]
    with pytest.raises(StudyError, match="there is no run in this folder"):
        verify_run(tmp_path / "none", None, Silent())


def test_rows_that_differ_are_a_finding_on_the_same_engine_alone(folder):
    table = folder.readings()
    for name in ("logprob_p1", "log_odds"):
        table = changed(table, name, pc.add(table[name], 2.0**-30))
    write_table(folder.path / "readings.parquet", table.cast(READINGS))
    vouched(folder)
    same = verify_run(folder.path, Sample(packs=1), Silent())
    assert (same.reread[0].same_engine, same.reread[0].equal) == (True, False)
    assert str(same.reread[0]) in same.findings
    models = {name: dataclasses.replace(one, engine="another") for name, one in folder.manifest().models.items()}
    vouched(folder, models=models)
    other = verify_run(folder.path, Sample(packs=1), Silent())
    assert other.reread[0].delta == pytest.approx(2.0**-30)
    assert "on another machine or other versions: log-odds differ by at most 9.31e-10 nats" in other.text()
    assert str(other.reread[0]) not in other.findings


def test_a_finding_outweighs_what_was_not_looked_at_and_that_is_said_first():
    reread = Reread("a", 1, 4, same_engine=True, equal=True, delta=0.0)
    found = Verified(["x: missing"], ["all"], [reread], {"b": "not there."})
    assert found.exit_code == 1
    lines = found.text().splitlines()
    assert lines[0] == "NOT CHECKED: b was not read again: not there."
    assert lines[-2:] == ["FINDING: x: missing", "1 findings"]
    assert dataclasses.replace(found, findings=[]).exit_code == 4
    assert dataclasses.replace(found, findings=[], not_reread={}).exit_code == 0
