"""Guards: a forked state reads what one full pass per sequence reads in float64, whatever is beside or behind a row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import MORE_HYBRIDS, UNSHARED_KINDS, as_float64, tiny_model

from probe.engine.forked import ForkedReader, _batches, _rows, stem_length
from probe.engine.head import project_in_float32
from probe.engine.plain import PlainReader
from probe.errors import ModelError
from probe.prompts.pack import Pack, Prompt

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0
HYBRIDS = ["falcon_h1", "qwen3_5_text", "granitemoehybrid", "lfm2", "qwen3_next", "bamba", "zamba2"]
BIASED = ["bloom", "mpt", "falcon", "gptj", "gpt_neo", "llama"]

ROUNDING = {"qwen3_5_text": 1e-3}
"""Its delta rule computes in float32 whatever the dtype of the model, the reference's included."""

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


def forking(model, monkeypatch=None):
    """A reader that forks on a CPU too where that computes more tokens."""
    if monkeypatch is not None:
        monkeypatch.setattr("probe.engine.forked._computed_plainly", lambda _: 10**9)
    return ForkedReader(model, BOUNDARY, "tiny")


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


@pytest.mark.parametrize("kind", HYBRIDS + BIASED)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_every_kind_reads_as_full_passes_in_at_most_three_passes(models, kind, monkeypatch):
    model, double = models(kind)
    passes = []
    hook = model.get_decoder().register_forward_hook(lambda *_: passes.append(1))
    pack = as_a_study_asks()
    readings = forking(model, monkeypatch).read(pack)
    hook.remove()
    assert len(passes) <= 3
    few = slice(0, 32, 5)
    assert_equal_to_full_passes(double, Pack(pack.prompts[few], pack.budget), readings[few], ROUNDING.get(kind, 1e-4))


@pytest.mark.parametrize("kind", ["qwen3_5_text", "falcon_h1"])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(pack=packs())
def test_any_pack_reads_as_full_passes(models, kind, pack):
    _, double = models(kind)  # in float64: on repeated tokens some tiny models are far from it in float32
    with pytest.MonkeyPatch.context() as patch:
        assert_equal_to_full_passes(double, pack, forking(double, patch).read(pack), ROUNDING.get(kind, 1e-4))


def test_a_row_knows_nothing_of_the_filling_and_of_its_neighbours(models, monkeypatch):
    model, _ = models("qwen3_5_text")
    pack = as_a_study_asks()
    reader = forking(model, monkeypatch)
    whole, part = reader.read(pack), reader.read(Pack(pack.prompts[:3], pack.budget))
    for one, other in zip(whole, part, strict=False):
        assert one.logprobs == pytest.approx(other.logprobs, abs=2e-5)
        assert one.boundaries == pytest.approx(other.boundaries, abs=2e-5)


def test_on_a_cpu_packs_of_short_stems_are_read_plainly(models):
    model, _ = models("lfm2")
    for stem, forked in ((136, True), (20, False)):
        pack = as_a_study_asks(stem=stem)
        plain = PlainReader(model, BOUNDARY, "tiny").read(pack)
        found = ForkedReader(model, BOUNDARY, "tiny").read(pack)
        assert (found != plain) == forked  # the last bits tell
        assert [one.top_token_id for one in found] == [one.top_token_id for one in plain]


@given(packs())
def test_batches_hold_every_row_once_and_keep_to_the_budget(pack):
    stem = stem_length(pack)
    rows = list(_rows(pack, stem))
    batches = list(_batches(iter(rows), pack.budget))
    assert sorted((r.prompt, r.slot or 0) for b in batches for r in b) == sorted((r.prompt, r.slot or 0) for r in rows)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(len(row.tokens) for row in batch) <= pack.budget
    for row in rows:
        prompt = pack.prompts[row.prompt]
        assert prompt.input_ids[stem:] + (prompt.continuations[row.slot] if prompt.continuations else ()) == row.tokens
        assert row.decision == len(prompt.input_ids) - stem - 1 >= 0


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
