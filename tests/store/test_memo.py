"""Guards: a note that nests, lies or is binary is not there, and looking after the cache survives it."""

from __future__ import annotations

import json

import pytest

from probe.store.cache import Cache
from probe.store.housekeeping import damaged_files, list_engines
from probe.store.memo import Notes, _digest
from probe.study.answer_cache import _answer

KEY = "a key"

STRANGE = {
    "binary": b"\xff\xfe\x00\x80" * 99,
    "nested": b"[" * 200_000,
    "nested in its key": b'{"key": ' + b"[" * 200_000,
    "a list": b"[1, 2]",
    "a key that is none": b'{"key": {"a": 1}, "value": "x", "sha256": "y"}',
    "a number for a key": b'{"key": 3, "value": "x", "sha256": "y"}',
    "half a pair": b'{"key": "\\ud800", "value": "x", "sha256": "y"}',
    "a number for a text": json.dumps({"key": KEY, "value": 7, "sha256": _digest(KEY, 7)}).encode(),
}


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_note_is_not_there_and_is_found_damaged(kind, cache):
    notes = cache.notes("readers")
    notes.put(KEY, "value")
    assert (notes.get(KEY), damaged_files(cache, remove=False)) == ("value", [])
    (path,) = (cache.root / "notes" / "readers").glob("*.json")
    path.write_bytes(STRANGE[kind])
    assert notes.get(KEY) is None
    assert damaged_files(cache, remove=True) == [f"notes/readers/{path.name}"]
    assert damaged_files(cache, remove=False) == []
    notes.put(KEY, "value")
    assert notes.get(KEY) == "value"


@pytest.mark.parametrize("kind", ["binary", "nested", "a list"])
def test_what_is_noted_of_an_engine_may_be_anything(kind, cache):
    folder = cache.packs / ("a" * 64)
    folder.mkdir(parents=True)
    (folder / "about.json").write_bytes(STRANGE[kind])
    assert [one.about for one in list_engines(cache)] == [{}]


@pytest.mark.parametrize("text", [None, "", "{", "[" * 200_000, "{}", "7", "[1, -2]", "[1, 2.5]", "[true]", '["a"]'])
def test_an_answer_that_is_none_is_written_again(text):
    assert _answer(text) is None
    assert _answer("[1, 2]") == (1, 2)


def test_notes_of_two_keys_are_two(cache):
    notes = Notes(cache.root, cache.disk)
    notes.put("one", "1")
    notes.put("two", "2")
    assert (notes.get("one"), notes.get("two"), notes.get("three")) == ("1", "2", None)
