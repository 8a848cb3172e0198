from __future__ import annotations

import json

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
    assert set(plain) == {"schema_version", "models"}
    model = plain["models"]["m"]
    assert set(model["numeric_floor"]) == {"log_odds", "kl"}
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
