"""Guards: no rounding to certainty or to nothing; no division by nothing; nothing that steers a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.report.number_format import (
    MISSING,
    amount,
    clean,
    interval,
    joined,
    left_out_line,
    probability,
    share,
    signed,
    verbatim,
)


@given(st.text())
def test_clean_leaves_nothing_that_steers(text: str) -> None:
    cleaned = clean(text)
    assert not {unicodedata.category(c) for c in cleaned} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert clean(cleaned) == " ".join(cleaned.split())


@given(st.text())
def test_a_text_as_it_is_loses_what_steers_and_nothing_else(text: str) -> None:
    steering = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert verbatim(text) == "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in steering)


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_clean_keeps_what_is_printed(text: str) -> None:
    assert clean(text) == text


@given(st.floats(0, 1))
def test_a_probability_reads_back(value: float) -> None:
    text = probability(value)
    if text[0] in "<>":
        assert 0 < value < 0.0005 or 0.9995 <= value < 1
    else:
        assert abs(float(text) - value) <= 0.00051


@given(st.floats(-100, 100))
def test_an_amount_reads_back_and_never_hides_a_number(value: float) -> None:
    text = amount(value)
    assert (float(text) == 0) == (value == 0)
    assert abs(float(text) - value) <= max(0.00051, 0.06 * abs(value))


@pytest.mark.parametrize("form", [probability, amount, signed])
def test_missing_is_not_zero(form: object) -> None:
    assert callable(form)
    assert form(None) == MISSING
    assert form(0.0) != MISSING


def test_shares() -> None:
    assert share(0.25, 1.0) == "25 %"
    assert share(None, 1.0) == share(0.5, None) == share(0.5, 0.0) == MISSING


def test_interval_and_list() -> None:
    assert interval((0.1, 0.9999)) == "[0.100, >0.999]"
    assert joined([]) == ""
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_every_name_is_given_unless_few_are_asked_for() -> None:
    reasons = {"t/c": "x", "t/a": "y", "t/b": "y"}
    assert left_out_line(reasons, "cannot be cut") == (
        "2 scenarios cannot be cut, since y: t/a, t/b; 1 scenario cannot be cut, since x: t/c"
    )
    assert left_out_line(reasons, "without a ladder", named=1).startswith(
        "2 scenarios without a ladder, since y: t/a and "
    )
    assert left_out_line({}, "cannot be cut") == ""
