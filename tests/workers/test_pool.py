"""A study that several workers read is the study that one process reads, also where some of it cannot be read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.compute as pc
import pytest
from faults import install_fake_engine
from workers_here import pool_here

import probe
import probe.study.model_reader
from probe.cli import main
from probe.engine.out_of_memory import NoMemoryError
from probe.errors import EnvironmentFault, ModelError, StudyError
from probe.progress import Silent
from probe.run import measure
from probe.store.cache import Cache
from probe.store.folder import RunFolder
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture
def engine(monkeypatch):
    return install_fake_engine(monkeypatch)


def run(folder, models=("demo",), cache=None):
    study = resolve(Request(models=models, suite=(str(SHORT),), design="quick"))
    return measure(study, RunFolder(folder), Silent(), cache or Cache(folder.parent / "cache"))


def sha(folder):
    return hashlib.sha256((folder / "readings.parquet").read_bytes()).hexdigest()


@pytest.fixture
def broken(engine, monkeypatch):
    """``broken(pack)``: from now on that pack cannot be read."""
    packs = set()
    read = engine.read

    def reading(pack):
        if pack.sha256 in packs:
            raise RuntimeError("this pack is poison")
        return read(pack)

    monkeypatch.setattr(engine, "read", reading)
    return packs


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_bytes_whoever_reads(engine, tmp_path, monkeypatch, workers):
    alone = run(tmp_path / "alone", cache=Cache(tmp_path / "one"))
    pool = pool_here(monkeypatch, workers)
    together = run(tmp_path / "together", cache=Cache(tmp_path / "other"))
    assert sha(tmp_path / "together") == sha(tmp_path / "alone")
    assert together.models["demo"].packs == alone.models["demo"].packs == 13
    assert (together.models["demo"].scheduler, together.models["demo"].workers) == ("local", workers)
    assert all(worker.started for worker in pool.workers)
    assert sorted(engine.read_packs) == sorted([*engine.read_packs[:13]] * 2)


def test_what_another_folder_has_read_is_not_read_again(engine, tmp_path, monkeypatch):
    run(tmp_path / "one")
    pool = pool_here(monkeypatch, 2)
    engine.read_packs.clear()
    run(tmp_path / "two")
    assert engine.read_packs == []
    assert sha(tmp_path / "two") == sha(tmp_path / "one")
    assert [chunk for worker in pool.workers for chunk in worker.started] == []


def test_a_pack_that_fails_three_times_is_named_and_read_by_the_same_command_later(
    engine, broken, tmp_path, monkeypatch, capsys
):
    whole = tmp_path / "whole"
    run(whole, cache=Cache(tmp_path / "one"))
    packs = {row["item"]: row["pack_sha256"] for row in probe.Results(whole).readings.to_pylist()}
    pool_here(monkeypatch, 2)
    broken.add(packs["short/sky"])
    arguments = ["run", "demo", "--suite", str(SHORT), "--design", "quick", "--out", str(tmp_path / "r")]
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path / "other"))
    assert main(arguments) == 1
    assert "failed: demo: short/sky: RuntimeError: this pack is poison" in capsys.readouterr().err
    record = probe.Results(tmp_path / "r").manifest.models["demo"]
    assert "short/sky" in record.failed_packs
    readings = probe.Results(tmp_path / "r").readings
    rest = probe.Results(whole).readings
    rest = rest.filter(pc.invert(pc.is_in(rest["item"], pc.cast(list(record.failed_packs), rest["item"].type))))
    assert readings.equals(rest)
    broken.clear()
    assert main(arguments) == 0
    assert sha(tmp_path / "r") == sha(whole)
    assert probe.Results(tmp_path / "r").manifest.models["demo"].failed_packs == {}


def test_memory_that_runs_out_halves_the_budget_of_all_workers(engine, tmp_path, monkeypatch):
    pool = pool_here(monkeypatch, 2)
    read = engine.read

    def reading(pack):
        if pack.budget > 1024:
            raise NoMemoryError("no memory")
        return read(pack)

    monkeypatch.setattr(engine, "read", reading)
    record = run(tmp_path / "r").models["demo"]
    assert record.pack_tokens == 1024
    assert {chunk.budget for worker in pool.workers for chunk in worker.started} == {4096, 2048, 1024}
    assert len(set(engine.read_packs)) == 13


def test_one_of_several_models_may_fail(engine, tmp_path, monkeypatch, demo_folder):
    import shutil

    import probe.engine.load

    shutil.copytree(demo_folder, tmp_path / "twin")
    pool_here(monkeypatch, 2)
    loaded = probe.engine.load.loaded

    def loading(folder, name, **rest):
        if name == "twin":
            raise ModelError("twin: damaged")
        return loaded(folder, name, **rest)

    monkeypatch.setattr(probe.engine.load, "loaded", loading)
    manifest = run(tmp_path / "r", ("demo", str(tmp_path / "twin")))
    assert (set(manifest.models), manifest.failed_models) == ({"demo"}, {"twin": "twin: damaged"})


class Clock:
    """Seconds that pass only where a test says so."""

    def __init__(self, patch, engine) -> None:
        self.now = 0.0
        read, loaded = engine.read, probe.engine.load.loaded
        patch.setattr("time.perf_counter", lambda: self.now)
        patch.setattr(engine, "read", lambda pack: self.after(1.0, read, pack))
        patch.setattr(probe.engine.load, "loaded", lambda *_, **__: self.after(1000.0, loaded))

    def after(self, seconds, function, *given):
        self.now += seconds
        return function(*given)


def test_wall_seconds_are_those_from_the_loaded_model_to_the_last_reading_whoever_reads(engine, tmp_path, monkeypatch):
    Clock(monkeypatch, engine)
    alone = run(tmp_path / "alone", cache=Cache(tmp_path / "one")).models["demo"]
    pool_here(monkeypatch, 1)
    together = run(tmp_path / "together", cache=Cache(tmp_path / "other")).models["demo"]
    assert (alone.wall_seconds, together.wall_seconds) == (13.0, 13.0)


@pytest.mark.parametrize("where", [lambda _: None, lambda patch: pool_here(patch, 1)], ids=["alone", "worker"])
@pytest.mark.parametrize("error", [EnvironmentFault, ModelError, StudyError, NoMemoryError])
def test_an_error_has_its_class_wherever_it_comes_from(engine, tmp_path, monkeypatch, where, error):
    def refuse(*_, **__):
        raise error("demo: of its own class")

    where(monkeypatch)
    monkeypatch.setattr(probe.engine.load, "loaded", refuse)
    with pytest.raises(error, match=r"^demo: of its own class$") as caught:
        run(tmp_path / "r")
    assert type(caught.value) is error


def test_a_bug_in_this_process_is_raised_at_once(engine, tmp_path, monkeypatch):
    tried = []

    def reading(pack):
        tried.append(pack)
        raise RuntimeError("a bug")

    monkeypatch.setattr(engine, "read", reading)
    with pytest.raises(RuntimeError, match="a bug"):
        run(tmp_path / "r")
    assert len(tried) == 1
