"""This process is a worker like others: it loads a model once, says what it does while it does it, and raises bugs."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pyarrow.compute as pc
import pytest
from faults import install_fake_engine

import probe.engine.load
import probe.workers.pool
from probe.cli import main
from probe.engine.out_of_memory import NoMemoryError
from probe.errors import EnvironmentFault, ModelError
from probe.progress import Silent
from probe.run import measure
from probe.store.cache import Cache
from probe.store.folder import RunFolder
from probe.study.planning import find_model, job_of, plan_onto_disk
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture
def engine(monkeypatch):
    return install_fake_engine(monkeypatch)


@pytest.fixture
def loads(engine, monkeypatch):
    """Names of the models that are loaded, in turn; two are never in memory at a time."""
    names, here, real = [], [], probe.engine.load.loaded

    @contextmanager
    def loaded(_, name, **__):
        assert here == []
        names.append(name)
        here.append(name)
        with real() as model:
            yield model
        here.clear()

    monkeypatch.setattr(probe.engine.load, "loaded", loaded)
    yield names
    assert here == []


class Heard(Silent):
    """Remembers every phase, and the steps that it took."""

    def __init__(self) -> None:
        self.phases = []

    @contextmanager
    def phase(self, name, total):
        steps = []
        self.phases.append((name, total, steps))
        yield lambda step, _="": steps.append(step)


def run(folder, *, models=("demo",), progress=None):
    study = resolve(Request(models=models, suite=(str(SHORT),), design="quick"))
    return measure(study, RunFolder(folder), progress or Silent(), Cache(folder.parent / "cache"))


def test_every_pack_is_a_step_and_the_model_is_loaded_once(engine, loads, tmp_path):
    heard = Heard()
    record = run(tmp_path / "r", progress=heard).models["demo"]
    told = {name: (total, steps) for name, total, steps in heard.phases}
    assert list(told)[1:] == ["loading demo", "reading demo", "numeric floor of demo"]
    assert told["reading demo"] == (13, [1] * 13)
    assert told["numeric floor of demo"] == (record.floor_cells, [1] * record.floor_cells)
    assert loads == ["demo"]
    assert (record.scheduler, record.workers) == ("none", 1)


def test_the_log_is_written_while_packs_are_read(engine, tmp_path, monkeypatch):
    log, real = tmp_path / "r" / "run.log", engine.read

    def reading(pack):
        until = time.monotonic() + 20
        while engine.read_packs and not (log.is_file() and log.read_text().count("\tpack\t")):
            assert time.monotonic() < until
            time.sleep(0.01)
        return real(pack)

    monkeypatch.setattr(engine, "read", reading)
    run(tmp_path / "r")
    assert log.read_text().count("\tpack\t") == 13


def test_an_architecture_of_which_no_cost_is_known_can_be_read(engine, tmp_path, monkeypatch):
    def unknown(_):
        raise ModelError("its cost is not known")

    monkeypatch.setattr(probe.workers.pool, "costs_of", unknown)
    assert run(tmp_path / "r").models["demo"].packs == 13


@pytest.mark.parametrize("names", [("demo", "zz"), ("zz", "demo")])
def test_models_are_read_one_after_the_other_in_the_order_of_the_study(loads, tmp_path, demo_folder, names):
    shutil.copytree(demo_folder, tmp_path / "zz")
    run(tmp_path / "r", models=tuple(str(tmp_path / "zz") if name == "zz" else name for name in names))
    assert loads == list(names)


def test_a_model_that_starts_again_is_let_go_first(engine, loads, tmp_path, monkeypatch):
    real = engine.read

    def reading(pack):
        if pack.budget > 1024:
            raise NoMemoryError("no memory")
        return real(pack)

    monkeypatch.setattr(engine, "read", reading)
    assert run(tmp_path / "r").models["demo"].pack_tokens == 1024
    assert loads == ["demo"] * 3


def test_one_model_whose_machine_has_a_fault_does_not_keep_others(engine, tmp_path, demo_folder, monkeypatch):
    shutil.copytree(demo_folder, tmp_path / "zz")
    real = probe.engine.load.loaded

    def loaded(folder, name, **rest):
        if name == "zz":
            raise EnvironmentFault("zz: does not fit")
        return real(folder, name, **rest)

    monkeypatch.setattr(probe.engine.load, "loaded", loaded)
    manifest = run(tmp_path / "r", models=(str(tmp_path / "zz"), "demo"))
    assert (set(manifest.models), manifest.failed_models) == ({"demo"}, {"zz": "zz: does not fit"})


def test_verify_loads_the_model_and_lets_it_go(loads, tmp_path, capsys):
    run(tmp_path / "r")
    assert main(["verify", str(tmp_path / "r"), "--packs", "2"]) == 0, capsys.readouterr().out
    assert loads == ["demo", "demo"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_whatever_ends_it_keeps_what_was_read_and_lets_the_model_go(engine, loads, tmp_path, monkeypatch, error):
    real = engine.read

    def reading(pack):
        if len(engine.read_packs) == 4:
            raise error
        return real(pack)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "read", reading)
        with pytest.raises(NoMemoryError if error is MemoryError else error):
            run(tmp_path / "r")
    first = list(engine.read_packs)
    engine.read_packs.clear()
    run(tmp_path / "r")
    assert (len(first), len(engine.read_packs)) == (4, 9)
    assert not set(first) & set(engine.read_packs)


TEXTS = ("You are careful.", "You are brave.")


def test_conditions_of_one_model_load_its_weights_once(loads, tmp_path, demo_folder):
    shutil.copytree(demo_folder, tmp_path / "zz")
    request = Request(models=("demo", str(tmp_path / "zz")), suite=(str(SHORT),), design="quick", system=TEXTS)
    manifest = measure(resolve(request), RunFolder(tmp_path / "r"), Silent(), Cache(tmp_path / "cache"))
    assert len(manifest.models) == 4
    assert [name.partition("+")[0] for name in loads] == ["demo", "zz"]


def test_other_numbers_are_other_weights(engine, tmp_path):
    jobs = [a_job(tmp_path, **changes) for changes in ({}, {"dtype": "float32"}, {"system": TEXTS[:1]})]
    assert jobs[0].loads != jobs[1].loads
    assert jobs[0].loads == jobs[2].loads


def a_job(tmp_path, **changes):
    study = resolve(Request(models=("demo",), suite=(str(SHORT),), design="quick", **changes))
    planned = plan_onto_disk(study, find_model(study, study.sources[0]), 4096, tmp_path)
    return job_of(planned, study.request, Cache(tmp_path / "cache"), "cpu")


def test_a_condition_reads_the_same_bytes_behind_another_as_alone(tmp_path, monkeypatch):
    loaded, real = [], probe.engine.load.load_model
    monkeypatch.setattr(
        probe.engine.load, "load_model", lambda folder, name, **rest: loaded.append(name) or real(folder, name, **rest)
    )

    def readings(out, texts):
        request = Request(models=("demo",), suite=(str(SHORT),), design="quick", system=texts)
        measure(resolve(request), RunFolder(tmp_path / out), Silent(), Cache(tmp_path / f"{out}-cache"))
        table = RunFolder(tmp_path / out).readings()
        return {
            name: table.filter(pc.equal(table["model"], name)).drop_columns(["model"])
            for name in table["model"].unique().to_pylist()
        }

    together = readings("both", TEXTS)
    assert len(loaded) == 1
    columns = ["item", "variant", "logprob_p1", "logprob_p2"]
    for text, name in zip(TEXTS, ("demo+you-are-careful", "demo+you-are-brave"), strict=True):
        (alone,) = readings(name, (text,)).values()
        assert together[name].select(columns) == alone.select(columns)
    assert len(loaded) == 3
