"""Guards: what a reading depends on keeps it apart from others."""

from __future__ import annotations

from types import SimpleNamespace

from probe.study.job import EngineFacts


def test_readings_of_own_and_of_the_library_s_expansions_never_mix():
    facts = dict.fromkeys(EngineFacts.__dataclass_fields__, "same")
    job = SimpleNamespace(key="work")
    keys = {
        EngineFacts(**{**facts, "quantisation": {"kind": "nf4", "expansion": whose}}).key(job)
        for whose in ("own", "library")
    }
    assert len(keys) == 2
