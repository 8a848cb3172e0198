"""Guards: what the reader says is what one full pass per sequence says in float64, on every architecture at hand,
whatever else stands in the batch; and nothing that is not a number ever leaves it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import KINDS, MORE_KINDS, UNSHARED_KINDS, as_float64, tiny_model

from probe.engine.head import project_in_float32
from probe.engine.plain import PlainReader, _batches, _followers, branch_cache, next_token_logprobs, read_alone
from probe.errors import ModelError
from probe.prompts.pack import Pack, Prompt

ALL_KINDS = [*KINDS, *MORE_KINDS, *UNSHARED_KINDS]

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0

tokens = st.integers(0, VOCABULARY - 1)
sequences = st.lists(tokens, min_size=1, max_size=3).map(tuple)
shapes = st.lists(st.integers(1, 14), min_size=1, max_size=4)


@st.composite
def packs(draw):
    """Prompts of a few lengths, so that some share a batch; continuations of one to three tokens."""
    lengths = draw(shapes)
    prompts = tuple(
        Prompt(
            tuple(draw(st.lists(tokens, min_size=length, max_size=length))),
            tuple(draw(st.lists(sequences, min_size=1, max_size=3, unique=True))),
        )
        for length in lengths + lengths[:1]
    )
    return Pack(prompts, draw(st.sampled_from([1, 16, 4096])))


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
    return rows[start], sum(float(rows[start + i, t]) for i, t in enumerate(continuation)), rows[-1]


def assert_equal_to_full_passes(models, pack):
    model, double = models
    readings = PlainReader(model, BOUNDARY, "tiny").read(pack)
    assert len(readings) == len(pack.prompts)
    for prompt, reading in zip(pack.prompts, readings, strict=True):
        for n, continuation in enumerate(prompt.continuations):
            first, logprob, behind = full_pass(double, prompt, continuation)
            assert reading.logprobs[n] == pytest.approx(logprob, abs=1e-4)
            assert reading.boundaries[n] == pytest.approx(float(behind.exp()[torch.tensor(BOUNDARY)].sum()), abs=1e-5)
        assert reading.top_logprob == pytest.approx(float(first.max()), abs=1e-4)
        assert float(first[reading.top_token_id]) == pytest.approx(float(first.max()), abs=1e-4)


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pack=packs())
def test_equal_to_full_passes_in_float64(models, kind, pack):
    assert_equal_to_full_passes(models(kind), pack)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pack=packs())
def test_equal_to_full_passes_in_float64_at_length(models, kind, pack):
    assert_equal_to_full_passes(models(kind), pack)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_prompts_longer_than_any_window_or_chunk(models, kind):
    rng = np.random.default_rng(3)
    prompts = [Prompt(tuple(rng.integers(0, VOCABULARY, 23).tolist()), ((5,), (6, 7), (8, 9, 10))) for _ in range(3)]
    assert_equal_to_full_passes(models(kind), Pack(tuple(prompts), 4096))


@pytest.mark.parametrize("kind", ["gpt2", "llama", "mistral", "gemma2", "qwen3_moe"])
def test_batch_composition_changes_nothing(models, kind):
    rng = np.random.default_rng(1)
    prompts = tuple(
        Prompt(tuple(rng.integers(0, VOCABULARY, length).tolist()), ((1,), (2, 3)))
        for length in (9, 12, 9, 9, 12, 3, 9, 9)
    )
    reader = PlainReader(models(kind)[0], BOUNDARY, "tiny")
    alone, together = (reader.read(Pack(prompts, budget)) for budget in (1, 4096))
    for one, other in zip(alone, together, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)
        assert one.boundaries == pytest.approx(other.boundaries, abs=1e-5)
        assert one.top_token_id == other.top_token_id


def test_readings_stand_in_the_order_of_the_prompts(models):
    model, _ = models("llama")
    prompts = tuple(Prompt((n,) * length, ((1,), (2, 3))) for n, length in enumerate((9, 3, 12, 3)))
    readings = PlainReader(model, BOUNDARY, "tiny").read(Pack(prompts, 4096))
    for prompt, reading in zip(prompts, readings, strict=True):
        assert reading.logprobs == pytest.approx(read_alone(model, prompt), abs=1e-5)


def test_the_same_pack_gives_the_same_numbers_to_the_last_bit(models):
    pack = Pack(tuple(Prompt((n, 4, 5), ((1,), (2, 3))) for n in range(9)), 4096)
    reader = PlainReader(models("llama")[0], BOUNDARY, "tiny")
    assert reader.read(pack) == reader.read(pack)


@given(pack=packs())
@settings(max_examples=50, derandomize=True)
def test_batches_are_unpadded_within_budget_and_lose_nothing(pack):
    batches = list(_batches(pack))
    assert sorted(row for rows in batches for row in rows) == list(range(len(pack.prompts)))
    for rows in batches:
        assert len({len(pack.prompts[row].input_ids) for row in rows}) == 1
        assert len(rows) == 1 or len(rows) * len(pack.prompts[rows[0]].input_ids) <= pack.budget
        assert rows == sorted(rows)


@given(pack=packs(), size=st.integers(1, 5))
@settings(max_examples=50, derandomize=True)
def test_every_continuation_is_followed_once_with_others_of_its_length(pack, size):
    followed = []
    for rows, slots, tokens in _followers(pack.prompts, size):
        assert len(rows) <= size
        assert len({len(one) for one in tokens}) == 1
        assert [pack.prompts[row].continuations[slot] for row, slot in zip(rows, slots, strict=True)] == tokens
        followed += zip(rows, slots, strict=True)
    assert sorted(followed) == [(r, s) for r, p in enumerate(pack.prompts) for s in range(len(p.continuations))]


def test_a_branch_leaves_the_cache_as_it_was(models):
    model, _ = models("llama")
    cache = model(input_ids=torch.tensor([[3, 1, 4], [1, 5, 9]]), use_cache=True).past_key_values
    before = [(layer.keys.clone(), layer.values.clone()) for layer in cache.layers]
    branch = branch_cache(cache, torch.tensor([1, 1, 0]))
    model(input_ids=torch.tensor([[2], [6], [5]]), past_key_values=branch, use_cache=True)
    for layer, (keys, values) in zip(cache.layers, before, strict=True):
        assert torch.equal(layer.keys, keys)
        assert torch.equal(layer.values, values)
    assert branch.layers[0].keys.shape[0] == 3


def test_prompts_of_one_length_share_a_batch():
    pack = Pack(tuple(Prompt((n, 1), ((2,),)) for n in range(7)), 8)
    assert list(_batches(pack)) == [[0, 1, 2, 3], [4, 5, 6]]


def test_a_continuation_does_not_see_the_one_before_it(models):
    """Every continuation goes on from the prompt: the cache of one must not leak into the next."""
    model, _ = models("llama")
    reader = PlainReader(model, BOUNDARY, "tiny")
    both = reader.read(Pack((Prompt((3, 1, 4), ((9, 2), (6, 5))),), 64))[0]
    (last,) = reader.read(Pack((Prompt((3, 1, 4), ((6, 5),)),), 64))
    assert both.logprobs[1] == pytest.approx(last.logprobs[0], abs=1e-5)
    assert both.boundaries[1] == pytest.approx(last.boundaries[0], abs=1e-5)


def test_one_alone_agrees_with_the_reader(models):
    model, double = models("qwen3")
    prompt = Prompt((7, 8, 9, 10), ((1,), (1, 2), (3, 4, 5)))
    (reading,) = PlainReader(model, BOUNDARY, "tiny").read(Pack((prompt,), 64))
    assert read_alone(model, prompt) == pytest.approx(reading.logprobs, abs=1e-5)
    first, _, _ = full_pass(double, prompt, (1,))
    assert next_token_logprobs(model, prompt.input_ids).numpy() == pytest.approx(first.numpy(), abs=1e-4)


def test_logprobs_are_over_the_whole_vocabulary(models):
    """All single tokens together have probability 1: nothing is renormalised over the options."""
    model, _ = models("gpt2")
    prompt = Prompt((7, 8, 9), tuple((token,) for token in range(VOCABULARY)))
    (reading,) = PlainReader(model, BOUNDARY, "tiny").read(Pack((prompt,), 64))
    assert math.fsum(map(math.exp, reading.logprobs)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("mask_size", [VOCABULARY - 40, VOCABULARY + 40])
def test_the_boundary_mask_may_be_of_another_width_than_the_logits(models, mask_size):
    model, double = models("llama")
    prompt = Prompt((7, 8, 9), ((1,),))
    (reading,) = PlainReader(model, np.ones(mask_size, dtype=np.bool_), "tiny").read(Pack((prompt,), 64))
    _, _, behind = full_pass(double, prompt, (1,))
    assert reading.boundaries[0] == pytest.approx(float(behind.exp()[:mask_size].sum()), abs=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_logits_that_are_not_finite_are_refused(bad):
    model = tiny_model("llama", VOCABULARY)
    project_in_float32(model, "broken")
    model.get_output_embeddings().weight.data[17] = bad
    with pytest.raises(ModelError, match=r"broken: the model returned logits that are not finite.*--dtype float32"):
        PlainReader(model, BOUNDARY, "broken").read(Pack((Prompt((1, 2, 3), ((4,), (5,))),), 64))


def test_a_label_of_no_probability_is_refused_too():
    model = tiny_model("llama", VOCABULARY)
    project_in_float32(model, "masked")
    head = model.get_output_embeddings()
    head.forward = lambda hidden, inner=head.forward: inner(hidden).index_fill(-1, torch.tensor([4]), -math.inf)
    with pytest.raises(ModelError, match="not finite"):
        PlainReader(model, BOUNDARY, "masked").read(Pack((Prompt((1, 2, 3), ((4,), (5,))),), 64))


def test_shapes_are_checked_while_the_tests_run(models):
    """The reader's annotations are live: a wrong dtype is told by jaxtyping, not by a wrong number."""
    from jaxtyping import TypeCheckError

    reader = PlainReader(models("llama")[0], BOUNDARY, "tiny")
    with pytest.raises(TypeCheckError):
        reader._follow(torch.zeros(1, 3), torch.tensor([0]), torch.zeros(1, 1, 3), torch.tensor([[1]]))


def test_a_vocabulary_with_a_hole_is_refused_where_nothing_is_asked_behind_a_prompt():
    """No score is there to tell it: logits of which one is no number have no largest token."""
    model = tiny_model("llama", VOCABULARY)
    project_in_float32(model, "holed")
    pack = Pack((Prompt((1, 2, 3), ()),), 64)
    assert len(PlainReader(model, BOUNDARY, "holed").read(pack)) == 1
    model.get_output_embeddings().weight.data[17] = math.nan
    with pytest.raises(ModelError, match="holed: the model returned logits that are not finite"):
        PlainReader(model, BOUNDARY, "holed").read(pack)
