"""Guards: packs that are read at once share weights and nothing else, and no number of threads moves a bit."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from probe.engine import cpu_replicas as replicas
from probe.engine.cpu_replicas import REPLICA_BYTES, twin, twins
from probe.engine.cpu_threads import computes_on_cpu, one_thread_a_pass, one_thread_here
from probe.engine.floor import FloorReader
from probe.engine.identity import machine_parts
from probe.engine.load import load_model, loaded
from probe.engine.plain import PlainReader, read_alone
from probe.engine.precision import Precision
from probe.engine.trie import TrieReader
from probe.prompts.pack import Pack, Prompt

PROMPTS = tuple(Prompt((n, 2, 3, 1), ((4,), (5, 6))) for n in range(6))
PACKS = [Pack(tuple(Prompt((*p.input_ids, n), p.continuations) for p in PROMPTS), 4096) for n in range(6)]


@pytest.fixture(scope="module")
def load(tiny_model_folder, demo_folder):
    def at(kind="llama", dtype="float32", **precision):
        folder = tiny_model_folder(kind, demo_folder, dtype=dtype)
        return load_model(folder, "tiny", precision=Precision(**precision), device="cpu")

    return at


def boundary(model):
    return torch.arange(model.config.vocab_size).numpy() % 3 == 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("compute", ["native", "fp32"])
def test_a_twin_has_the_weights_and_none_of_the_modules(load, dtype, compute):
    first = load(dtype=dtype, compute=compute)
    second = twin(first)
    one, two = dict(first.model.named_modules()), dict(second.model.named_modules())
    assert one.keys() == two.keys()
    assert not {id(module) for module in one.values()} & {id(module) for module in two.values()}
    pairs = list(zip(first.model.parameters(), second.model.parameters(), strict=True))
    assert all(a.data_ptr() == b.data_ptr() and a is not b for a, b in pairs)
    assert first.model.config is not second.model.config
    assert second.model.config is second.model.get_decoder().config
    assert [read_alone(second.model, prompt) for prompt in PROMPTS] == [read_alone(first.model, p) for p in PROMPTS]


@pytest.mark.parametrize("compute", ["native", "fp32"])
@pytest.mark.parametrize("kind", ["llama", "gemma2", "qwen3_moe"])
@pytest.mark.parametrize("reader", [TrieReader, PlainReader])
def test_packs_read_at_once_read_as_one_after_the_other(load, kind, compute, reader):
    first = load(kind, dtype="bfloat16" if compute == "fp32" else "float32", compute=compute)
    readers = [reader(first.model, boundary(first.model), "tiny")]
    readers += [readers[0].of(twin(first).model) for _ in range(2)]
    alone = [readers[0].read(pack) for pack in PACKS]
    start = threading.Barrier(3)

    def read(number):
        start.wait()
        return [readers[number].read(pack) for pack in PACKS]

    with one_thread_a_pass("cpu"), ThreadPoolExecutor(3, initializer=one_thread_here) as pool:
        assert list(pool.map(read, range(3))) == [alone] * 3


def test_a_raised_cell_of_one_leaves_the_other_as_it_is(load):
    """Float32 compute puts other tensors in the place of the weights for a while: in its own modules alone."""
    first = load(dtype="bfloat16")
    second = twin(first)
    inside = []

    def look(*_):
        inside.append({p.dtype for p in first.model.parameters()})

    handle = second.model.get_decoder().norm.register_forward_hook(look)
    FloorReader(second, TrieReader(second.model, boundary(second.model), "tiny")).read(Pack(PROMPTS, -64))
    handle.remove()
    assert inside
    assert set().union(*inside) == {torch.bfloat16}


def test_the_number_there_was_is_back_afterwards(load, tiny_model_folder, demo_folder):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with contextlib.suppress(ZeroDivisionError), one_thread_a_pass("cpu") as threads:
            assert (threads, torch.get_num_threads()) == (3, 1)
            raise ZeroDivisionError
        assert torch.get_num_threads() == 3
        with one_thread_a_pass("cuda:0"):
            assert torch.get_num_threads() == 3
        folder = tiny_model_folder("llama", demo_folder)
        with loaded(folder, "tiny", precision=Precision(), device="cpu") as model:
            assert (model.threads, model.weights.numerics["threads"], torch.get_num_threads()) == (3, "1", 1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_the_key_of_the_cache_knows_no_number_of_threads():
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(machine_parts("cpu"))
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


@pytest.mark.parametrize(("device", "cuda", "so"), [("cpu", True, True), ("auto", False, True), ("auto", True, False)])
def test_whose_work_a_pass_is(monkeypatch, device, cuda, so):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert computes_on_cpu(device) is so
    assert not computes_on_cpu("cuda:0")


def test_there_are_as_many_as_threads_and_memory_allow(load, monkeypatch):
    first = load()
    assert len(twins(first, 3)) == 2
    assert twins(first, 1) == ()
    room = 2 * (REPLICA_BYTES + first.fp32_bytes)
    monkeypatch.setattr(replicas, "free_memory", lambda _: room)
    assert len(twins(first, 8)) == 1
    monkeypatch.setattr(replicas, "free_memory", lambda _: 0)
    assert twins(first, 8) == ()


def test_weights_that_were_expanded_on_loading_are_shared(load):
    first = load()
    stored = replace(first.weights, quantisation={"kind": "gguf", "expanded": True})
    assert len(twins(replace(first, weights=stored), 2)) == 1


def test_none_where_it_is_no_gain_or_unsafe(load):
    first = load()
    assert twins(replace(first, asked_device="cuda:0"), 4) == ()
    assert twins(load(dtype="bfloat16", quant="nf4"), 4) == ()
    first.model.get_decoder()._hf_hook = object()
    assert twins(first, 4) == ()
