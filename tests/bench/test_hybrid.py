"""Guards: the script counts passes and tokens of both readers, and divides what it timed."""

from __future__ import annotations

import pytest


def test_the_table_at_small_size(bench):
    text = bench("hybrid").measured(["qwen3_5"], 1, [64], stem=9, splits=1)
    rows = [[part.strip() for part in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    told = {kind: [float(one) for one in rest] for kind, *rest in rows}
    nodes = 9 + 2 * (12 + 4)
    assert told["qwen3_5, forked"][1] == 2
    assert told["qwen3_5, forked"][5] == pytest.approx((2 * 21 + 2 * 4) / nodes, abs=0.005)
    assert told["qwen3_5, plain"][5] == pytest.approx((2 * 21 + 2 * 4) / nodes, abs=0.005)
