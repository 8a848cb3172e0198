"""Guards: the ladder and the omission that were planted come out of a run of the shipped model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from demo_model.truth import ladder, omission

import probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo_model.cells import Cell
    from demo_model.study import Question

STEPS = ("vignette", "wording", "should_to_do", "total")
TOLERANCE = 0.06


@dataclass(frozen=True, slots=True)
class Run:
    """A run with the ladder, and every log-odds that it read by item and format."""

    results: probe.Results
    log_odds: Mapping[tuple[str, str], float]

    def read(self, cells: list[Cell]) -> tuple[list[Cell], list[float]]:
        own = [cell for cell in cells if (cell.item, cell.form.id) in self.log_odds]
        return own, [self.log_odds[cell.item, cell.form.id] for cell in own]


def run_of(suite: str, folder: Any) -> Run:
    results = probe.run("demo", suite=suite, ladder="first", out=folder, threads=1)
    rows = [
        row
        for table in ("readings", "ladder")
        for row in pq.read_table(folder / f"{table}.parquet", columns=["item", "variant", "log_odds"]).to_pylist()
    ]
    return Run(results, {(row["item"], row["variant"]): row["log_odds"] for row in rows})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """The trade-off that has both."""
    return run_of("queue", tmp_path_factory.mktemp("planted") / "run")


@pytest.fixture(scope="module")
def asked(questions, rungs) -> tuple[Question, ...]:
    return questions + rungs


def held_to_the_truth(run: Run, name: str, asked: Any, cells: list[Cell], truth: Mapping[str, Any]) -> None:
    """Means over scenarios and over the formats that training saw."""
    kept_out = set(truth["heldout"]["variants"])
    seen, z = run.read([cell for cell in cells if cell.form.id not in kept_out])
    planted = truth["tradeoffs"][name]
    found = ladder(name, asked, seen, z)
    assert {step: found[step] for step in STEPS} == pytest.approx(
        {step: planted["ladder"][step] for step in STEPS}, abs=TOLERANCE
    )
    gains = omission(name, asked, seen, z)
    assert gains == (pytest.approx(planted["omission"], abs=TOLERANCE) if "omission" in planted else None)


def test_the_planted_split_and_omission_are_recovered(run, asked, cells, truth):
    held_to_the_truth(run, "queue", asked, cells, truth)


def test_what_the_run_says_is_what_its_readings_hold(run, asked, cells):
    """Over all formats, by the grammar's own enumeration; the omission of each scenario is found, whichever option."""
    found = run.results.results.models["demo"].tradeoffs["queue"]
    read, z = run.read(cells)
    expected = ladder("queue", asked, read, z)
    assert {step: getattr(found.ladder, step).value for step in STEPS} == pytest.approx(
        {step: expected[step] for step in STEPS}, abs=1e-9
    )
    assert found.ladder.cells["bare"] == pytest.approx(expected["bare"], abs=1e-9)
    assert found.ladder.scenarios == found.omission.scenarios == 8
    assert found.ladder.left_out == {}
    assert found.ladder.same_facts.inconsistent
    assert found.omission.towards_omission == pytest.approx(omission("queue", asked, read, z), abs=1e-9)
    assert all(0.3 < gains < 0.7 for gains in found.omission.by_scenario.values())


def test_the_report_holds_them_against_the_truth(run):
    page = (run.results.path / "report.html").read_text(encoding="utf-8")
    for quantity in ("ladder, situation", "ladder, wording", "ladder, should to do", "omission"):
        assert f">{quantity}<" in page


def test_the_training_found_them(truth):
    """As the training script measured it, in every trade-off."""
    for name, found in truth["agreement"]["steps_over_seen_formats"].items():
        planted = truth["tradeoffs"][name]
        assert {step: found[step] for step in STEPS} == pytest.approx(
            {step: planted["ladder"][step] for step in STEPS}, abs=TOLERANCE
        )
        assert found.get("omission") == (
            pytest.approx(planted["omission"], abs=TOLERANCE) if "omission" in planted else None
        )
    assert {name for name, planted in truth["tradeoffs"].items() if "omission" in planted} == {"queue"}


@pytest.mark.slow
def test_every_tradeoff(asked, cells, truth, tmp_path):
    run = run_of("demo", tmp_path / "run")
    for name in truth["tradeoffs"]:
        held_to_the_truth(run, name, asked, cells, truth)
    found = run.results.results.models["demo"].tradeoffs
    assert all(found[name].ladder.same_facts.inconsistent for name in ("gift", "queue"))
    assert not found["trail"].ladder.same_facts.inconsistent
