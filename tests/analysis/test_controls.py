from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from probe.analysis.cells import tabulate
from probe.analysis.controls import control_results
from probe.analysis.validity_checks import THRESHOLDS
from probe.errors import StudyError

from .build import QUICK, Asked, control, laid, table

FORMATS = laid(QUICK)
OF_ORDER, OF_LABEL = FORMATS.order, FORMATS.label


def measured(items, facts, unordered=(), asked_of=None):
    asked = [Asked(f"t/{name}", "control", z, p1="yes", p2="no") for name, z in items.items()]
    cells = tabulate(table([*asked, Asked("t/q", "stated", 9.0)]), FORMATS)["m"]
    known = {f"t/{name}": control(*about) for name, about in facts.items()}
    return control_results(cells, known, FORMATS, unordered, {**THRESHOLDS, **(asked_of or {})})


def test_a_sound_option_is_judged_on_its_mean_probability():
    at = float(logit(0.8)) + 1e-9
    items = {"a": at, "b": at - 1e-6, "c": -3.0, "d": 3.0, "e": [9.0, 9.0, 9.0, -9.0]}
    facts = dict.fromkeys(items, ("dominated", "yes")) | {"c": ("dominated", "no")}
    assert expit([9.0, 9.0, 9.0, -9.0]).mean() < 0.8
    found = measured(items, facts)["dominated"]
    assert (found.items, found.passed) == (5, pytest.approx(3 / 5))
    assert found.by_item["t/c"] == pytest.approx(expit(3.0))
    assert found.by_item["t/e"] == pytest.approx(expit([9.0, 9.0, 9.0, -9.0]).mean())
    assert measured(items, facts, (), {"sound_probability": 0.99})["dominated"].passed == 0


def test_equivalent_options_are_judged_on_their_mean_log_odds():
    items = {"a": [2.0, -2.0, 1.0, 0.9], "b": 0.51, "c": -0.5, "d": -0.6}
    found = measured(items, dict.fromkeys(items, ("equivalent", None)))["equivalent"]
    assert found.passed == pytest.approx(0.5)
    assert measured(items, dict.fromkeys(items, ("equivalent", None)), (), {"even_log_odds": 0.6})[
        "equivalent"
    ].passed == pytest.approx(1)
    assert found.abs_content == pytest.approx((0.475 + 0.51 + 0.5 + 0.6) / 4)


def test_identical_options_measure_the_biases_and_pass_nothing():
    items = {"a": 0.7 * OF_ORDER + 0.2 * OF_LABEL, "b": 0.5 * OF_ORDER + 0.4 * OF_LABEL}
    found = measured(items, dict.fromkeys(items, ("identical", None)))["identical"]
    assert (found.passed, found.by_item) == (None, {})
    assert (found.content, found.position, found.label) == pytest.approx((0.0, 0.6, 0.3))
    assert found.option_mass == pytest.approx(0.99)


def test_kinds_are_apart_and_other_sides_stay_out():
    found = measured({"a": 1.0, "b": np.zeros(4)}, {"a": ("fact", "yes"), "b": ("content_free", None)})
    assert {kind: result.items for kind, result in found.items()} == {"content_free": 1, "fact": 1}
    assert found["fact"].passed == 0.0


def test_an_unknown_control_is_refused():
    with pytest.raises(StudyError, match="control t/a is not part of the study"):
        measured({"a": 1.0}, {})
