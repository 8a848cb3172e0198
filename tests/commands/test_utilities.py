"""Guards: utilities of a run from the import's own table, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import probe
from probe.cli import main

DILEMMAS = Path(__file__).parents[1] / "imports" / "data" / "daily" / "dilemmas.csv"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    arguments = ["import", "daily-dilemmas", str(DILEMMAS), "--out", str(folder / "in"), "--pairs", "3"]
    assert main(arguments) == 0
    probe.run("demo", suite=f"{folder / 'in'}/", design="quick", out=folder / "run")
    return folder


def test_both_sides_and_their_agreement(run, capsys):
    arguments = ["utilities", str(run / "run"), str(run / "in" / "outcomes.csv")]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["demo"]
    assert set(found["stated"]["bradley_terry"]["outcomes"]) == {"honesty", "loyalty", "openness", "trust"}
    assert found["stated"]["triads"] == 4
    utilities = [one["utility"] for one in found["stated"]["thurstone"]["outcomes"].values()]
    assert sum(utilities) == pytest.approx(0.0, abs=1e-9)
    # One dilemma leaves no comparison to spare.
    assert found["revealed"]["bradley_terry"]["outcomes"]["trust"]["interval"] is None
    assert found["values_on_both_sides"] == 4
    assert main(arguments) == 0
    assert "demo, stated: 4 outcomes from 6 items" in capsys.readouterr().out


def test_a_table_that_is_not_there(run, capsys):
    assert main(["utilities", str(run / "run"), str(run / "absent.csv")]) == 2
    assert "Give the outcomes.csv of the import" in capsys.readouterr().err
