"""Jobs read the same bytes as one process, also if one is killed; submitit's own executors stand in for Slurm."""

from __future__ import annotations

import pytest

from probe.errors import InputError

submitit = pytest.importorskip("submitit", reason="submitit is not installed: pip install 'probe[slurm]'")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # submitit's debug executor leaves its logs open
@pytest.mark.parametrize(("cluster", "workers"), [("local", 2), ("debug", 1)])
def test_jobs_leave_no_trace(read, expected, cluster, workers):
    found, record = read("r", scheduler="slurm", workers=2, slurm={"cluster": cluster})
    assert found == expected
    assert (record.scheduler, record.workers, record.failed_packs) == ("slurm", workers, {})


@pytest.mark.slow
def test_a_job_that_is_killed_is_submitted_again(read, expected, killing, tmp_path):
    with killing("submitit.core._submit") as killer:
        found, record = read("r", scheduler="slurm", workers=2, slurm={"cluster": "local"})
    assert killer.done
    assert "the worker was lost" in (tmp_path / "r" / "run.log").read_text()
    assert (found, record.failed_packs) == (expected, {})


def test_a_job_that_is_preempted_is_sent_again_as_it_is():
    from probe.workers.chunks import Chunk
    from probe.workers.on_slurm import Task

    task, chunk = Task(job=None, environment={}), Chunk("m", 1, 0, 1, 1)
    again = task.checkpoint(chunk)
    assert (again.function, again.args) == (task, (chunk,))


def test_options_of_a_job_go_through(tmp_path, monkeypatch):
    from submitit.slurm import slurm

    from probe.workers.on_slurm import job_executor

    monkeypatch.setattr(slurm.SlurmExecutor, "affinity", classmethod(lambda _: 2))
    given = {"partition": "gpu", "time": "90", "mem": "64G", "reservation": "mine"}
    executor = job_executor(tmp_path, given, 3, 2)
    script = executor._executor._make_submission_file_text("run", "id")
    for line in ("partition=gpu", "time=90", "mem=64G", "reservation=mine", "cpus-per-task=3", "gpus-per-node=2"):
        assert f"#SBATCH --{line}\n" in script
    assert "signal=USR2@" in script


@pytest.mark.parametrize(("option", "value"), [("cluster", "mine"), ("time", "long")])
def test_options_that_are_none(tmp_path, option, value):
    from probe.workers.on_slurm import job_executor

    with pytest.raises(InputError, match=f"--slurm {option}={value}"):
        job_executor(tmp_path, {option: value}, 1, 0)
