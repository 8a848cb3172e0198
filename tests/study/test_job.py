"""Guards: what a reading depends on keeps it apart from others, and what loading said is remembered as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest

from probe.loaded_facts import LoadedFacts, ReaderFacts, WeightFacts
from probe.store.cache import Cache
from probe.study.job import Job, known_reader

WEIGHTS = WeightFacts(
    dtype="float32",
    attention="sdpa",
    architecture="LlamaForCausalLM",
    parameters=7,
    device="cpu",
    quantisation={"kind": "nf4", "double": True, "threshold": 6.0},
    compute="native",
    weight_bytes=28,
    estimated_bytes=28,
    unquantised_share=0.5,
    placement={"cpu": 28},
    numerics={"tf32": "False"},
)
FACTS = LoadedFacts(WEIGHTS, ReaderFacts("trie", "it agrees", 1e-6, 2e-6), 3, "memory")


def test_readings_of_own_and_of_the_library_s_expansions_never_mix():
    job = SimpleNamespace(key="work")
    keys = {
        Job.engine(job, replace(FACTS, weights=replace(WEIGHTS, quantisation={"kind": "nf4", "expansion": whose})))
        for whose in ("own", "library")
    }
    assert len(keys) == 2


@pytest.mark.parametrize(
    "change", [{"reading": replace(FACTS.reading, reader="plain")}, {"weights": replace(WEIGHTS, attention="eager")}]
)
def test_readings_of_another_reader_or_attention_never_mix(change):
    job = SimpleNamespace(key="work")
    assert Job.engine(job, FACTS) != Job.engine(job, replace(FACTS, **change))


def test_what_loading_said_is_remembered_as_it_was_or_not_at_all(tmp_path):
    job = SimpleNamespace(opening="k", cache=Cache(tmp_path))
    assert known_reader(job) is None
    notes = job.cache.notes("engines")
    notes.put("k", json.dumps(asdict(FACTS)))
    assert known_reader(job) == FACTS
    for damaged in ("", "{}", "[" * 5000, json.dumps({**asdict(FACTS), "threads": "3"})):
        notes.put("k", damaged)
        assert known_reader(job) is None
