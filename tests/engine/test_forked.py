"""Guards: a forked state reads what one full pass per sequence reads in float64, whatever is beside or behind a row."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import MORE_HYBRIDS, UNSHARED_KINDS, as_float64, tiny_model

from probe.engine import forked
from probe.engine.forked import ForkedReader
from probe.engine.head import project_in_float32
from probe.engine.mixers import narrowest_row
from probe.errors import ModelError
from probe.prompts.pack import Pack, Prompt
from probe.prompts.stages import stages
from probe.prompts.trie import grow

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0
DELTA_RULES = ["qwen3_5_text", "qwen3_5_moe_text", "qwen3_next", "olmo_hybrid", "kimi_linear"]
HYBRIDS = ["falcon_h1", "granitemoehybrid", "lfm2", "bamba", "zamba2", "nemotron_h", *DELTA_RULES]
BIASED = ["bloom", "mpt", "falcon", "gptj", "gpt_neo", "llama"]

ROUNDING = dict.fromkeys(DELTA_RULES, 1e-3)
"""Their delta rule computes in float32 whatever the dtype of the model, the reference's included."""

tokens = st.integers(0, VOCABULARY - 1)


@st.composite
def packs(draw):
    """Prompts of several lengths behind a stem, which may be empty; continuations of one to three tokens."""
    stem = tuple(draw(st.lists(tokens, max_size=14)))
    rest = st.lists(tokens, min_size=1, max_size=9).map(tuple)
    more = st.lists(st.lists(tokens, min_size=1, max_size=3).map(tuple), max_size=3, unique=True).map(tuple)
    prompts = draw(st.lists(st.builds(Prompt, rest.map(lambda own: stem + own), more), min_size=1, max_size=5))
    return Pack(tuple(prompts), draw(st.sampled_from([1, 16, 4096])))


def as_a_study_asks(seed=0, stem=136):
    """32 formats as `standard` has them: four lengths, two or four continuations each, of one or two tokens."""
    rng = np.random.default_rng(seed)

    def drawn(count):
        return tuple(rng.integers(0, VOCABULARY, count).tolist())

    begun = drawn(stem)
    prompts = []
    for n in range(32):
        labels = tuple((int(one),) for one in rng.choice(VOCABULARY, 2, replace=False))
        longer = tuple(one + drawn(1) for one in labels) if n % 2 else ()
        prompts.append(Prompt(begun + drawn((52, 53, 59, 60)[n % 4]), longer or labels))
    return Pack(tuple(prompts), 4096)


def as_formats_branch(seed=0, stem=60):
    """32 formats that part five times, at last into prompts of two lengths; four labels behind each."""
    rng = np.random.default_rng(seed)

    def drawn(count):
        return tuple(rng.integers(0, VOCABULARY, count).tolist())

    begun = [drawn(stem)]
    for blocks in ((7, 7), (12, 12), (9, 9), (4, 7), (2, 2)):
        begun = [one + drawn(size) for one in begun for size in blocks]
    labels = [(int(one),) for one in rng.choice(VOCABULARY, 4, replace=False)]
    return Pack(tuple(Prompt(one, tuple(labels)) for one in begun), 4096)


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


@pytest.fixture
def few_passes(monkeypatch):
    """As on a device where passes cost more than tokens do."""

    def three(trie, most, **named):
        assert most is None  # on a CPU, where tokens cost
        return stages(trie, forked.PASSES, **named)

    monkeypatch.setattr(forked, "stages", three)


def passes_of(model, pack):
    """Readings, and rows and width of every pass."""
    shapes = []

    def note(_, given, named):
        shapes.append(tuple((named.get("input_ids") if "input_ids" in named else given[0]).shape))

    hook = model.get_decoder().register_forward_pre_hook(note, with_kwargs=True)
    try:
        return ForkedReader(model, BOUNDARY, "tiny").read(pack), shapes
    finally:
        hook.remove()


@torch.no_grad()
def assert_equal_to_full_passes(double, pack, readings, bound=1e-4):
    assert len(readings) == len(pack.prompts)
    for prompt, reading in zip(pack.prompts, readings, strict=True):
        for n, continuation in enumerate(prompt.continuations or ((),)):
            ids = torch.tensor([prompt.input_ids + continuation])
            rows = torch.log_softmax(double(ids, use_cache=False).logits[0].double(), -1)
            first = rows[len(prompt.input_ids) - 1]
            assert reading.top_logprob == pytest.approx(float(first.max()), abs=bound)
            assert float(first[reading.top_token_id]) == pytest.approx(float(first.max()), abs=bound)
            if continuation:
                steps = rows[len(prompt.input_ids) - 1 : -1]
                logprob = sum(float(step[token]) for step, token in zip(steps, continuation, strict=True))
                assert reading.logprobs[n] == pytest.approx(logprob, abs=bound)
                ends = float(rows[-1].exp()[torch.tensor(BOUNDARY)].sum())
                assert reading.boundaries[n] == pytest.approx(ends, abs=bound / 10)


