"""Guards: memory by the rule, what bitsandbytes leaves as it is counted in full, nothing said where nothing is known."""

from __future__ import annotations

import pytest

from probe.design.models import ModelEntry
from probe.design.sizes import SPARE_GIB, fitting, memory, weights_gib

GIB = 2**30


def entry(**fields: object) -> ModelEntry:
    return ModelEntry(**{"id": "m", "hub": "o/m", "family": "f", "kind": "base", "licence": "MIT", **fields})


@pytest.mark.parametrize(("dtype", "expected"), [("float32", 4.0), ("float16", 2.0), ("bfloat16", 2.0), (None, 2.0)])
def test_plain_weights_take_their_dtype(dtype, expected):
    found = weights_gib(entry(params_b=GIB / 1e9, dtype=dtype), "none")
    assert found == pytest.approx(expected, rel=1e-12)


def test_only_linear_layers_shrink():
    half = entry(params_b=2 * GIB / 1e9, unquantised_b=GIB / 1e9)
    assert weights_gib(half, "int8") == pytest.approx(2 + 1)
    assert weights_gib(half, "nf4") == pytest.approx(2 + 0.5 + 1 / 64 + 4 / 16384)
    assert weights_gib(entry(params_b=1.0, unquantised_b=1.0), "nf4") == weights_gib(entry(params_b=1.0), "none")


@pytest.mark.parametrize("way", ["none", "int8", "nf4"])
def test_nothing_is_said_without_the_figures(way):
    assert weights_gib(entry(), way) is None
    assert (weights_gib(entry(params_b=7.0), way) is None) == (way != "none")


def test_ways_come_from_the_least_to_the_most_changed():
    assert list(memory(entry(params_b=1, unquantised_b=0.5, quant=("nf4", "none")))) == ["none", "nf4"]
    assert list(memory(entry(params_b=1, unquantised_b=0.5))) == ["none"]


def test_the_first_that_fits_with_room_to_work_is_taken():
    model = entry(params_b=4 * GIB / 1e9, unquantised_b=GIB / 1e9, quant=("none", "int8", "nf4"))
    assert fitting(model, 8 + SPARE_GIB) == "none"
    assert fitting(model, 8 + SPARE_GIB - 1e-6) == "int8"
    assert fitting(model, 5 + SPARE_GIB - 1e-6) == "nf4"
    assert fitting(model, 3 + SPARE_GIB) is None


def test_a_model_without_a_size_fits_nowhere():
    assert fitting(entry(), 1000.0) is None
