"""Processes on this machine read the same bytes as one alone, also if one is killed in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest
from notes import Notes

import probe
from probe.cli import main
from probe.workers import local

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_number_of_processes_leaves_no_trace(read, expected, workers):
    found, record = read("r", workers=workers)
    assert found == expected
    assert (record.scheduler, record.workers, record.loaded.threads, record.failed_packs) == ("local", workers, 1, {})


@pytest.mark.slow
def test_a_process_that_is_killed_costs_no_finished_pack(read, expected, killing, tmp_path):
    with killing("multiprocessing", "spawn_main") as killer:
        found, record = read("r", workers=2)
    log = (tmp_path / "r" / "run.log").read_text()
    assert killer.done
    assert "the worker was lost" in log
    assert (found, record.failed_packs) == (expected, {})


@pytest.mark.slow
def test_a_fault_of_a_worker_s_machine_ends_with_the_exit_code_that_it_has_alone(tmp_path, monkeypatch, capsys):
    """A file lies where finished packs are to go, which is seen by whoever writes the first."""
    (tmp_path / "packs").write_text("")
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path))
    words = ["run", "demo", "--suite", str(SHORT), "--design", "quick", "--device", "cpu", "--out", str(tmp_path / "r")]
    said = []
    for more in ([], ["--workers", "1"]):
        assert main([*words, *more]) == 3
        said.append(capsys.readouterr().err.splitlines()[-1])
    assert "cannot be written" in said[0]
    assert said[1] == said[0]


@pytest.mark.slow
def test_conditions_of_one_model_share_a_process_and_read_the_same_bytes(tmp_path, monkeypatch):
    """One worker, two system texts: one process is started, and both tables are those of this process alone."""
    started, real = [], local.ProcessPoolExecutor
    monkeypatch.setattr(local, "ProcessPoolExecutor", lambda *a, **k: started.append(1) or real(*a, **k))
    tables = []
    for name, options in (("here", {"threads": 1}), ("there", {"workers": 1})):
        monkeypatch.setenv("PROBE_CACHE", str(tmp_path / f"{name}-cache"))
        texts = ["You are careful.", "You are brave."]
        probe.run("demo", suite=str(SHORT), design="quick", system=texts, out=tmp_path / name, **options)
        tables.append((tmp_path / name / "readings.parquet").read_bytes())
    assert tables[0] == tables[1]
    assert len(started) == 1


@pytest.mark.slow
def test_the_option_mass_is_said_of_workers_too(tmp_path):
    notes = Notes()
    results = probe.run("demo", suite=str(SHORT), design="quick", workers=1, out=tmp_path / "r", progress=notes)
    mean = float(results.readings["option_mass"].to_numpy().mean())
    (said,) = [told for name, told in notes.told.items() if "workers" in name]
    assert said[-1] == f"option mass {mean:.3f}"


@pytest.mark.parametrize(("reading", "ends"), [(True, KeyboardInterrupt), (False, SystemExit)])
def test_a_worker_is_ended_after_its_pack_or_without_a_word(monkeypatch, reading, ends):
    monkeypatch.setattr(local, "_reading", reading)
    with pytest.raises(ends):
        local._interrupt()


@pytest.mark.parametrize("fault", [None, RuntimeError("broken")])
def test_a_worker_has_a_pack_in_hand_while_it_reads_and_never_else(monkeypatch, fault):
    seen = []

    class Here:
        def read(self, chunk, *, job):
            seen.append((chunk, job, local._reading))
            if fault:
                raise fault
            return "read"

    monkeypatch.setattr(local, "_here", Here())
    if fault:
        with pytest.raises(RuntimeError, match="broken"):
            local._read("chunk", None)
    else:
        assert local._read("chunk", "job") == "read"
    assert seen == [("chunk", None if fault else "job", True)]
    assert not local._reading


def test_a_chunk_without_a_model_is_a_fault_of_ours(monkeypatch):
    monkeypatch.setattr(local, "_here", None)
    with pytest.raises(RuntimeError, match="before its model"):
        local._read("chunk", None)
