"""Guards: the benchmark of the statistics makes the study that it speaks of, and times every test of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "analysis.py"


@pytest.fixture
def bench(monkeypatch):
    spec = importlib.util.spec_from_file_location("bench_analysis", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_analysis", module)
    spec.loader.exec_module(module)
    return module


def test_every_trade_off_of_every_model_is_tested(bench, tmp_path):
    items, rows = bench.prepare(tmp_path, tradeoffs=1, models=2)
    assert (items, rows) == (96 + 40, 2 * (96 + 40) * 32)
    found = bench.measured(tmp_path)
    assert (found.tests, found.exact, found.claims) == (2, 0, 2)
    assert found.seconds > 0
    assert found.gigabytes > 0
