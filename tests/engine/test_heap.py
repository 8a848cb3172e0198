"""Guards: what a pass frees is there for the next, and goes back to the system before another model is loaded."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys, psutil, torch
from probe.engine.heap import keep_freed_memory
from probe.engine.placement import release_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def held():
    return psutil.Process().memory_info().rss // 2**20
def work():
    one = torch.ones(20, 2**20)
    return (one * 2).sum()
for _ in range(5):
    work()
before = faults()
for _ in range(20):
    work()
told = faults() - before, held()
release_memory()
print(*told, held())
"""


def told(mode: str) -> tuple[int, int, int]:
    """Page faults of twenty operations on 80 MiB, memory held behind them and after it was released, in MiB."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT, mode], capture_output=True, text=True, check=True, env=env)
    faults, held, released = map(int, done.stdout.split())
    return faults, held, released


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="freed memory is kept with glibc alone")
def test_freed_memory_is_kept_until_it_is_given_back():
    faults, held, released = told("keep")
    before, _, _ = told("as it is")
    assert before > 20 * 20_000  # 80 MiB are 20,480 pages
    assert faults < before / 10
    assert held - released > 100


def test_nothing_happens_without_glibc(monkeypatch):
    from probe.engine import heap

    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _: object())
    heap.keep_freed_memory()
    heap.give_freed_memory_back()
