"""Guards: float32 compute equals the same weights cast to float32, and leaves them in memory as they are stored."""

from __future__ import annotations

import pytest
import torch
from tiny import KINDS

from probe.engine.load import load_model
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision

SEQUENCE = (3, 1, 4, 1, 5, 9, 2, 6)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_float32_compute_equals_float32_weights(tiny_model_folder, demo_folder, kind):
    folder = tiny_model_folder(kind, demo_folder, dtype="bfloat16")
    raised = load_model(folder, "tiny", precision=Precision(compute="fp32"), device="cpu")
    native = load_model(folder, "tiny", precision=Precision(), device="cpu")
    reference = load_model(folder, "tiny", precision=Precision("float32"), device="cpu")
    before = {name: tensor.clone() for name, tensor in raised.model.state_dict().items()}
    found = next_token_logprobs(raised.model, SEQUENCE)
    truth = next_token_logprobs(reference.model, SEQUENCE)
    # Gemma scales its embedding by a constant that is rounded to the stored dtype when the model is built.
    assert (found - truth).abs().max() < (3e-3 if kind.startswith("gemma") else 1e-5)
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
