"""Guards: the script counts passes and tokens of both readers, and divides what it timed."""

from __future__ import annotations

import pytest

from probe.engine import forked
from probe.prompts.trie import grow


def test_the_table_at_small_size(bench, monkeypatch):
    hybrid = bench("hybrid")
    monkeypatch.setattr(forked, "PASS_TOKENS", 0)
    text = hybrid.measured(["qwen3_5"], 1, [64], design="quick", words=9)
    rows = [[part.strip() for part in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    told = {kind: [float(one) for one in rest] for kind, *rest in rows}
    pack = hybrid.question_pack(hybrid.MODEL, hybrid.load_design("quick").axes, 9, budget=4096, system=None)
    assert len(pack.prompts) == 4
    assert told["qwen3_5, forked"][1] > 2
    assert told["qwen3_5, forked"][5] == 1.0  # a cut wherever prompts part: every node once
    plain = sum(len(p.input_ids) + sum(map(len, p.continuations)) for p in pack.prompts)
    assert told["qwen3_5, plain"][5] == pytest.approx(plain / grow(enumerate(pack.prompts)).size, abs=0.005)