def assert_some_equal(double, pack, readings, bound):
    few = slice(0, len(pack.prompts), 5)
    assert_equal_to_full_passes(double, Pack(pack.prompts[few], pack.budget), readings[few], bound)


@pytest.mark.parametrize("kind", HYBRIDS + BIASED)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_every_kind_reads_as_full_passes_in_at_most_three_passes(models, kind, few_passes):
    model, double = models(kind)
    pack = as_a_study_asks()
    readings, shapes = passes_of(model, pack)
    assert len(shapes) <= 3
    assert_some_equal(double, pack, readings, ROUNDING.get(kind, 1e-4))


@pytest.mark.parametrize("kind", HYBRIDS + BIASED)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_on_a_cpu_every_kind_computes_hardly_more_than_the_trie(models, kind):
    model, double = models(kind)
    pack = as_formats_branch()
    readings, shapes = passes_of(model, pack)
    assert 3 < len(shapes) < 20
    most = {1: 1.5, 2: 2.2}[narrowest_row(model)]
    assert sum(rows * width for rows, width in shapes) < most * grow(enumerate(pack.prompts)).size
    assert_some_equal(double, pack, readings, ROUNDING.get(kind, 1e-4))


@pytest.mark.parametrize("kind", ["qwen3_5_text", "falcon_h1", "nemotron_h"])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(pack=packs(), most=st.sampled_from([None, 2, 3]), pass_tokens=st.sampled_from([0, 8]))
def test_any_pack_reads_as_full_passes(models, kind, pack, most, pass_tokens):
    _, double = models(kind)  # in float64: on repeated tokens some tiny models are far from it in float32
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forked, "PASS_TOKENS", pass_tokens)
        patch.setattr(forked, "stages", lambda trie, _, **named: stages(trie, most, **named))
        readings, _ = passes_of(double, pack)
    assert_equal_to_full_passes(double, pack, readings, ROUNDING.get(kind, 1e-4))


def test_a_row_knows_nothing_of_the_filling_and_of_its_neighbours(models, few_passes):
    model, _ = models("qwen3_5_text")
    pack = as_a_study_asks()
    reader = ForkedReader(model, BOUNDARY, "tiny")
    whole, part = reader.read(pack), reader.read(Pack(pack.prompts[:3], pack.budget))
    for one, other in zip(whole, part, strict=False):
        assert one.logprobs == pytest.approx(other.logprobs, abs=2e-5)
        assert one.boundaries == pytest.approx(other.boundaries, abs=2e-5)


def test_a_smaller_budget_makes_more_passes_and_the_same_numbers(models):
    model, _ = models("lfm2")
    pack = as_formats_branch()
    (whole, few), (parts, many) = (passes_of(model, Pack(pack.prompts, budget)) for budget in (4096, 256))
    assert len(few) < len(many)
    assert all(rows * max(width, forked.ROW_TOKENS) <= 256 or rows == 1 for rows, width in many)
    for one, other in zip(whole, parts, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=2e-5)


def test_states_are_kept_of_one_way_down_only(models):
    model, _ = models("lfm2")
    alive = weakref.WeakSet()
    most = []

    def note(*given):
        alive.add(given[-1].past_key_values)
        gc.collect()
        most.append(len(alive))

    hook = model.get_decoder().register_forward_hook(note)
    ForkedReader(model, BOUNDARY, "tiny").read(Pack(as_formats_branch().prompts, 32))
    hook.remove()
    assert len(most) > 100
    assert max(most) < 8  # at most one of each stage


def test_numbers_that_are_none_never_leave(models):
    model, _ = models("lfm2")
    weight = model.get_output_embeddings().weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight[5] = float("nan")
    try:
        with pytest.raises(ModelError, match="not finite"):
            ForkedReader(model, BOUNDARY, "tiny").read(as_a_study_asks())
    finally:
        with torch.no_grad():
            weight.copy_(kept)


def test_the_kinds_are_those_that_no_trie_can_stand_for():
    assert {*HYBRIDS, *BIASED} - {"llama"} <= {*UNSHARED_KINDS, *MORE_HYBRIDS}
