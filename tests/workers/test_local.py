"""Processes on this machine read the same bytes as one alone, also if one is killed in the middle."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
def test_the_number_of_processes_leaves_no_trace(read, expected, workers):
    found, record = read("r", workers=workers)
    assert found == expected
    assert (record.scheduler, record.workers, record.threads, record.failed_packs) == ("local", workers, 1, {})


def test_a_process_that_is_killed_costs_no_finished_pack(read, expected, killing, tmp_path):
    with killing("multiprocessing", "spawn_main") as killer:
        found, record = read("r", workers=2)
    log = (tmp_path / "r" / "run.log").read_text()
    assert killer.done
    assert "the worker was lost" in log
    assert (found, record.failed_packs) == (expected, {})
