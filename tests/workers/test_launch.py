"""What is asked for goes together, is installed, and is there; else it is said before anything is planned."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

import probe.study.request
import probe.workers.launch
from probe.cli import main
from probe.errors import EnvironmentFault, InputError
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.workers.launch import engaged


@pytest.mark.parametrize(("engine", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_an_extra_that_is_missing_is_named_with_the_command_that_installs_it(
    engine, package, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(probe.study.request, "find_spec", lambda name: None if name == package else object())
    assert main(["run", "demo", "--scheduler", engine, "--out", str(tmp_path / "r")]) == 3
    assert f"{package} is not installed. Run: pip install 'probe[{engine}]'" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scheduler": "dask"}, "--scheduler dask: not known"),
        ({"workers": 0}, "--workers 0"),
        ({"threads": 0}, "--threads 0"),
        ({"gpus_per_worker": 0}, "--gpus-per-worker 0"),
        ({"ray_address": "auto"}, "--scheduler ray"),
        ({"slurm": (("partition", "gpu"),)}, "--slurm partition=gpu: is an option of --scheduler slurm"),
    ],
)
def test_options_that_do_not_go_together(options, said):
    with pytest.raises(InputError, match=said):
        resolve(Request(**options))


def test_an_option_of_sbatch_without_a_value(capsys):
    assert main(["run", "--scheduler", "slurm", "--slurm", "reservation"]) == 2
    assert "--slurm reservation: no value" in capsys.readouterr().err


@pytest.fixture
def gpus(monkeypatch):
    """``GPUs(n)``: this machine has so many GPUs, all of one kind unless their names and GiB are given."""

    def has(n, kinds=None):
        monkeypatch.setattr(probe.workers.launch, "_visible_gpus", lambda: [str(k) for k in range(n)])
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda k: about((kinds or [("A", 80)] * n)[k]))

    def about(kind):
        return SimpleNamespace(name=kind[0], major=8, minor=0, total_memory=kind[1] * 2**30)

    return has


def pool(tmp_path, **options):
    with engaged(Request(**options), tmp_path) as found:
        return found


def test_one_card_and_a_cpu_need_no_workers(gpus, tmp_path):
    gpus(1)
    assert pool(tmp_path) is None
    gpus(0)
    assert pool(tmp_path) is None


def test_every_card_gets_a_process(gpus, tmp_path):
    gpus(4)
    found = pool(tmp_path)
    assert [worker.environment["CUDA_VISIBLE_DEVICES"] for worker in found.workers] == ["0", "1", "2", "3"]
    assert (found.device, found.threads) == ("cuda", 1)


def test_a_model_may_have_several_cards(gpus, tmp_path):
    gpus(4)
    found = pool(tmp_path, gpus_per_worker=2)
    assert [worker.environment["CUDA_VISIBLE_DEVICES"] for worker in found.workers] == ["0,1", "2,3"]
    assert found.device == "auto"
    with pytest.raises(EnvironmentFault, match="--workers 3: 6 GPUs are needed and 4 are visible"):
        pool(tmp_path, gpus_per_worker=2, workers=3)


@pytest.mark.parametrize(
    ("kinds", "taken", "left"),
    [
        ([("A", 24), ("B", 80)], ["1"], 1),
        ([("B", 80), ("A", 24), ("B", 80)], ["0", "2"], 1),
        ([("A", 24), ("A", 24), ("A", 24), ("B", 40)], ["0", "1", "2"], 1),
        ([("A", 40), ("A", 80)], ["1"], 1),
    ],
)
def test_unlike_cards_never_read_one_study(gpus, tmp_path, kinds, taken, left):
    gpus(len(kinds), kinds)
    found = pool(tmp_path)
    assert [worker.environment["CUDA_VISIBLE_DEVICES"] for worker in found.workers] == taken
    assert found.note == f"; {left} GPUs of another kind are left out"
    # What the first GPU would read with says nothing of another's readings.
    assert found.here == ("0" in taken)
    with pytest.raises(EnvironmentFault, match=f"{len(kinds)} GPUs are needed and {len(taken)} are visible and of one"):
        pool(tmp_path, workers=len(kinds))


def test_the_first_card_alone_needs_no_worker_where_it_is_the_largest(gpus, tmp_path):
    gpus(2, [("B", 80), ("A", 24)])
    assert pool(tmp_path) is None
    gpus(2, [("B", 80), ("B", 80)])
    assert pool(tmp_path).note == ""


def test_workers_on_the_cpu_have_one_thread_each_unless_more_are_asked_for(gpus, tmp_path):
    gpus(0)
    one, three = pool(tmp_path, workers=2), pool(tmp_path, workers=2, threads=3)
    assert [(c.threads, {p.environment["OMP_NUM_THREADS"] for p in c.workers}) for c in (one, three)] == [
        (1, {"1"}),
        (3, {"3"}),
    ]


def test_a_device_that_is_one_card_is_not_shared(tmp_path):
    with pytest.raises(InputError, match="cannot all be on --device cuda:1"):
        pool(tmp_path, workers=2, device="cuda:1")


def test_workers_are_ended_with_the_run(monkeypatch, tmp_path):
    ended = []
    worker = SimpleNamespace(close=lambda *, now: ended.append(now))
    monkeypatch.setattr(probe.workers.launch, "_local", lambda _: SimpleNamespace(workers=(worker, worker)))
    with engaged(Request(), tmp_path):
        assert ended == []
    assert ended == [False, False]
