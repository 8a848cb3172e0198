"""Guards: names that stand in sentences command no terminal, whatever file they come from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.results import Admitted, FailedCheck, LevelFigures, Levels
from probe.report.brief import closed_line, outcome_line
from probe.report.claim_text import (
    check_text,
    claim_lines,
    failed_checks,
    formats_line,
    verdict_text,
    verdicts_line,
    words,
)

STRANGE = "x\x1b[2Jy\x07"


def harmless(text: str) -> bool:
    return not any(sign in text for sign in "\x1b\x07") and "x" in text


def test_words_are_plain():
    assert harmless(words(STRANGE + "_z"))
    assert words("two_words") == "two words"


@pytest.mark.parametrize("part", ["gate", "side"])
def test_a_gate_is_plain(part):
    gate = replace(FailedCheck("option_mass", "both", 0.5, 0.9), **{part: STRANGE})
    assert harmless(check_text(gate))


def test_verdicts_are_plain(model):
    (_, found), *_ = sorted(model.tradeoffs.items())
    for verdict, direction in (("deviation", STRANGE), (STRANGE, None)):
        assert harmless(verdict_text(replace(found, verdict=verdict, direction=direction)))
    named = replace(model, tradeoffs={STRANGE: replace(found, verdict="deviation", direction=STRANGE)})
    assert harmless(verdicts_line(named))


def test_closed_gates_are_plain(model):
    (_, found), *_ = sorted(model.tradeoffs.items())
    closed = replace(found, gates=(FailedCheck("option_mass", "revealed", 0.5, 0.9),))
    strange = replace(model, tradeoffs={STRANGE: closed})
    assert all(map(harmless, [*failed_checks(strange), closed_line(STRANGE, strange), outcome_line(STRANGE, strange)]))


@pytest.mark.parametrize("verdict", ["not interpretable", "deviation", "undecided"])
def test_what_a_claim_rests_on_is_plain(model, verdict):
    found = model.tradeoffs["gift"]
    strange = replace(found, verdict=verdict, direction=STRANGE, claim=replace(found.claim, reason=STRANGE))
    assert all("\x1b" not in line and "\x07" not in line for line in claim_lines(strange))
    own = Admitted(16, 32, 0.8, 0.4, -0.4, -1.1, found.inference, None, "undecided", STRANGE)
    assert harmless(formats_line(replace(found, admitted=own)))


def test_levels_that_fail_a_check_are_plain(model):
    figures = {"answer": LevelFigures(0.64, 0.6, 0.75, 1.25), STRANGE: LevelFigures(0.21, 0.2, None, 0.5)}
    gate = FailedCheck("option_mass_mean", "stated", 0.43, 0.5)
    strange = {"gift": replace(model.tradeoffs["gift"], gates=(gate,))}
    levels = Levels({"cue": figures}, (), 32, 32, 11)
    (line,) = failed_checks(replace(model, tradeoffs=strange, levels=levels))
    assert "below it: cue x" in line
    assert harmless(line)
