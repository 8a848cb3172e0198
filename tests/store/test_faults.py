"""Whatever step of writing fails, the same command ends in the bytes of a run in which nothing failed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from faults import Crash, FaultyDisk, install_fake_engine

from probe.errors import EnvironmentFault
from probe.progress import Silent
from probe.run import measure
from probe.store.cache import Cache
from probe.store.disk import Disk
from probe.store.folder import RunFolder
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
KINDS = ("crash", "power", "torn", "full", "short")
SAME = ("readings.parquet", "prompts.parquet", "results.json")


@pytest.fixture
def engine(monkeypatch):
    return install_fake_engine(monkeypatch)


@pytest.fixture
def study(tmp_path):
    design = tmp_path / "design.yaml"
    design.write_text("design: two\naxes: {order: [p1, p2]}\n")
    return resolve(Request(suite=(str(SHORT),), design=str(design), limit=1))


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SAME}


def run(study, place: Path, disk=None) -> None:
    measure(study, RunFolder(place / "run", disk or Disk()), Silent(), Cache(place / "cache", disk or Disk()))


def packs_kept(place: Path) -> set[str]:
    return {path.stem for path in (place / "cache" / "packs").glob("*/*/[!.]*.pack")}


def fail_and_resume(study, engine, place: Path, kind: str, at: int, expected: dict[str, bytes]) -> bool:
    """Let step `at` fail, run again, compare; whether there was such a step."""
    disk = FaultyDisk(kind, at)
    engine.read_packs.clear()
    try:
        run(study, place, disk)
    except Crash:
        assert kind in {"crash", "power", "torn"}
    except EnvironmentFault as error:
        told = (kind, error.exit_code, "No space left" in str(error), "goes on" in str(error))
        assert told == ("full", 3, True, True)
        assert not list(place.rglob(".*.tmp"))
    if disk.steps < at:
        return False
    if kind == "power":
        disk.lose_power()
    before, kept = list(engine.read_packs), packs_kept(place)
    engine.read_packs.clear()
    run(study, place)
    assert tables(place / "run") == expected, (kind, at)
    if kind != "power":
        assert not kept & set(engine.read_packs), (kind, at, "a finished pack was read again")
    assert set(before) | set(engine.read_packs) == {pack for pack in packs_kept(place) if pack in engine_packs(study)}
    return True


_PACKS: dict[str, set[str]] = {}


def engine_packs(study) -> set[str]:
    return _PACKS[study.request_sha256]


@pytest.fixture
def expected(study, engine, tmp_path):
    run(study, tmp_path / "whole")
    _PACKS[study.request_sha256] = set(engine.read_packs)
    assert len(engine.read_packs) == 6
    return tables(tmp_path / "whole" / "run")


@pytest.mark.parametrize("kind", KINDS)
def test_some_failing_steps(kind, study, engine, tmp_path, expected):
    """A few steps, from another start for each kind; the slow test takes every one."""
    start, stride = 2 + 3 * KINDS.index(kind), 11 if kind in {"torn", "short"} else 53
    tried = [
        n for n in range(start, 400, stride) if fail_and_resume(study, engine, tmp_path / f"{n}", kind, n, expected)
    ]
    assert len(tried) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_failing_step(kind, study, engine, tmp_path, expected, capsys):
    counting = FaultyDisk(kind, 0)
    run(study, tmp_path / "counting", counting)
    written = [path for path in (tmp_path / "counting").rglob("[!.]*") if path.is_file()]
    assert counting.steps >= len(written) > len(engine_packs(study))
    for at in itertools.count(1):
        if not fail_and_resume(study, engine, tmp_path / f"{at}", kind, at, expected):
            break
    with capsys.disabled():
        print(f"\n{kind}: {at - 1} steps, each failed once, each resumed to the same bytes")
    assert at - 1 == counting.steps


def test_a_step_that_fails_twice_in_a_row(study, engine, tmp_path, expected):
    """A crash, then a crash on the way back, then a run that ends."""
    for first, second in ((20, 9), (90, 30)):
        place = tmp_path / f"{first}"
        for at in (first, second):
            with pytest.raises(Crash):
                run(study, place, FaultyDisk("crash", at))
        run(study, place)
        assert tables(place / "run") == expected
