"""Guards: whatever leaves a run that read a part of its suite says so, with the counts; a whole run says nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import probe
from probe.cli import main
from probe.commands.compare import compare, comparison_lines, page_of
from probe.figures.draw import FIGURES, with_counts

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A part of a suite, and the whole."""
    folder = tmp_path_factory.mktemp("partial")
    asked = {"suite": str(SHORT), "design": "quick", "threads": 1}
    return [
        probe.run("demo", out=folder / name, limit=limit, **asked) for name, limit in (("part", 1), ("whole", None))
    ]


@pytest.fixture(scope="module")
def line(runs):
    part = runs[0].manifest.partial
    told = (
        f"PARTIAL: {part.roots} of {part.roots_of} root questions and {part.scenarios} of {part.scenarios_of} scenarios"
    )
    assert part.roots < part.roots_of
    return told


def exported(run, to, folder):
    assert main(["export", str(run.path), "--to", to, "--out", str(folder / run.path.name / to)]) == 0
    return {path.name: path.read_text() for path in (folder / run.path.name / to).iterdir()}


def test_tasks_ask_what_the_run_read_and_say_so(runs, line, tmp_path):
    part, whole = (exported(run, "lm-eval", tmp_path) for run in runs)
    for name in part:
        if name.endswith(".yaml") and name != "probe_part.yaml":
            metadata = yaml.load(part[name], _Tasks)["metadata"]
            assert metadata["version"] == 1.0
            assert metadata["partial"].startswith(line)
            assert "partial" not in yaml.load(whole[name], _Tasks)["metadata"]
    asked = {json.loads(one)["item"] for name in part if name.endswith(".jsonl") for one in part[name].splitlines()}
    assert asked == set(runs[0].readings["item"].to_pylist())


class _Tasks(yaml.SafeLoader):
    """Reads the name of a function as text."""


_Tasks.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


def test_samples_and_records_carry_it(runs, line, tmp_path):
    for run, says in zip(runs, (True, False), strict=True):
        (samples,) = exported(run, "lm-eval-samples", tmp_path).values()
        found = [json.loads(one)["doc"].get("partial", "") for one in samples.splitlines()]
        assert all(one.startswith(line) for one in found) if says else not any(found)
        (record,) = exported(run, "every-eval-ever", tmp_path).values()
        for one in json.loads(record)["evaluation_results"]:
            assert one["source_data"]["additional_details"].get("partial", "").startswith(line) == says
            assert one["metric_config"]["evaluation_description"].startswith(line) == says


def test_every_figure_says_it(runs, line):
    for made in FIGURES.values():
        told = [with_counts(made(run.results), run.results).get_supxlabel() for run in runs]
        assert told[0].startswith(line)
        assert told[1] == ""


def test_a_comparison_says_which_of_its_runs_it_is(runs, line):
    paths = [run.path for run in runs]
    page = page_of(paths)
    assert "<title>PARTIAL, 2 conditions" in page
    assert page.count('<p class="part">') == 1
    assert f'<p class="part">demo (part): {line}' in page
    assert f"  demo (part): {line}" in "\n".join(comparison_lines(compare(paths)))
    assert 'class="part"' not in page_of([paths[1], paths[1]])
