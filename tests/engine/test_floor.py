"""Guards: the floor is the largest difference over all cells, from prompts read alone and from float32 compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from probe.engine import floor
from probe.engine.floor import measure_floor
from probe.engine.load import load_model
from probe.engine.plain import PlainReader, read_alone
from probe.engine.precision import Precision
from probe.prompts.pack import Pack, Prompt

PROMPTS = [Prompt((n, 2, 3), ((4,), (5, 6))) for n in range(4)]


def difference(logprobs):
    return logprobs[0] - logprobs[1]


@pytest.fixture(scope="module")
def load(tiny_model_folder, demo_folder):
    def at(dtype="float32", **precision):
        folder = tiny_model_folder("llama", demo_folder, dtype=dtype)
        return load_model(folder, "tiny", precision=Precision(**precision), device="cpu")

    return at


def cells_of(loaded, shifts=(0.0,) * 4):
    """The prompts as the plain reader reads them, moved by what a test wants."""
    readings = PlainReader(loaded.model, np.zeros(8, dtype=bool), "tiny").read(Pack(tuple(PROMPTS), 4096))
    moved = [difference(reading.logprobs) + shift for reading, shift in zip(readings, shifts, strict=True)]
    return list(zip(PROMPTS, moved, [difference] * 4, strict=True))


def test_it_is_the_largest_difference(load):
    loaded = load()
    steps = []
    found = measure_floor(loaded, cells_of(loaded, (0.0, -0.25, 0.125, 0.0)), steps.append)
    assert found.reader == pytest.approx(0.25, abs=1e-5)
    assert found.delta == found.reader
    assert (found.cells, steps) == (4, [1, 1, 1, 1])


def test_equal_readings_have_no_floor(load):
    loaded = load()
    cells = [(prompt, difference(read_alone(loaded.model, prompt)), difference) for prompt in PROMPTS]
    assert measure_floor(loaded, cells, lambda _: None).delta == 0.0


@pytest.mark.parametrize("precision", [{}, {"compute": "fp32"}])
def test_what_computes_in_float32_has_nothing_to_compare_with(load, precision):
    loaded = load("bfloat16" if precision else "float32", **precision)
    found = measure_floor(loaded, cells_of(loaded), lambda _: None)
    assert (found.compute, found.why) == (None, "computes in float32")
    assert found.delta == found.reader < 1e-5


@pytest.mark.parametrize("quant", ["none", "int8", "nf4"])
def test_half_precision_is_held_against_float32_from_the_same_weights(load, quant):
    """The reference for quantised weights is the same quantised weights, not the unquantised ones."""
    native, raised = load("bfloat16", quant=quant), load("bfloat16", quant=quant, compute="fp32")
    cells = cells_of(native)
    found = measure_floor(native, cells, lambda _: None)
    expected = max(abs(difference(read_alone(raised.model, prompt)) - z) for prompt, z, _ in cells)
    assert found.compute == pytest.approx(expected, abs=1e-4)
    assert 1e-4 < found.compute < 0.5
    assert found.delta == max(found.reader, found.compute)
    again = cells_of(native)
    assert [z for _, z, _ in again] == [z for _, z, _ in cells]


def test_without_memory_for_it_float32_is_left_out_and_said_so(load, monkeypatch):
    loaded = load("bfloat16")
    monkeypatch.setattr(floor, "free_memory", lambda _: loaded.fp32_bytes - 1)
    found = measure_floor(loaded, cells_of(loaded), lambda _: None)
    assert (found.compute, found.why) == (None, "memory")


def test_memory_that_runs_out_on_the_way_is_no_figure(load, monkeypatch):
    def run_out(_):
        raise torch.OutOfMemoryError

    loaded = load("bfloat16")
    monkeypatch.setattr(floor, "computing_in_float32", run_out)
    found = measure_floor(loaded, cells_of(loaded), lambda _: None)
    assert (found.compute, found.why) == (None, "memory")
    assert found.cells == 4


def test_the_larger_is_in_force(load):
    found = replace(measure_floor(load(), [], lambda _: None), reader=0.1, compute=0.3)
    assert found.delta == 0.3
    assert replace(found, compute=0.05).delta == 0.1
