from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from probe.analysis.results import from_json, to_json
from probe.analysis.study import analyse
from probe.errors import StudyError

from .build import Asked, facts, table


@pytest.fixture(scope="module")
def results():
    items = [Asked("t/q", "stated", [2.0, 1.0, 0.5, -1.0]), Asked("t/s", "revealed", [-2.0, 1.0, 0.3, 0.0])]
    return analyse(table(items), facts(), {"m": 1e-6})


def test_results_come_back_as_they_were(results):
    assert from_json(to_json(results)) == results


def test_the_keys_that_others_rely_on(results):
    plain = json.loads(to_json(results))
    assert set(plain) == {"schema_version", "models", "partial", "no_ladder"}
    model = plain["models"]["m"]
    assert set(model["numeric_floor"]) == {"log_odds", "kl", "cells"}
    tradeoff = model["tradeoffs"]["t"]
    assert set(tradeoff) >= {
        "p1", "p2", "stated", "revealed", "kl_revealed_stated", "kl_stated_revealed", "jsd", "tv", "verdict",
        "direction", "budget", "bias", "flips", "bias_stated", "flips_stated", "option_mass", "gates",
    }  # fmt: skip
    assert set(tradeoff["stated"]) >= {"deployed", "latent", "items"}
    assert set(tradeoff["budget"]) == {"total", "format", "context", "scenarios", "gap", "format_by_axis"}
    assert set(tradeoff["bias"]) >= {"content", "position", "label", "listing"}
    assert set(tradeoff["flips"]) >= {"rate", "pivot_prevalence"}
    assert set(tradeoff["gu2025"]["every_prompt"]) >= {"mean", "low", "high", "wrong_sign"}
    assert set(tradeoff["option_mass"]) == {"stated", "revealed"}


def test_the_text_is_sorted_indented_by_one_and_ends_in_a_newline(results):
    text = to_json(results)
    assert text == to_json(from_json(text))
    assert text.startswith('{\n "models"')
    assert text.endswith("}\n")


def test_the_text_is_that_of_its_plain_values(results):
    plain = dataclasses.asdict(results)
    assert to_json(results) == json.dumps(plain, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), np.float64("nan"), "much", {1.0}])
def test_what_json_or_the_type_cannot_hold_is_not_written(results, value):
    model = results.models["m"]
    floor = dataclasses.replace(model.numeric_floor, kl=value)
    wrong = dataclasses.replace(results, models={"m": dataclasses.replace(model, numeric_floor=floor)})
    with pytest.raises((ValueError, TypeError)):
        to_json(wrong)


def changed(results, path, value=...):
    """The plain values with one more, another, or (by leaving `value` out) one less."""
    plain = json.loads(to_json(results))
    at = plain
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(plain)


T = ("models", "m", "tradeoffs", "t")


@pytest.mark.parametrize("place", [(), ("models", "m"), T, (*T, "budget"), (*T, "gates_checked", 0), (*T, "claim")])
def test_keys_of_a_later_version_are_passed_over(results, place):
    assert from_json(changed(results, (*place, "later"), {"x": [1, None]})) == results


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ((*T, "jsd"), "t.jsd"),
        ((*T, "inference"), "t.inference"),
        ((*T, "gates_checked", 0, "gate"), r"t.gates_checked\[0\].gate"),
        (("models", "m", "between"), "m.between"),
        ((*T, "revealed", "latent_interval"), "t.revealed.latent_interval"),
    ],
)
def test_a_missing_key_is_refused_even_where_the_field_has_a_default(results, path, where):
    with pytest.raises(StudyError, match=f"damaged, found results.*{where}: missing.*probe report"):
        from_json(changed(results, path))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*T, "jsd"), "0.1"),
        ((*T, "jsd"), True),
        ((*T, "p1"), 7),
        ((*T, "verdict"), "perhaps"),
        ((*T, "gates_checked"), {}),
        ((*T, "gates_checked", 0), 7),
        ((*T, "stated", "items"), 1.5),
        ((*T, "flips"), [1]),
        (("models",), []),
    ],
)
def test_another_type_is_refused_by_its_path(results, path, value):
    steps = "".join(rf"\[{step}\]" if isinstance(step, int) else rf"\.{step}" for step in path)
    with pytest.raises(StudyError, match=f"damaged, found results{steps}.*probe report"):
        from_json(changed(results, path, value))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_refused(results, word):
    text = changed(results, (*T, "jsd"), "<here>").replace('"<here>"', word)
    with pytest.raises(StudyError, match=f"not JSON, found the number {word}"):
        from_json(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"results\.json: not JSON.*probe report"),
        ("[]", r"schema_version is not 1, found None.*probe report"),
        ('{"schema_version": true, "models": {}}', "schema_version is not 1, found True"),
        ('{"schema_version": 2, "models": {}}', r"schema version 2.*Update probe"),
        ('{"schema_version": 1}', r"damaged, found results\.models: missing.*probe report"),
        ('{"schema_version": 1, "models": {"m": {}}}', r"results\.models\.m\.numeric_floor: missing"),
    ],
)
def test_a_damaged_or_newer_file_is_refused_with_the_remedy(text, message):
    with pytest.raises(StudyError, match=message):
        from_json(text)
