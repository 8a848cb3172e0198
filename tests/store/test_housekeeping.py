"""What the cache lists, removes and finds damaged."""

from __future__ import annotations

import os
import time

import pytest

from probe.prompts.pack import PromptReading
from probe.store.cache import Cache
from probe.store.housekeeping import collect_garbage, damaged_files, list_engines
from probe.store.shards import Shard
from probe.study.rows import shard_rows

SHARD = Shard(shard_rows([PromptReading((-0.5,), (1.0,), 9, -0.25)]), 0.5)
DAY = 86400.0


def packs(n: int) -> str:
    return f"{n:064x}"


@pytest.fixture
def cache(tmp_path) -> Cache:
    """Two engines with three packs each, one, two and three days old."""
    cache = Cache(tmp_path / "cache")
    for engine in ("a" * 64, "b" * 64):
        shards = cache.shards(engine)
        shards.describe({"model": engine[:1]})
        for n in (1, 2, 3):
            shards.keep(packs(n), SHARD)
            os.utime(shards.path(packs(n)), (time.time() - n * DAY,) * 2)
    return cache


def left(cache: Cache) -> list[tuple[str, int]]:
    return [(one.engine[0], one.packs) for one in sorted(list_engines(cache), key=lambda one: one.engine)]


def test_engines_are_listed_with_what_they_are(cache):
    engines = list_engines(cache)
    assert left(cache) == [("a", 3), ("b", 3)]
    assert {one.about["model"] for one in engines} == {"a", "b"}
    assert all(one.bytes == 3 * cache.shards("a" * 64).path(packs(1)).stat().st_size for one in engines)
    assert list_engines(Cache(cache.root / "nothing")) == []


def test_packs_go_by_age(cache):
    freed = collect_garbage(cache, older_than=1.5 * DAY)
    assert (freed.files, left(cache)) == (4, [("a", 1), ("b", 1)])
    assert cache.shards("a" * 64).holds(packs(1))


def test_a_pack_from_the_future_is_new(cache):
    os.utime(cache.shards("a" * 64).path(packs(3)), (time.time() + 100 * DAY,) * 2)
    collect_garbage(cache, older_than=1.5 * DAY)
    assert left(cache) == [("a", 2), ("b", 1)]


def test_the_oldest_go_first_until_the_size_fits(cache):
    size = cache.shards("a" * 64).path(packs(1)).stat().st_size
    collect_garbage(cache, keep_bytes=3 * size)
    assert left(cache) == [("a", 2), ("b", 1)] or left(cache) == [("a", 1), ("b", 2)]
    assert not cache.shards("a" * 64).holds(packs(3))
    collect_garbage(cache, keep_bytes=0)
    assert left(cache) == []


def test_one_engine_can_go_alone(cache):
    collect_garbage(cache, engine="aa", older_than=2.5 * DAY)
    assert left(cache) == [("a", 2), ("b", 3)]
    collect_garbage(cache, engine="aa")
    assert left(cache) == [("b", 3)]


def test_without_a_wish_only_leftovers_go(cache):
    old, new = (cache.root / "packs" / ("a" * 64) / name for name in (".old.tmp", ".new.tmp"))
    scratch = cache.root / "scratch" / "killed"
    scratch.mkdir(parents=True)
    for path in (old, new):
        path.write_bytes(b"half")
    for path in (old, scratch):
        os.utime(path, (time.time() - 2 * DAY,) * 2)
    assert collect_garbage(cache).files == 2
    assert new.exists()
    assert not scratch.exists()
    assert left(cache) == [("a", 3), ("b", 3)]


def test_damage_is_named_and_removed_on_request(cache):
    cache.notes("weights").put("file", "abc")
    assert damaged_files(cache, remove=False) == []
    shard = cache.shards("b" * 64).path(packs(2))
    (note,) = (cache.root / "notes" / "weights").iterdir()
    for path in (shard, note):
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
    named = [str(note.relative_to(cache.root)), str(shard.relative_to(cache.root))]
    assert damaged_files(cache, remove=False) == named
    assert shard.exists()
    assert damaged_files(cache, remove=True) == named
    assert not shard.exists()
    assert damaged_files(cache, remove=False) == []
