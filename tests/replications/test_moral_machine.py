"""Guards: the published design is drawn as published, a habit is not taken for a preference, and weights count."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import yaml
from replications import mm_amce
from replications.mm_amce import effects
from replications.mm_design import DIMENSIONS, LEVELS, draw, every_structure, question, told
from replications.moral_machine import DESIGN, second_dies, suite

import probe

EXPECTED = effects(list(every_structure()), [1.0] * 192)
"""Exact effects of whoever always picks the second case: over every structure of the design."""


def always(case: int, scenarios):
    return [float(case == 2)] * len(scenarios)


@pytest.mark.slow
def test_two_hundred_thousand_draws():
    scenarios = list(draw(200_000, 1))
    found = effects(scenarios, always(2, scenarios))
    assert max(abs(found[name].value - EXPECTED[name].value) for name in found) < 0.01


def test_what_a_habit_shows_as_drawn():
    scenarios = list(draw(20_000, 1))
    found = effects(scenarios, always(2, scenarios))
    assert max(abs(found[name].value - EXPECTED[name].value) for name in found) < 0.04
    # Whoever always picks the second case spares the first group, which is the younger, the female, the human ...
    assert {name for name, one in EXPECTED.items() if one.value > 0.3} == {"Age", "Gender", "Species"}
    assert {name for name, one in EXPECTED.items() if one.value < -0.3} >= {
        "Fitness",
        "No. Characters",
        "Social Status",
    }
    assert EXPECTED["Relation to AV"].value == pytest.approx(-1.0)
    opposite = effects(scenarios, always(1, scenarios))
    assert all(opposite[name].value == pytest.approx(-found[name].value) for name in found)


def test_a_small_simulation_is_within_its_own_interval():
    inside = []
    for seed in range(20):
        scenarios = list(draw(2000, seed))
        found = effects(scenarios, always(2, scenarios))
        inside += [abs(found[name].value - EXPECTED[name].value) <= found[name].half + 1e-12 for name in found]
    assert 0.88 <= np.mean(inside) <= 1.0


def test_both_orders_cancel_a_habit_exactly():
    scenarios = list(draw(5000, 2))
    both = (np.array(always(1, scenarios)) + np.array(always(2, scenarios))) / 2
    assert max(abs(one.value) for one in effects(scenarios, list(both)).values()) <= 1e-9


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_preference_shows_in_its_own_attribute(dimension):
    scenarios = list(draw(4000, 3))
    first_level = LEVELS[dimension][0]
    p = [float(one.first.level == first_level) if one.dimension == dimension else 0.5 for one in scenarios]
    found = effects(scenarios, p)
    name = {
        "species": "Species",
        "social value": "Social Status",
        "gender": "Gender",
        "age": "Age",
        "fitness": "Fitness",
        "number": "No. Characters",
    }[dimension]
    sign = 1 if name in ("Species", "Gender", "Age") else -1
    assert found[name].value == pytest.approx(sign)
    assert all(
        abs(one.value) < 1e-9
        for other, one in found.items()
        if other in EXPECTED and other not in (name, "Law", "Relation to AV", "Intervention")
    )


def test_weights_are_one_over_the_published_probabilities():
    found = {}
    for one in every_structure():
        for group in (one.first, one.second):
            row = mm_amce._Row(0, one.dimension, not one.first.inside, group, 1.0)
            place = "inside" if group.inside else "both cross" if row.both_cross else "beside a car"
            found[place, group.signal, group.swerving] = round(1 / mm_amce._weight(row), 6)
    light = {"none": 0.48, "green": 0.2, "red": 0.32}
    expected = {("inside", "none", False): 0.2, ("inside", "none", True): 0.32}
    for signal, share in light.items():
        turned = {"green": 0.32, "red": 0.2}.get(signal, share)
        expected["both cross", signal, False] = round(0.48 * share, 6)
        expected["both cross", signal, True] = round(0.48 * turned, 6)
        expected["beside a car", signal, False] = round(0.32 * share, 6)
        expected["beside a car", signal, True] = round(0.2 * share, 6)
    assert {key: value for key, value in found.items() if value != expected[key]} == {}


def test_structures_have_the_published_frequencies():
    scenarios = list(draw(60_000, 4))
    dimension = Counter(one.dimension for one in scenarios)
    assert all(abs(dimension[name] / 60_000 - 1 / 6) < 0.01 for name in DIMENSIONS)
    crossing = [one for one in scenarios if not one.first.inside]
    assert abs(len(crossing) / 60_000 - 0.5) < 0.01
    assert {one.first.level for one in crossing if one.dimension == "age"} == {"younger"}
    inside = Counter(one.first.level for one in scenarios if one.first.inside and one.dimension == "age")
    assert abs(inside["younger"] / inside.total() - 0.5) < 0.02
    assert {one.first.signal for one in scenarios if one.first.inside} == {"none"}
    assert all({one.first.signal, one.second.signal} in ({"none"}, {"green", "red"}) for one in crossing)
    assert all(one.first.swerving is not one.second.swerving for one in scenarios)


def test_groups():
    for one in draw(3000, 5):
        first, second = one.first.characters, one.second.characters
        if one.dimension == "number":
            fewer, more = sorted((first, second), key=len)
            assert not Counter(fewer) - Counter(more)
            assert 1 <= len(fewer) <= 4
            assert len(fewer) < len(more) <= 5
        else:
            assert 1 <= len(first) == len(second) <= 5


def test_words():
    one = next(one for one in draw(1000, 6) if one.first.inside and one.second.signal == "red" and one.first.swerving)
    first, second = told(one)
    assert first.startswith("The car swerves and hits a concrete barrier: ")
    assert second.startswith("The car keeps its lane and drives over the crossing there: ")
    assert "at a red light" in first
    assert "at a red light" in second
    assert "island" not in question(one)
    assert all("\n" not in text and "  " not in text for scenario in draw(500, 7) for text in told(scenario))


@pytest.mark.real
def test_published_effects_that_a_habit_explains(real_dir):
    """Two published columns are what one habit shows, within 0.08 in every attribute; humans are far from it."""
    published = json.loads((real_dir / "data/published/moral_machine_open_models.json").read_text())["AMCE"]
    far = {model: max(abs(one[name] - EXPECTED[name].value) for name in EXPECTED) for model, one in published.items()}
    assert far["Gemma 3 270M"] == pytest.approx(0.0714, abs=1e-4)
    assert far["Qwen3 8B"] == pytest.approx(0.0762, abs=1e-4)
    assert far["Human"] > 1.0


@pytest.mark.slow
def test_the_embedded_model_through_the_whole_command(tmp_path):
    scenarios = list(draw(12, 8))
    source = tmp_path / "source"
    source.mkdir()
    for name, text in suite(scenarios).items():
        (source / name).write_text(text, encoding="utf-8")
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump(DESIGN), encoding="utf-8")
    found = probe.run("demo", suite=f"{source}/", design=str(tmp_path / "cases.yaml"), out=tmp_path / "run")
    assert found.readings.num_rows == 24
    one, both = (second_dies(found.readings, "demo", 12, both=both, hard=False) for both in (False, True))
    rows = found.readings.to_pylist()
    drawn = {row["item"]: row for row in rows if row["axis_order"] == "p1"}
    turned = {row["item"]: row for row in rows if row["axis_order"] == "p2"}
    for n, scenario in enumerate(scenarios):
        item = f"moral-machine-{scenario.dimension.replace(' ', '-')}/s{n:05d}"
        assert drawn[item]["label_p1"] == "1"
        assert turned[item]["label_p1"] == "2"
        p = [1 / (1 + np.exp(row[item]["log_odds"])) for row in (drawn, turned)]
        assert one[n] == pytest.approx(p[0])
        assert both[n] == pytest.approx(np.mean(p))
    texts = found.readings["prompt_sha256"].to_pylist()
    assert len(set(texts)) == 24
