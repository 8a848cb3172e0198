"""Guards: runs are distinguished by what differs, compared in the order given, and --fail-above fails above."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import probe
from probe import cli
from probe.commands.compare import compare, comparison_lines, largest
from probe.errors import InputError

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    one = probe.run("demo", suite=str(SHORT), design="quick", out=folder / "one")
    other = probe.run("demo", suite=str(SHORT), design="quick", out=folder / "other", dtype="bfloat16")
    return one, other


def test_two_runs_of_one_model_are_told_apart_by_their_dtype(runs):
    (compared,) = compare([run.path for run in runs])
    assert (compared.first.name, compared.second.name) == ("demo (dtype float32)", "demo (dtype bfloat16)")


def test_differences_are_those_of_the_results(runs):
    (compared,) = compare([run.path for run in runs])
    assert compared.change.pairs
    for key, found in compared.change.pairs.items():
        one, other = (run.results.models["demo"].tradeoffs[key] for run in runs)
        assert found.stated.value == pytest.approx(other.stated.deployed - one.stated.deployed, abs=1e-12)
        assert found.gap.value == pytest.approx(other.gap - one.gap, abs=1e-12)
        assert found.gap.value != 0.0


def test_a_system_text_nobody_gave_is_said_of_either_run(tmp_path):
    folder = tmp_path / "own"
    shutil.copytree(Path(probe.__file__).with_name("demo_model"), folder)
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    own = "{% if messages[0]['role'] != 'system' %}You are brief. {% endif %}"
    path.write_text(json.dumps({**settings, "chat_template": own + settings["chat_template"]}))
    options = {"suite": str(SHORT), "design": "quick", "limit": 2}
    given = probe.run(str(folder), out=tmp_path / "given", **options)
    without = probe.run(str(folder), out=tmp_path / "without", system="", **options)
    (compared,) = compare([given.path, without.path])
    assert "own system text, which nobody gave: You are brief." in compared.first.asked
    assert "an empty one keeps" in compared.second.asked
    assert compared.second.name == "own (system none)"
    assert compared.first.name == "own (system the template's own)"
    lines = "\n".join(comparison_lines([compared]))
    assert f"{compared.first.name}: {compared.first.asked}" in lines
    assert f"{compared.second.name}: {compared.second.asked}" in lines
    assert (given.manifest.models["own"].system, without.manifest.models["own"].system) == ("none", "empty")


def test_twins_are_told_apart_by_their_folders(runs):
    (compared,) = compare([runs[0].path, runs[0].path])
    assert compared.first.name == "demo (one)"
    assert largest([compared]) == 0.0


def test_fail_above_exits_1_only_above(runs):
    paths = [str(run.path) for run in runs]
    change = largest(compare([run.path for run in runs]))
    assert change > 0
    below = CliRunner().invoke(cli.app, ["compare", *paths, "--fail-above", str(change * 1.01)])
    above = CliRunner().invoke(cli.app, ["compare", *paths, "--fail-above", str(change * 0.99)])
    assert (below.exit_code, above.exit_code) == (0, 1)


def test_json_and_one_report_over_all(runs, tmp_path):
    page = tmp_path / "both.html"
    paths = [str(run.path) for run in runs]
    told = CliRunner().invoke(cli.app, ["compare", *paths, "--json", "--out", str(page)])
    found = json.loads(told.stdout)
    assert found["largest"] == largest(compare([run.path for run in runs]))
    assert found["comparisons"][0]["second"]["dtype"] == "bfloat16"
    text = page.read_text(encoding="utf-8")
    assert "demo (dtype float32)" in text
    assert "demo (dtype bfloat16)" in text


def test_one_model_alone_is_refused(runs):
    with pytest.raises(InputError, match="nothing to compare"):
        compare([runs[0].path])


def test_runs_without_a_common_trade_off_are_refused(runs, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(SHORT.read_text(encoding="utf-8").replace("tradeoff: ", "tradeoff: x-", 1), encoding="utf-8")
    run = probe.run("demo", suite=str(other), design="quick", out=tmp_path / "run", limit=1)
    with pytest.raises(InputError, match="shares no trade-off"):
        compare([runs[0].path, run.path])


def test_exchanged_principles_are_refused(runs, tmp_path):
    import yaml

    told = yaml.safe_load(SHORT.read_text(encoding="utf-8"))
    told["principles"] = dict(reversed(list(told["principles"].items())))
    other = tmp_path / "short.yaml"
    other.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    run = probe.run("demo", suite=str(other), design="quick", out=tmp_path / "run", limit=1)
    with pytest.raises(InputError, match="other principles"):
        compare([runs[0].path, run.path])
