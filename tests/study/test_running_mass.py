"""Guards: the mass that progress shows is the table's own mean, and a low one is called low."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from notes import Notes

from probe.progress import ADVICE
from probe.prompts.pack import PromptReading
from probe.run import run
from probe.study.running_mass import MassSoFar

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


def test_the_last_note_is_the_mean_of_the_table(tmp_path):
    notes = Notes()
    results = run("demo", suite=str(SHORT), design="quick", limit=2, out=tmp_path / "run", progress=notes)
    mean = np.mean(results.readings["option_mass"].to_numpy())
    assert notes.told["reading demo"][-1] == f"option mass {mean:.3f}"


@pytest.mark.parametrize(("logprob", "prompts", "advised"), [(-2.0, 99, False), (-2.0, 100, True), (-0.5, 100, False)])
def test_what_to_try_is_said_when_enough_was_read_and_the_mass_is_low(logprob, prompts, advised):
    mass = MassSoFar()
    mass.add([PromptReading((logprob,), (1.0,), 0, -0.1)] * prompts)
    told, _, advice = mass.note.partition(ADVICE)
    assert ("low" in told) == (logprob == -2.0)
    assert bool(advice) == advised
    assert not advised or "`probe show`" in advice
