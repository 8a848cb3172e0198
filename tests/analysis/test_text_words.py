"""Guards: what closes a model by text, and that a word by text takes nothing from labels but what it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.results import from_json, to_json
from probe.analysis.study import Terms, analyse
from probe.analysis.text_results import KnownAnswers, Methods
from probe.analysis.text_words import no_method

from .build import facts, table
from .test_texts import planted, results_of, text_table


def known(**p):
    return {name: KnownAnswers(5, 10, (0.2, 0.8), value) for name, value in p.items()}


@pytest.mark.parametrize(
    ("methods", "value", "limit"),
    [
        (Methods("none", known(labels=0.4, pmi=0.03), {}, 1), 0.4, 0.05),
        (Methods("none", known(pmi=0.03, token=0.02), {}, 1), 0.02, 0.05 / 3),
        (Methods("none", {}, {}, 1), 1.0, 0.05 / 3),
    ],
)
def test_without_a_method_a_check_is_closed(methods, value, limit):
    (check,) = no_method(methods)
    assert (check.gate, check.side, check.state) == ("p_if_guessing", "control", "closed")
    assert (check.value, check.threshold) == (value, pytest.approx(limit))


@pytest.mark.parametrize("methods", [None, Methods("labels", {}, {}, 1), Methods("pmi", {}, {}, 1)])
def test_with_one_none_is(methods):
    assert no_method(methods) == ()


def test_a_word_by_text_changes_no_figure_of_the_labels():
    items, rows, about = planted(-0.5)
    by_text = results_of(items, rows, about)
    by_label = analyse(table(items), facts(controls=about), {"m": 1e-6}).models["m"]
    own = replace(by_text.tradeoffs["t"], texts=None)
    other = by_label.tradeoffs["t"]
    assert replace(own, verdict=None, direction=None, claim=None) == replace(
        other, verdict=None, direction=None, claim=None
    )
    assert replace(by_text, tradeoffs={}, methods=None) == replace(by_label, tradeoffs={})


def test_results_with_texts_go_through_json():
    items, rows, about = planted(-0.5)
    found = analyse(table(items), facts(controls=about), {"m": 1e-6}, Terms(tables={"texts": text_table(rows)}))
    assert from_json(to_json(found)) == found


def test_repeated_at_other_thresholds_by_known_answers_of_the_normaliser():
    items, rows, about = planted(-0.5, known_signs=(1,) * 7 + (-1,) + (1,) * 8)
    claim = results_of(items, rows, about).tradeoffs["t"].claim
    assert set(claim.repeated) == {"margin", "dominated", "fact"}
    assert (claim.repeated["dominated"].half, claim.repeated["dominated"].twice) == ("deviation", "not interpretable")
