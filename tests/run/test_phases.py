"""Guards: a manifest says how long each phase of the run took that wrote it, after a resume those of the resume."""

from __future__ import annotations

from pathlib import Path

import pytest
from notes import Notes

from probe.progress import Silent, Timed
from probe.run import run
from probe.store.folder import RunFolder

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")
PHASES = {"planning demo", "reading demo", "numeric floor of demo", "tables", "results and report"}


def manifest(folder):
    return RunFolder(folder).manifest()


def test_phases_of_a_run_and_of_its_extension(tmp_path):
    first = Notes()
    run("demo", suite=SHORT, design="quick", limit=1, out=tmp_path, progress=first)
    phases = manifest(tmp_path).phases
    assert phases.keys() >= PHASES
    assert phases.keys() - {"tables", "results and report"} == first.told.keys()
    assert all(seconds >= 0 for seconds in phases.values())
    assert phases["reading demo"] > 0
    (tmp_path / "report.html").unlink()
    run("demo", suite=SHORT, design="quick", limit=2, out=tmp_path)
    again = manifest(tmp_path).phases
    assert again.keys() >= PHASES
    assert again != phases
    assert not any("mending" in name for name in again)


def test_after_a_resume_what_was_finished_before_is_no_step(tmp_path):
    """So rate and remaining time are those of reading from the first line on."""
    totals = []

    class Totals(Silent):
        def phase(self, name, total):
            totals.append((name, total))
            return super().phase(name, total)

    for limit, folder in ((1, "first"), (2, "second")):
        run("demo", suite=SHORT, design="quick", limit=limit, out=tmp_path / folder, progress=Totals())
    (_, first), (_, second) = [one for one in totals if one[0] == "reading demo"]
    packs = [manifest(tmp_path / folder).models["demo"].packs for folder in ("first", "second")]
    assert first == packs[0]
    assert second == packs[1] - packs[0] > 0


def test_time_is_added_up_by_name_and_what_is_heard_passes_on():
    notes = Notes()
    timed = Timed(notes)
    for _ in range(2):
        with timed.phase("reading", 3) as advance:
            advance(1, "so far")
    with pytest.raises(ZeroDivisionError), timed.timing("tables"):
        _ = 1 / 0
    assert timed.seconds.keys() == {"reading", "tables"}
    assert all(seconds > 0 for seconds in timed.seconds.values())
    assert notes.told["reading"][-1] == "so far"


def test_nobody_need_listen():
    timed = Timed(Silent())
    with timed.phase("planning", 1) as advance:
        advance(1)
    assert list(timed.seconds) == ["planning"]
