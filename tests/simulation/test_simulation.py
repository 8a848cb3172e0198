"""Guards: intervals, tests and claims keep what they promise on made-up readings, and the page tells what was found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from simulation.gated import try_gates
from simulation.validation import (
    COVERAGE,
    FAMILY_ERROR,
    KL_LEAST,
    REJECTION,
    SEEDS,
    SETS,
    Validation,
    validate,
)

ROOT = Path(__file__).resolve().parents[2]


def script():
    spec = importlib.util.spec_from_file_location("validation_page", ROOT / "scripts" / "validation.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def written():
    return script()


@pytest.fixture(scope="module")
def studied(written):
    return written.study()


def test_a_small_validation_has_every_part_and_makes_a_page(written, studied):
    found = validate(seeds=(1,), sets=20, long_run=20)
    assert isinstance(found, Validation)
    text = written.page(found, {}, studied)
    for heading in ("## The estimators", "## Intervals", "## The test of R = S", "## Claims", "## Against sampling"):
        assert heading in text
    for name in (*found.coverage, *found.rejections, *found.families, *found.unequal_families):
        assert f"| {name} |" in text
    lines = text.splitlines()
    heads = [place for place, line in enumerate(lines) if line.startswith("|---")]
    assert len(heads) == 14
    for place in heads:
        width, row = lines[place - 1].count(" | "), place + 1
        while row < len(lines) and lines[row].startswith("|"):
            assert lines[row].count(" | ") == width
            row += 1


def test_every_estimator_agrees_with_the_definitions(studied):
    assert len(studied.differences) == 8
    assert max(studied.differences.values()) < 1e-11


@pytest.fixture(scope="module")
def measured():
    return validate()


@pytest.mark.slow
def test_intervals_cover(measured):
    assert measured.sets == SETS == 2_000
    assert len(measured.coverage) == 6
    for results in measured.coverage.values():
        assert len(results) == len(SEEDS) == 3
        for one in results:
            assert COVERAGE[0] <= one.gap <= COVERAGE[1]
            assert COVERAGE[0] <= one.root <= COVERAGE[1]
            assert one.kl >= KL_LEAST


@pytest.mark.slow
def test_the_test_holds_its_level(measured):
    for name, results in measured.rejections.items():
        for one in results:
            assert REJECTION[0] <= one.test <= REJECTION[1]
        assert REJECTION[0] <= measured.rejections_long[name].test <= REJECTION[1]
    for name in ("unequal cluster sizes", "paraphrase clusters"):
        assert min(one.t_of_items for one in measured.rejections[name]) > 0.15


@pytest.mark.slow
def test_holm_holds_the_family_error(measured):
    for results in measured.families.values():
        for one in results:
            assert one.claimed <= one.error <= FAMILY_ERROR
    assert min(one.power for one in measured.families["a difference in four of eight"]) > 0.5


@pytest.mark.slow
def test_both_claims_have_power_and_neither_is_made_at_the_margin(measured):
    power = measured.power
    for of_gap in power.deviation.values():
        shares = [one.deviation for one in of_gap.values()]
        assert shares == sorted(shares)
        assert shares[0] <= 0.05
    assert power.deviation[9][0.4].deviation > 0.95
    assert power.in_family[0.4].deviation > 0.85
    assert power.in_family[0.0].deviation <= 0.01
    smallest = [of_spread[0.1].no_deviation for of_spread in power.no_deviation.values()]
    assert smallest == sorted(smallest)
    assert smallest[-1] > 0.8
    for one in power.at_margin.values():
        assert one.deviation <= 0.035
        assert one.no_deviation <= 0.06


@pytest.mark.slow
def test_gated_figures_never_reach_a_claim():
    for name, one in try_gates(5).items():
        assert one.would_claim > 0
        assert (one.claimed == 0) == (name != "nothing")


@pytest.mark.slow
def test_the_page_tells_what_was_measured(measured, written, studied):
    text = written.page(measured, try_gates(written.GATE_SEEDS), studied)
    assert text == written.PAGE.read_text(encoding="utf-8"), "run `make validation`"
