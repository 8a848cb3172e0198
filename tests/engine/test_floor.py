"""Guards: cells are read alone as the run computes, and in float32 from the same weights where that says anything."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from probe.engine import floor
from probe.engine.floor import FloorReader
from probe.engine.load import load_model
from probe.engine.out_of_memory import NoMemoryError
from probe.engine.plain import PlainReader, read_alone
from probe.engine.precision import Precision
from probe.engine.reader_choice import trie_reader
from probe.prompts.pack import Pack, Prompt

PROMPTS = [Prompt((n, 2, 3), ((4,), (5, 6))) for n in range(4)]
RAISED = Pack(tuple(PROMPTS), -64)
BOUNDARY = np.zeros(2048, np.bool_)


@pytest.fixture(scope="module")
def load(tiny_model_folder, demo_folder):
    def at(dtype="float32", **precision):
        folder = tiny_model_folder("llama", demo_folder, dtype=dtype)
        return load_model(folder, "tiny", precision=Precision(**precision), device="cpu")

    return at


def by_trie(loaded, *, exact=False):
    return FloorReader(loaded, trie_reader(loaded.model, "tiny", BOUNDARY, exact=exact))


def plainly(loaded):
    return FloorReader(loaded, PlainReader(loaded.model, BOUNDARY, "tiny"))


@pytest.mark.parametrize("precision", [{}, {"compute": "fp32"}])
def test_what_computes_in_float32_is_read_in_company_by_the_trie_alone(load, precision):
    loaded = load("bfloat16" if precision else "float32", **precision)
    expected = [read_alone(loaded.model, prompt) for prompt in PROMPTS]
    for reader in (by_trie(loaded), plainly(loaded), by_trie(loaded, exact=True)):
        assert reader.absent == "computes in float32"
        assert reader.alone(PROMPTS[1]) == pytest.approx(expected[1], abs=1e-5)
    assert plainly(loaded).read(RAISED) is None
    if not precision:
        assert by_trie(loaded, exact=True).read(RAISED) is None
    for one, other in zip(by_trie(loaded).read(RAISED), expected, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_memory_that_runs_out_where_all_is_float32_is_told(load, monkeypatch):
    """Or a study would have no floor, though a smaller budget would give it one."""

    def run_out(*_):
        raise torch.OutOfMemoryError("full")

    reader = by_trie(load("float32"))
    monkeypatch.setattr(FloorReader, "_by_trie", run_out)
    with pytest.raises(NoMemoryError):
        reader.read(RAISED)
    assert reader.absent == "computes in float32"


@pytest.mark.parametrize("quant", ["none", "int8", "nf4"])
def test_half_precision_is_held_against_float32_from_the_same_weights(load, quant):
    """The reference for quantised weights is the same quantised weights, not the unquantised ones."""
    native, raised = load("bfloat16", quant=quant), load("bfloat16", quant=quant, compute="fp32")
    expected = [read_alone(raised.model, prompt) for prompt in PROMPTS]
    for reader in (by_trie(native), plainly(native)):
        for one, other in zip(reader.read(RAISED), expected, strict=True):
            assert one == pytest.approx(other, abs=1e-4)
        alone = [reader.alone(prompt) for prompt in PROMPTS]
        assert max(abs(a - b) for one, two in zip(alone, expected, strict=True) for a, b in zip(one, two)) > 1e-4  # noqa: B905
        assert reader.absent == ""
    assert plainly(native).alone(PROMPTS[2]) == read_alone(native.model, PROMPTS[2])


def passes(loaded, monkeypatch):
    """Sequences of each pass of the model from now on."""
    seen = []
    real = loaded.model.forward

    def forward(*args, **kwargs):
        seen.append(tuple(kwargs["input_ids"].shape))
        return real(*args, **kwargs)

    monkeypatch.setattr(loaded.model, "forward", forward)
    return seen


def test_a_cell_is_one_pass_of_its_own_trie_and_many_are_one_pass_in_float32(load, monkeypatch):
    loaded = load("bfloat16")
    seen = passes(loaded, monkeypatch)
    reader = by_trie(loaded)
    reader.read(Pack((PROMPTS[0],), 0))
    assert seen == [(1, 3 + 3)]
    reader.read(RAISED)
    assert seen[1:] == [(1, 4 * (3 + 3))]
    reader.read(Pack(tuple(PROMPTS), -24))
    assert seen[2:] == [(1, 12), (1, 12)]


def test_exact_mode_is_held_against_the_models_own_attention(load, monkeypatch):
    """Its trie of one prompt says by design the same as any other trie: a difference of 0 would say nothing."""
    loaded = load("float32")
    reader = by_trie(loaded, exact=True)
    assert reader.alone(PROMPTS[0]) == read_alone(loaded.model, PROMPTS[0])


def test_what_is_read_does_not_hang_on_memory_that_is_free_for_a_moment(load, monkeypatch):
    monkeypatch.setattr("probe.engine.placement.free_memory", lambda _: 0)
    monkeypatch.setattr(floor, "free_memory", lambda _: 0, raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("probe.engine.memory.free_memory", lambda _: 2**40)
        loaded = load("bfloat16")
    assert by_trie(loaded).absent == ""
    assert by_trie(loaded).read(RAISED) is not None


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("full"), RuntimeError("DefaultCPUAllocator: not enough memory")]
)
def test_memory_that_runs_out_on_the_way_is_no_figure(load, monkeypatch, error):
    def run_out(_):
        raise error

    reader = by_trie(load("bfloat16"))
    assert reader.absent == ""
    monkeypatch.setattr(floor, "computing_in_float32", run_out)
    assert reader.read(RAISED) is None
    assert reader.absent == "memory"
    assert len(reader.alone(PROMPTS[0])) == 2
