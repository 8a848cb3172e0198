"""Guards: what a sequence is read as does not depend on which sequences were read before it."""

from __future__ import annotations

import pytest
import torch
from tiny import tiny_config, tiny_model

from probe.engine.plain import next_token_logprobs
from probe.engine.rope import depends_on_length, forget_lengths, length_of_other_angles, rope_kinds


def test_dynamic_angles_forget_longer_sequences():
    short, long = tuple(range(80)), tuple(range(150))
    fresh = next_token_logprobs(tiny_model("llama-dynamic"), short)
    model = tiny_model("llama-dynamic")
    next_token_logprobs(model, long)
    spoilt = next_token_logprobs(model, short)
    assert float((spoilt - fresh).abs().max()) > 1e-3
    forget_lengths(model)
    assert torch.equal(next_token_logprobs(model, short), fresh)
    assert torch.equal(
        next_token_logprobs(model, (1, 2, 3)), next_token_logprobs(tiny_model("llama-dynamic"), (1, 2, 3))
    )


@pytest.mark.parametrize(
    ("kind", "kinds", "depends", "length"),
    [
        ("llama", {"default"}, False, None),
        ("llama-dynamic", {"dynamic"}, True, None),
        ("phi3-longrope", {"longrope"}, True, 70),
        ("gemma3_text", {"default"}, False, None),
        ("gpt2", set(), False, None),
    ],
)
def test_what_a_config_states(kind, kinds, depends, length):
    config = tiny_config(kind, 211)
    assert rope_kinds(config) <= {"default"} if kind == "gpt2" else rope_kinds(config) == kinds
    assert depends_on_length(config) == depends
    assert length_of_other_angles(config) == length
