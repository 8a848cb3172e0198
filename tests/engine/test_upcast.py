"""Guards: float32 compute equals the same weights cast to float32, and leaves them in memory as they are stored."""

from __future__ import annotations

import pytest
import torch
from bitsandbytes.nn import Linear8bitLt
from tiny import KINDS, MORE_KINDS, UNSHARED_KINDS
from transformers.pytorch_utils import Conv1D

from probe.engine.expansion import is_quantised
from probe.engine.load import load_model
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision
from probe.engine.upcast import computing_in_float32

LESS_EXACT = {"gemma": 3e-3, "mamba": 5e-2}
"""Gemma scales its embedding by a constant that is rounded to the stored dtype when the model is built; Mamba casts its
last hidden state to the dtype in which the projection is stored."""

SEQUENCE = (3, 1, 4, 1, 5, 9, 2, 6)


@pytest.mark.parametrize("kind", sorted([*KINDS, *MORE_KINDS, *UNSHARED_KINDS]))
def test_float32_compute_equals_float32_weights(tiny_model_folder, demo_folder, kind):
    folder = tiny_model_folder(kind, demo_folder, dtype="bfloat16")
    raised = load_model(folder, "tiny", precision=Precision(compute="fp32"), device="cpu")
    native = load_model(folder, "tiny", precision=Precision(), device="cpu")
    reference = load_model(folder, "tiny", precision=Precision("float32"), device="cpu")
    before = {name: tensor.clone() for name, tensor in raised.model.state_dict().items()}
    found = next_token_logprobs(raised.model, SEQUENCE)
    truth = next_token_logprobs(reference.model, SEQUENCE)
    assert (found - truth).abs().max() < next((most for name, most in LESS_EXACT.items() if name in kind), 1e-5)
    assert (next_token_logprobs(native.model, SEQUENCE) - truth).abs().max() > 1e-4
    after = raised.model.state_dict()
    assert all(
        after[name].dtype == tensor.dtype and torch.equal(after[name], tensor) for name, tensor in before.items()
    )


def test_the_stored_weights_come_back_when_a_pass_fails(tiny_model_folder, demo_folder):
    loaded = load_model(
        tiny_model_folder("llama", demo_folder, dtype="bfloat16"),
        "tiny",
        precision=Precision(compute="fp32"),
        device="cpu",
    )
    with pytest.raises(IndexError):
        next_token_logprobs(loaded.model, (10**6,))
    assert {p.dtype for p in loaded.model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("quant", ["int8", "nf4"])
@pytest.mark.parametrize("kind", ["llama", "qwen3_moe", "gpt2"])
def test_quantised_layers_compute_in_float32_from_their_own_codes(tiny_model_folder, demo_folder, kind, quant):
    """Held against a float32 model into which the weights that the codes stand for were written."""
    folder = tiny_model_folder(kind, demo_folder, dtype="bfloat16")
    raised = load_model(folder, "tiny", precision=Precision(quant=quant, compute="fp32"), device="cpu").model
    reference = load_model(folder, "tiny", precision=Precision("float32"), device="cpu").model
    codes = dict(raised.named_modules())
    replaced = 0
    for name, module in reference.named_modules():
        if is_quantised(codes[name]):
            weight = meant(codes[name])
            module.weight.data = weight.T.contiguous() if isinstance(module, Conv1D) else weight
            replaced += 1
    assert replaced >= 4
    found, truth = (next_token_logprobs(model, SEQUENCE) for model in (raised, reference))
    assert (found - truth).abs().max() < 1e-5


def meant(layer):
    """What codes stand for, by the formats' definitions."""
    weight = layer.weight
    if isinstance(layer, Linear8bitLt):
        return weight.CB.float() * weight.SCB.float()[:, None] / 127
    state = weight.quant_state
    nested = state.state2
    scales = (
        nested.code[state.absmax.long()].reshape(-1)
        * nested.absmax.repeat_interleave(nested.blocksize)[: state.absmax.numel()]
    )
    scales = scales + state.offset
    packed = weight.data.reshape(-1)
    nibbles = torch.stack([packed >> 4, packed & 15], -1).reshape(-1).long()
    values = state.code[nibbles] * scales.repeat_interleave(state.blocksize)[: nibbles.numel()]
    return values[: state.shape.numel()].reshape(state.shape)


@pytest.mark.parametrize("quant", ["none", "int8", "nf4"])
def test_for_a_while_leaves_no_trace(tiny_model_folder, demo_folder, quant):
    folder = tiny_model_folder("llama", demo_folder, dtype="bfloat16")
    loaded = load_model(folder, "tiny", precision=Precision(quant=quant), device="cpu")
    raised = load_model(folder, "tiny", precision=Precision(quant=quant, compute="fp32"), device="cpu")
    before = next_token_logprobs(loaded.model, SEQUENCE)
    with computing_in_float32(loaded.model):
        within = next_token_logprobs(loaded.model, SEQUENCE)
    assert torch.equal(within, next_token_logprobs(raised.model, SEQUENCE))
    assert torch.equal(next_token_logprobs(loaded.model, SEQUENCE), before)
    assert (within - before).abs().max() > 1e-4
