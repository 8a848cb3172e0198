"""Guards: the mass that progress shows is the table's own mean, and a low one is called low."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from notes import Notes

from probe.run import run

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


def test_the_last_note_is_the_mean_of_the_table(tmp_path):
    notes = Notes()
    results = run("demo", suite=str(SHORT), design="quick", limit=2, out=tmp_path / "run", progress=notes)
    mean = np.mean(results.readings["option_mass"].to_numpy())
    assert notes.told["reading demo"][-1] == f"option mass {mean:.3f}"
