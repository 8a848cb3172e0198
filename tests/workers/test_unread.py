"""Guards: a resumed study counts the packs that are still to be read, and each as soon as a worker has kept it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
from faults import install_fake_engine
from workers_here import pool_here

from probe.progress import Silent
from probe.run import measure
from probe.store.cache import Cache
from probe.store.folder import RunFolder
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.workers import scheduler

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
PACKS = 13


class Counted:
    """Keeps total and steps of every phase."""

    def __init__(self) -> None:
        self.phases = {}

    @contextmanager
    def phase(self, name, total):
        steps = []
        self.phases[name] = total, steps
        yield lambda count, note="": steps.append((count, note))


@pytest.fixture
def engine(monkeypatch):
    return install_fake_engine(monkeypatch)


def run(folder, progress):
    study = resolve(Request(suite=(str(SHORT),), design="quick"))
    measure(study, RunFolder(folder), progress, Cache(folder.parent / "cache"))


@pytest.mark.parametrize("there", [5, 0])
def test_a_resumed_study_counts_what_is_left(engine, tmp_path, monkeypatch, there):
    """Else packs that are there at once pass for the pace of reading, and the time that is left is told too short."""
    run(tmp_path / "one", Silent())
    for path in sorted((tmp_path / "cache" / "packs").glob("*/*/*.pack")):
        path.unlink()
    read = list(dict.fromkeys(engine.read_packs[:PACKS]))
    assert len(read) == PACKS
    if there:
        interrupted(engine, monkeypatch, tmp_path, there)
    pool_here(monkeypatch, 2)
    heard = Counted()
    run(tmp_path / "three", heard)
    (found,) = (one for name, one in heard.phases.items() if name.startswith("reading"))
    assert (found[0], sum(count for count, _ in found[1])) == (PACKS - there, PACKS - there)


def interrupted(engine, patch, tmp_path, after):
    """Read as many packs into the cache."""
    real, count = engine.read, []

    def reading(pack):
        if len(count) == after:
            raise KeyboardInterrupt
        count.append(pack)
        return real(pack)

    patch.setattr(engine, "read", reading)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "two", Silent())
    patch.setattr(engine, "read", real)


def test_a_pack_is_a_step_as_soon_as_it_is_kept(engine, tmp_path, monkeypatch):
    """A worker that is slow to say that its chunk has ended."""
    run(tmp_path / "one", Silent())
    for path in (tmp_path / "cache" / "packs").glob("*/*/*.pack"):
        path.unlink()
    monkeypatch.setattr(scheduler, "wait", slow(scheduler.wait))
    pool_here(monkeypatch, 1)
    heard = Counted()
    run(tmp_path / "two", heard)
    (found,) = (one for name, one in heard.phases.items() if name.startswith("reading"))
    assert sum(count for count, _ in found[1]) == PACKS
    assert [at for at, step in enumerate(found[1]) if step == (0, "")] == [0]  # models were loaded before the first
    assert found[1][1][0] > 0


def slow(real):
    """Every other look finds nothing ended, though all packs are kept."""
    looks = []

    def wait(flying, **words):
        looks.append(flying)
        return (set(), set(flying)) if len(looks) % 2 else real(flying, **words)

    return wait
