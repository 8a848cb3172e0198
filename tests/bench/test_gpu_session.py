"""Guards: a block that raises, hangs or dies is reported and the others go on; the table is of the file alone."""

from __future__ import annotations

import json

import pytest

QUICK = ["machine", "kernels", "fast", "head", "neighbours", "floor", "quantised"]


@pytest.fixture
def session(bench):
    return bench("gpu_session")


def test_blocks_report_in_their_order(session):
    rows = list(session.run_blocks(QUICK, small=True))
    assert not [row for row in rows if "error" in row]
    assert [row["block"] for row in rows if "ended" in row] == QUICK
    assert {row["what"] for row in rows if row["block"] == "head" and "what" in row} == {
        "in blocks",
        "in one product",
        "apart",
    }
    found = {row["what"]: row["value"] for row in rows if row["block"] == "fast" and "what" in row}
    assert (found["attention"], found["same bits twice"], found["apart"]) == ("tiles", "yes", 0.0)
    json.dumps(rows, allow_nan=False)


def test_a_block_that_raises_is_reported(session, bench, monkeypatch):
    def broken(_):
        raise RuntimeError("no such kernel")
        yield

    monkeypatch.setattr(bench("gpu_blocks").Bench, "head", broken)
    rows = list(session.run_blocks(["head", "machine"], small=True))
    assert rows[0] == {"block": "head", "error": "RuntimeError: no such kernel"}
    assert rows[-1]["block"] == "machine"
    assert rows[-1]["ended"] >= 0
    assert "head: RuntimeError: no such kernel" in session.failures(rows, small=True)


CHILD = """
import json, os, sys, time
for block in sys.argv[1:]:
    if block == "memory":
        os._exit(7)
    print("not a result", flush=True)
    print(json.dumps({"block": block, "what": "x", "value": 1.0}), flush=True)
    if block == "kernels":
        time.sleep(60)
    print(json.dumps({"block": block, "ended": 0.0}), flush=True)
"""


def test_a_process_that_dies_or_hangs_takes_no_other_block_with_it(session, monkeypatch, tmp_path):
    (tmp_path / "child.py").write_text(CHILD, encoding="utf-8")
    real = session.subprocess.Popen

    def popen(command, **kwargs):
        assert command[2] == "--child"
        return real([command[0], str(tmp_path / "child.py"), *command[3:]], **kwargs)

    monkeypatch.setattr(session.subprocess, "Popen", popen)
    monkeypatch.setattr(session, "BLOCKS", {"machine": 9, "memory": 9, "kernels": 1, "head": 9})
    monkeypatch.setattr(session, "START", 0)
    rows = list(session.session(list(session.BLOCKS), small=False))
    errors = {row["block"]: row["error"] for row in rows if "error" in row}
    assert errors == {
        "memory": "its process ended with status 7",
        "kernels": "given up: it took longer than its cap",
    }
    assert [row["block"] for row in rows if "ended" in row] == ["machine", "head"]


def test_what_fails_is_told(session, monkeypatch):
    monkeypatch.setattr(session, "BLOCKS", {"head": 1, "floor": 1})
    late = {"block": "head", "what": "in one product", "value": 2.0, "unit": "ms", "bound": "<= 1", "kept": False}
    assert session.failures([late], small=False) == ["floor: no result", "head: in one product: <= 1"]
    assert session.failures([late], small=True) == ["floor: no result"]


def test_the_table_is_of_the_rows_alone(session):
    rows = [
        {"block": "head", "what": "apart", "value": 0.00001234567, "unit": "logits", "bound": "<= 1e-4", "kept": True},
        {"block": "head", "ended": 1.0},
        {"block": "graph", "error": "RuntimeError: a | b"},
        {"block": "packs", "what": "packs", "value": 3.0, "unit": "a second", "bound": ">= 24", "kept": False},
    ]
    assert session.table(rows).splitlines()[2:] == [
        "| head | apart | 1.235e-05 logits | <= 1e-4 | yes |",
        "| graph | not measured | RuntimeError: a / b |  |  |",
        "| packs | packs | 3 a second | >= 24 | NO |",
    ]
