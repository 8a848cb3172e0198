"""Guards: names that stand in sentences command no terminal, whatever file they come from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.results import FailedCheck
from probe.report.brief import closed_line, outcome_line
from probe.report.claim_text import check_text, failed_checks, verdict_text, verdicts_line, words

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
