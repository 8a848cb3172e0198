"""Guards: what is being done is said at once, before anything that takes seconds to load."""

from __future__ import annotations

import subprocess
import sys

import pytest
from notes import Notes

from probe.run import run

CODE = """
import os, sys, time
class First:
    def write(self, text):
        heavy = sorted({"torch", "transformers", "scipy", "plotly", "matplotlib"} & sys.modules.keys())
        os.write(1, f"{time.process_time()}\\t{heavy}\\t{text}".encode())
        os._exit(0)
    def flush(self):
        pass
    def isatty(self):
        return False
sys.stderr = First()
from probe.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(("verb", "doing"), [("run", "measuring"), ("plan", "planning")])
def test_the_first_line_comes_before_heavy_imports(tmp_path, verb, doing):
    words = [verb, "demo", "--suite", "gift", "--design", "quick"]
    words += ["--out", str(tmp_path / "out")] if verb == "run" else []
    done = subprocess.run([sys.executable, "-c", CODE, *words], capture_output=True, text=True, check=True)
    seconds, heavy, told = done.stdout.split("\t")
    assert told == f"{doing} demo on gift, design quick"
    assert heavy == "[]"
    assert float(seconds) < 5  # about 1 on most machines; what is imported is the guard
    assert not (tmp_path / "out").exists()


def test_loading_is_a_phase(tmp_path):
    notes = Notes()
    run("demo", suite="demo", design="quick", limit=1, out=tmp_path, progress=notes)
    assert list(notes.told)[:3] == ["planning demo", "loading demo", "reading demo"]
