"""Guards: the cost of a start is that of a process, its first line before its end, and a failure is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SAYS = "import sys, time\n{}\nprint('begun', file=sys.stderr, flush=True)\n{}"
BUSY = "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_cpu_time_until_the_first_line_and_to_the_end(bench, tmp_path):
    start = bench("start")
    early = start.cost_of([sys.executable, "-c", SAYS.format("", BUSY)], ROOT, tmp_path)
    late = start.cost_of([sys.executable, "-c", SAYS.format(BUSY, "")], ROOT, tmp_path)
    assert early.whole >= 0.3
    assert late.first >= 0.29
    assert late.first <= late.whole + 0.02


def test_what_fails_has_no_cost(bench, tmp_path):
    with pytest.raises(RuntimeError, match="exit 3 after 'begun'"):
        bench("start").cost_of([sys.executable, "-c", SAYS.format("", "sys.exit(3)")], ROOT, tmp_path)


def test_the_table(bench):
    found = {"this code": {"first line": 1.0, "plan": 2.0}, "earlier code": {"first line": 3.0, "plan": 4.0}}
    text = bench("start").described({**found, "libraries": {"import": 5.0}}, 7)
    assert "| this code | 1.00 | 2.00 |" in text
    assert "| earlier code | 3.00 | 4.00 |" in text
    assert "5.00. Medians of 7 rounds." in text
