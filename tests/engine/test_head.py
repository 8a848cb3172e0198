"""Guards: the output projection computes in float32 from weights left as stored, and the model's own soft-cap, scale,
bias and hooks still run after it.
"""

from __future__ import annotations

import pytest
import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from tiny import tiny_model
from torch import nn

from probe.engine import head as head_module
from probe.engine.head import project_in_float32
from probe.errors import ModelError

IDS = torch.tensor([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]])


@torch.no_grad()
def run(model):
    """Logits, and the hidden state that the projection got."""
    seen = []
    handle = model.get_output_embeddings().register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    logits = model(IDS).logits
    handle.remove()
    return logits, seen[0]


def expected(model, hidden):
    head = model.get_output_embeddings()
    return torch.nn.functional.linear(hidden.float(), head.weight.float())


AFTER = {
    "llama": lambda x: x,
    "gemma2": lambda x: 3.0 * torch.tanh(x / 3.0),
    "cohere": lambda x: x * 0.25,
    "granite": lambda x: x / 4.0,
}


@pytest.mark.parametrize("kind", AFTER)
@pytest.mark.parametrize("tied", [True, False])
def test_bfloat16_weights_give_float32_logits(kind, tied):
    model = tiny_model(kind, changes={"tie_word_embeddings": tied}).bfloat16()
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    before = head.weight.detach().clone()
    project_in_float32(model, kind)
    logits, hidden = run(model)
    assert logits.dtype == torch.float32
    assert hidden.dtype == torch.bfloat16
    torch.testing.assert_close(logits, AFTER[kind](expected(model, hidden)), rtol=0, atol=1e-5)
    assert head.weight.dtype == torch.bfloat16
    assert torch.equal(head.weight, before)
    assert (head.weight.data_ptr() == embedding.weight.data_ptr()) == tied


def test_without_it_bfloat16_logits_move_in_large_steps():
    """The trap that the float32 projection is there for."""
    model = tiny_model("llama").bfloat16()
    model.get_output_embeddings().weight.data *= 16
    coarse, hidden = run(model)
    assert coarse.dtype == torch.bfloat16
    assert (coarse.float() - expected(model, hidden)).abs().max() > 0.05


@pytest.mark.parametrize("block", [1, 7, 64, 211, 1000])
def test_the_size_of_a_block_changes_nothing(monkeypatch, block):
    model = tiny_model("llama").bfloat16()
    monkeypatch.setattr(head_module, "VOCABULARY_BLOCK", block)
    project_in_float32(model, "tiny")
    logits, hidden = run(model)
    torch.testing.assert_close(logits, expected(model, hidden), rtol=0, atol=1e-5)


def test_a_bias_is_added():
    model = tiny_model("llama").bfloat16()
    bias = torch.linspace(-2, 2, 211, dtype=torch.bfloat16)
    model.get_output_embeddings().bias = nn.Parameter(bias)
    project_in_float32(model, "tiny")
    logits, hidden = run(model)
    torch.testing.assert_close(logits, expected(model, hidden) + bias.float(), rtol=0, atol=1e-5)


def test_the_hooks_of_accelerate_still_run():
    class Counted(ModelHook):
        calls = 0

        def pre_forward(self, module, *args, **kwargs):  # noqa: ARG002  the hook's signature
            Counted.calls += 1
            return args, kwargs

    model = tiny_model("llama").bfloat16()
    add_hook_to_module(model.get_output_embeddings(), Counted())
    project_in_float32(model, "tiny")
    logits, hidden = run(model)
    assert Counted.calls == 1
    torch.testing.assert_close(logits, expected(model, hidden), rtol=0, atol=1e-5)


def test_only_the_projection_of_this_model_changes():
    one, other = tiny_model("llama").bfloat16(), tiny_model("llama").bfloat16()
    project_in_float32(one, "tiny")
    assert run(one)[0].dtype == torch.float32
    assert run(other)[0].dtype == torch.bfloat16


@pytest.mark.parametrize("weight", [None, torch.zeros(4, 4, dtype=torch.int8)])
def test_a_projection_without_floating_weights_is_refused(monkeypatch, weight):
    model = tiny_model("llama")
    bare = nn.Module()
    bare.weight = weight
    monkeypatch.setattr(model, "get_output_embeddings", lambda: bare)
    with pytest.raises(ModelError, match="tiny: no output projection with a floating-point weight"):
        project_in_float32(model, "tiny")


def test_a_model_without_a_projection_is_refused(monkeypatch):
    model = tiny_model("llama")
    monkeypatch.setattr(model, "get_output_embeddings", lambda: None)
    with pytest.raises(ModelError, match="NoneType"):
        project_in_float32(model, "tiny")
