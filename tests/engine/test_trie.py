"""Guards: the trie reader says what one full pass per sequence says in float64, on every architecture that it reads,
whatever else stands in the pack and however the pack is split; and nothing that is not a number ever leaves it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import KINDS, as_float64, tiny_model

from probe.engine.head import project_in_float32
from probe.engine.plain import PlainReader, next_token_logprobs, read_alone
from probe.engine.trie import TrieReader
from probe.errors import ModelError
from probe.prompts.pack import Pack, Prompt

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0

sequences = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=3).map(tuple)


@st.composite
def packs(draw):
    """Prompts that share prefixes of many lengths, some of them prefixes of others."""
    stem = draw(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=25))
    tails = draw(st.lists(st.lists(st.integers(0, 2), max_size=6), min_size=1, max_size=6))
    cuts = [draw(st.integers(1, len(stem))) for _ in tails]
    prompts = tuple(
        Prompt(tuple(stem[:at] + tail), tuple(draw(st.lists(sequences, min_size=1, max_size=3, unique=True))))
        for at, tail in zip(cuts, tails, strict=True)
    )
    return Pack(prompts, draw(st.sampled_from([1, 40, 4096])))


@pytest.fixture(scope="module")
def models():
    """By kind: the model as it is read, and the same weights in float64, untouched."""
    made = {}

    def of(kind):
        if kind not in made:
            model = tiny_model(kind, VOCABULARY)
            double = as_float64(model)
            project_in_float32(model, kind)
            made[kind] = (model, double)
        return made[kind]

    return of


@torch.no_grad()
def full_pass(double, prompt, continuation):
    """Log-probability of `continuation` and of every token behind it, from one pass over everything."""
    ids = torch.tensor([prompt.input_ids + continuation])
    rows = torch.log_softmax(double(ids, use_cache=False).logits[0].double(), -1)
    start = len(prompt.input_ids) - 1
    logprob = sum(float(rows[start + i, t]) for i, t in enumerate(continuation))
    return rows[start], logprob, float(rows[-1].exp()[torch.tensor(BOUNDARY)].sum())


def distance(double, pack, readings):
    """Largest difference from one pass per sequence in float64, in nats or in probability of a boundary."""
    worst = 0.0
    for prompt, reading in zip(pack.prompts, readings, strict=True):
        for n, continuation in enumerate(prompt.continuations):
            first, logprob, boundary = full_pass(double, prompt, continuation)
            found = (reading.logprobs[n], reading.boundaries[n], reading.top_logprob)
            wanted = (logprob, boundary, float(first.max()))
            worst = max(worst, *(abs(a - b) for a, b in zip(found, wanted, strict=True)))
            assert float(first[reading.top_token_id]) == pytest.approx(float(first.max()), abs=1e-4)
    return worst


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pack=packs())
def test_equal_to_full_passes_in_float64(models, kind, pack):
    model, double = models(kind)
    assert distance(double, pack, TrieReader(model, BOUNDARY, "tiny").read(pack)) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pack=packs())
def test_equal_to_full_passes_in_float64_at_length(models, kind, exact, pack):
    model, double = models(kind)
    assert distance(double, pack, TrieReader(model, BOUNDARY, "tiny", exact).read(pack)) < 1e-4


def grid(seed, root=60, length=5, branches=(2, 3, 2)):
    """What a design gives: a long stem and blocks that branch; four forms, two of them of two tokens."""
    rng = np.random.default_rng(seed)
    stems = [tuple(rng.integers(0, VOCABULARY, root).tolist())]
    for width in branches:
        stems = [stem + tuple(rng.integers(0, VOCABULARY, length).tolist()) for stem in stems for _ in range(width)]
    return Pack(tuple(Prompt(stem, ((3,), (4, 5), (4, 6), (9,))) for stem in stems), 4096)


@pytest.mark.parametrize("kind", KINDS)
def test_as_close_to_float64_as_the_plain_reader(models, kind):
    model, double = models(kind)
    pack = grid(4)
    plain = distance(double, pack, PlainReader(model, BOUNDARY, "tiny").read(pack))
    assert distance(double, pack, TrieReader(model, BOUNDARY, "tiny").read(pack)) < min(1e-4, 5 * plain)


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_other_prompts_and_the_split_change_nothing(models, kind):
    reader = TrieReader(models(kind)[0], BOUNDARY, "tiny")
    pack = grid(5)
    whole = reader.read(pack)
    split = reader.read(Pack(pack.prompts, 90))
    for one, other in zip(whole, split, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)
        assert one.boundaries == pytest.approx(other.boundaries, abs=1e-5)
    (alone,) = reader.read(Pack(pack.prompts[7:8], 4096))
    assert alone.logprobs == pytest.approx(whole[7].logprobs, abs=1e-5)


def test_blocks_of_rows_change_nothing(models, monkeypatch):
    model, _ = models("granite")
    pack = grid(6)
    whole = TrieReader(model, BOUNDARY, "tiny").read(pack)
    monkeypatch.setattr("probe.engine.node_readings.LOGITS_BLOCK", 3 * VOCABULARY)
    calls = []
    hook = model.get_output_embeddings().register_forward_hook(lambda *seen: calls.append(seen[2].shape[-2]))
    blocks = TrieReader(model, BOUNDARY, "tiny").read(pack)
    hook.remove()
    assert max(calls) <= 3
    assert sum(calls) == 12 * 6  # a decision and five tokens behind it
    for one, other in zip(whole, blocks, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


def test_layers_run_once_however_many_blocks(models, monkeypatch):
    model, _ = models("llama")
    monkeypatch.setattr("probe.engine.node_readings.LOGITS_BLOCK", 3 * VOCABULARY)
    reader = TrieReader(model, BOUNDARY, "tiny")
    reader.read(grid(6))
    assert reader.windows == [None, None]


def test_readings_stand_in_the_order_of_the_prompts(models):
    model, _ = models("llama")
    pack = Pack(tuple(reversed(grid(7).prompts)), 4096)
    for prompt, reading in zip(pack.prompts, TrieReader(model, BOUNDARY, "tiny").read(pack), strict=True):
        assert reading.logprobs == pytest.approx(read_alone(model, prompt), abs=1e-5)
        first = next_token_logprobs(model, prompt.input_ids)
        assert reading.top_token_id == int(first.argmax())


def test_the_same_pack_gives_the_same_numbers_to_the_last_bit(models):
    reader = TrieReader(models("llama")[0], BOUNDARY, "tiny")
    assert reader.read(grid(8)) == reader.read(grid(8))


def test_logprobs_are_over_the_whole_vocabulary(models):
    prompt = Prompt((7, 8, 9), tuple((token,) for token in range(VOCABULARY)))
    (reading,) = TrieReader(models("gpt2")[0], BOUNDARY, "tiny").read(Pack((prompt,), 64))
    assert math.fsum(map(math.exp, reading.logprobs)) == pytest.approx(1.0, abs=1e-12)


def test_a_model_is_left_as_it_was(models):
    model, _ = models("mistral")
    prompt = grid(9).prompts[0]
    before = read_alone(model, prompt), model.config._attn_implementation
    TrieReader(model, BOUNDARY, "tiny").read(grid(9))
    assert (read_alone(model, prompt), model.config._attn_implementation) == before
    assert "forward" not in vars(model.get_decoder())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused(value):
    model = tiny_model("llama", VOCABULARY)
    project_in_float32(model, "broken")
    head = model.get_output_embeddings()
    head.forward = lambda hidden, inner=head.forward: inner(hidden).index_fill(-1, torch.tensor([4]), value)
    with pytest.raises(ModelError, match="not finite"):
        TrieReader(model, BOUNDARY, "broken").read(Pack((Prompt((1, 2, 3), ((4,), (5,))),), 64))
