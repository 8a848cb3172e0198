"""Guards: a state space's chunks and lone tokens are computed so that nothing differs from one pass over the whole."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import as_float64, tiny_model

from probe.engine.load import load_model
from probe.engine.mixers import CHUNK, chunk_of, narrowest_row, shorten_chunks
from probe.engine.plain import PlainReader
from probe.engine.precision import Precision
from probe.prompts.pack import Pack, Prompt

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0
LONG = {"falcon_h1": "mamba_chunk_size", "bamba": "mamba_chunk_size", "nemotron_h": "chunk_size"}


@pytest.mark.parametrize(("kind", "named"), LONG.items())
def test_short_chunks_change_nothing_but_rounding(kind, named):
    model = as_float64(tiny_model(kind, VOCABULARY, {named: 256}))
    ids = torch.randint(0, VOCABULARY, (2, 75), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = model(ids, use_cache=False).logits
        shorten_chunks(model)
        after = model(ids, use_cache=False).logits
    assert chunks(model) == {25}
    torch.testing.assert_close(after, before, atol=1e-4, rtol=0)  # their scan computes in float32
    with torch.no_grad():
        narrow = model(ids[:, :9], use_cache=False).logits
    assert chunks(model) == {9}
    torch.testing.assert_close(narrow, before[:, :9], atol=1e-4, rtol=0)


def chunks(model):
    return {m.chunk_size for m in model.modules() if hasattr(m, "chunk_size")}


@given(st.integers(1, 3000), st.integers(1, 64))
def test_a_row_is_cut_into_the_fewest_chunks_with_the_least_filling(width, longest):
    size = chunk_of(width, longest)
    fewest = min(-(-width // one) for one in range(1, longest + 1))
    assert (-(-width // size), -width % size) == (
        fewest,
        min(-width % one for one in range(1, longest + 1) if -(-width // one) == fewest),
    )


DELTA_RULES = {
    **dict.fromkeys(["qwen3_5_text", "qwen3_5_moe_text", "qwen3_next", "olmo_hybrid"], "torch_chunk_gated_delta_rule"),
    "kimi_linear": "chunk_kimi_delta_attention",
}


@pytest.mark.parametrize(("kind", "rule"), DELTA_RULES.items())
def test_the_delta_rule_computes_in_short_chunks_and_changes_nothing_but_rounding(kind, rule, monkeypatch):
    model = tiny_model(kind, VOCABULARY)
    module = sys.modules[type(model).__module__]
    inner, seen = getattr(module, rule), []

    def noting(*given, chunk_size=None, **named):
        seen.append(chunk_size)
        return inner(*given, **named, **({} if chunk_size is None else {"chunk_size": chunk_size}))

    monkeypatch.setattr(module, rule, noting)
    ids = torch.randint(0, VOCABULARY, (2, 75), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = model(ids, use_cache=False).logits
        shorten_chunks(model)
        after = model(ids, use_cache=False).logits
        cache = model(ids, use_cache=True).past_key_values
        model(ids[:, :1], past_key_values=cache)  # a lone token goes another way, which takes no notice
    assert set(seen) == {None, 25}
    torch.testing.assert_close(after, before, atol=1e-3, rtol=0)  # the rule computes in float32
    assert not torch.equal(after, before)


def test_no_chunk_is_longer_than_stored():
    model = tiny_model("falcon_h1", VOCABULARY)
    shorten_chunks(model)
    with torch.no_grad():
        model(torch.zeros((1, 21), dtype=torch.long), use_cache=False)
    assert chunks(model) == {7}


@pytest.mark.parametrize(
    ("kind", "least"),
    [("falcon_h1", 1), ("bamba", 1), ("qwen3_5_text", 1), ("lfm2", 1), ("llama", 1), ("zamba2", 2), ("nemotron_h", 2)],
)
def test_kinds_whose_lone_tokens_are_computed_otherwise(kind, least):
    assert narrowest_row(tiny_model(kind, VOCABULARY)) == least


@pytest.mark.parametrize("kind", ["zamba2", "nemotron_h"])
def test_what_follows_a_label_is_read_as_in_one_pass(kind):
    model = as_float64(tiny_model(kind, VOCABULARY))
    rng = np.random.default_rng(3)
    worst = 0.0
    for length in range(20, 40, 3):
        prompt = Prompt(tuple(rng.integers(0, VOCABULARY, length).tolist()), tuple((n,) for n in range(0, 200, 9)))
        (reading,) = PlainReader(model, BOUNDARY, "tiny").read(Pack((prompt,), 4096))
        for continuation, found in zip(prompt.continuations, reading.boundaries, strict=True):
            with torch.no_grad():
                logits = model(torch.tensor([prompt.input_ids + continuation]), use_cache=False).logits[0, -1]
            wanted = float(torch.softmax(logits.double(), -1)[torch.from_numpy(BOUNDARY)].sum())
            worst = max(worst, abs(found - wanted))
    assert worst < 1e-5


def test_a_model_on_a_cpu_is_loaded_with_short_chunks_and_keeps_freed_memory(
    tiny_model_folder, demo_folder, monkeypatch
):
    kept = []
    monkeypatch.setattr("probe.engine.load.keep_freed_memory", lambda: kept.append(1))
    folder = tiny_model_folder("falcon_h1", demo_folder, mamba_chunk_size=256)
    model = load_model(folder, "tiny", precision=Precision(), device="cpu").model
    with torch.no_grad():
        model(torch.zeros((1, 2 * CHUNK), dtype=torch.long), use_cache=False)
    assert chunks(model) == {CHUNK}
    assert kept == [1]
