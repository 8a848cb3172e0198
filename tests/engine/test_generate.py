"""Guards: greedy writing takes the most probable token of a plain pass, whatever generation_config says, and stops."""

from __future__ import annotations

import pytest
import torch
import transformers
from tiny import KINDS, MORE_KINDS, UNSHARED_KINDS, tiny_model

from probe.engine.generate import stop_tokens, write_greedily
from probe.engine.head import project_in_float32
from probe.engine.plain import next_token_logprobs

PROMPT = (3, 1, 4, 1, 5)


@pytest.mark.parametrize("kind", sorted([*KINDS, *MORE_KINDS, *UNSHARED_KINDS]))
def test_every_token_is_the_most_probable_one(kind):
    """Held against a pass over the whole text for every token: no cache, no generate()."""
    model = tiny_model(kind)
    project_in_float32(model, kind)
    written = write_greedily(model, PROMPT, frozenset(), 12)
    assert len(written) == 12
    for n, token in enumerate(written):
        logprobs = next_token_logprobs(model, PROMPT + written[:n])
        assert float(logprobs[token]) == pytest.approx(float(logprobs.max()), abs=1e-4)


def test_what_the_generation_config_asks_for_is_not_done():
    model = tiny_model("llama")
    plain = write_greedily(model, PROMPT, frozenset(), 20)
    model.generation_config = transformers.GenerationConfig(
        do_sample=True, temperature=5.0, top_k=3, repetition_penalty=50.0, max_new_tokens=2, forced_bos_token_id=7
    )
    torch.manual_seed(1)
    assert write_greedily(model, PROMPT, frozenset(), 20) == plain
    warped = model.generate(torch.tensor([PROMPT]), max_new_tokens=20)[0, len(PROMPT) :].tolist()
    assert warped != list(plain)


def test_it_ends_before_a_token_that_ends_the_text():
    model = tiny_model("llama")
    whole = write_greedily(model, PROMPT, frozenset(), 20)
    stop = next(token for token in whole if token != whole[0])
    assert write_greedily(model, PROMPT, frozenset({stop}), 20) == whole[: whole.index(stop)]
    assert write_greedily(model, PROMPT, frozenset({whole[0]}), 20) == ()
    assert write_greedily(model, PROMPT, frozenset(), 7) == whole[:7]


@pytest.mark.parametrize(("named", "expected"), [(None, {9}), (4, {4, 9}), ([4, 5], {4, 5, 9})])
def test_what_ends_a_text(named, expected):
    model = tiny_model("llama")
    model.generation_config.eos_token_id = named
    assert stop_tokens(model, 9) == expected
    assert stop_tokens(model, None) == expected - {9}
