"""Guards: cells are read alone as the run computes, and in float32 from the same weights where that says anything."""

from __future__ import annotations

import pytest
import torch

from probe.engine import floor
from probe.engine.floor import FloorReader
from probe.engine.load import load_model
from probe.engine.plain import read_alone
from probe.engine.precision import Precision
from probe.prompts.pack import Prompt

PROMPTS = [Prompt((n, 2, 3), ((4,), (5, 6))) for n in range(4)]


@pytest.fixture(scope="module")
def load(tiny_model_folder, demo_folder):
    def at(dtype="float32", **precision):
        folder = tiny_model_folder("llama", demo_folder, dtype=dtype)
        return load_model(folder, "tiny", precision=Precision(**precision), device="cpu")

    return at


@pytest.mark.parametrize("precision", [{}, {"compute": "fp32"}])
def test_what_computes_in_float32_has_nothing_to_compare_with(load, precision):
    loaded = load("bfloat16" if precision else "float32", **precision)
    reader = FloorReader(loaded)
    assert reader.absent == "computes in float32"
    assert reader.raised(PROMPTS[0]) is None
    assert reader.alone(PROMPTS[1]) == read_alone(loaded.model, PROMPTS[1])


@pytest.mark.parametrize("quant", ["none", "int8", "nf4"])
def test_half_precision_is_held_against_float32_from_the_same_weights(load, quant):
    """The reference for quantised weights is the same quantised weights, not the unquantised ones."""
    native, raised = load("bfloat16", quant=quant), load("bfloat16", quant=quant, compute="fp32")
    reader = FloorReader(native)
    for prompt in PROMPTS:
        found = reader.raised(prompt)
        assert found == pytest.approx(read_alone(raised.model, prompt), abs=1e-4)
        assert max(abs(a - b) for a, b in zip(found, reader.alone(prompt), strict=True)) > 1e-4
        assert reader.alone(prompt) == read_alone(load("bfloat16", quant=quant).model, prompt)
    assert reader.absent == ""


def test_what_is_read_does_not_hang_on_memory_that_is_free_for_a_moment(load, monkeypatch):
    monkeypatch.setattr("probe.engine.placement.free_memory", lambda _: 0)
    monkeypatch.setattr(floor, "free_memory", lambda _: 0, raising=False)
    reader = FloorReader(load_once(load, monkeypatch))
    assert reader.absent == ""
    assert reader.raised(PROMPTS[0]) is not None


def load_once(load, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("probe.engine.memory.free_memory", lambda _: 2**40)
        return load("bfloat16")


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("full"), RuntimeError("DefaultCPUAllocator: not enough memory")]
)
def test_memory_that_runs_out_on_the_way_is_no_figure(load, monkeypatch, error):
    def run_out(_):
        raise error

    reader = FloorReader(load("bfloat16"))
    assert reader.absent == ""
    monkeypatch.setattr(floor, "computing_in_float32", run_out)
    assert reader.raised(PROMPTS[0]) is None
    assert reader.absent == "memory"
    assert len(reader.alone(PROMPTS[0])) == 2
