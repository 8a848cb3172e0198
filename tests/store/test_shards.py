"""A finished pack comes back as it was, or not at all."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from faults import FaultyDisk

from probe.errors import EnvironmentFault, StudyError
from probe.prompts.pack import PromptReading
from probe.store.cache import Cache, cache_folder, engine_key
from probe.store.shards import Shard, Shards
from probe.study.rows import shard_rows

PACK, OTHER, ENGINE = "ab" * 32, "cd" * 32, "e" * 64
READINGS = [
    PromptReading((-0.5, -1.25, -3.0), (1.0, 0.25, 0.5), 9, -0.25),
    PromptReading((-math.pi,), (0.125,), 3, -1e-300),
]
SHARD = Shard(shard_rows(READINGS), 0.5)


@pytest.fixture
def shards(tmp_path) -> Shards:
    return Cache(tmp_path / "cache").shards(ENGINE)


def test_what_is_kept_comes_back_to_the_bit(shards):
    assert shards.load(PACK) is None
    assert not shards.holds(PACK)
    shards.keep(PACK, SHARD)
    found = shards.load(PACK)
    assert found is not None
    assert found.rows.to_pylist() == SHARD.rows.to_pylist()
    assert found.seconds == 0.5
    assert shards.holds(PACK)


def test_every_flipped_byte_is_found(shards):
    shards.keep(PACK, SHARD)
    path = shards.path(PACK)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(StudyError, match=rf"{PACK}\.pack: damaged"):
            shards.load(PACK)


def test_a_file_that_was_cut_is_found(shards):
    shards.keep(PACK, SHARD)
    whole = shards.path(PACK).read_bytes()
    for size in (*range(0, len(whole), 41), len(whole) - 1):
        shards.path(PACK).write_bytes(whole[:size])
        with pytest.raises(StudyError, match="damaged"):
            shards.load(PACK)


def test_a_shard_in_the_place_of_another_is_refused(shards, tmp_path):
    shards.keep(PACK, SHARD)
    shards.keep(OTHER, SHARD)
    shards.path(PACK).write_bytes(shards.path(OTHER).read_bytes())
    with pytest.raises(StudyError, match="another pack"):
        shards.load(PACK)
    elsewhere = Cache(tmp_path / "cache").shards("f" * 64)
    elsewhere.path(OTHER).parent.mkdir(parents=True)
    elsewhere.path(OTHER).write_bytes(shards.path(OTHER).read_bytes())
    with pytest.raises(StudyError, match="another pack"):
        elsewhere.load(OTHER)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_is_no_number_is_refused(shards, number):
    shards.keep(PACK, Shard(shard_rows([PromptReading((number,), (1.0,), 1, -1.0)]), 0.1))
    with pytest.raises(StudyError, match="numbers that are none"):
        shards.load(PACK)


def test_a_full_disk_says_what_to_do(tmp_path):
    full = FaultyDisk("full", 5)
    with pytest.raises(EnvironmentFault, match=r"No space left.*PROBE_CACHE.*goes on"):
        Cache(tmp_path / "cache", full).shards(ENGINE).keep(PACK, SHARD)
    assert not list((tmp_path / "cache").rglob("*.tmp"))


def test_the_key_depends_on_every_part():
    parts = {"weights": "a", "dtype": "float32", "threads": "1"}
    keys = {engine_key(parts)} | {engine_key({**parts, name: "other"}) for name in parts}
    assert len(keys) == 4
    assert engine_key({"a": "b", "c": ""}) != engine_key({"a": "b"})


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("PROBE_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "probe"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder().name == "probe"
    assert cache_folder().parent.name == ".cache"


def test_notes_are_there_or_not_but_never_wrong(tmp_path):
    notes = Cache(tmp_path).notes("weights")
    assert notes.get("file") is None
    notes.put("file", "abc")
    assert notes.get("file") == "abc"
    (path,) = notes.folder.iterdir()
    assert notes.sound(path)
    whole = path.read_bytes()
    for at in range(len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert notes.get("file") in {None, "abc"}
    path.write_text("[]")
    assert notes.get("file") is None
    assert not notes.sound(path)


def test_a_note_that_cannot_be_written_is_not_missed(tmp_path):
    (tmp_path / "notes").write_text("a file where a folder should be")
    notes = Cache(tmp_path).notes("weights")
    notes.put("file", "abc")
    assert notes.get("file") is None


def test_shard_rows_have_the_named_schema(shards):
    assert isinstance(SHARD.rows, pa.RecordBatch)
    assert SHARD.rows.schema.names == ["logprobs", "boundaries", "top_token_id", "top_logprob"]
