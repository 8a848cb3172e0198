"""Guards: every setting of a quantised model is stated, its memory is known before it is loaded, and it reads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoConfig

from probe.engine import memory
from probe.engine.load import load_model
from probe.engine.memory import estimate_memory, held_bytes
from probe.engine.plain import PlainReader, read_alone
from probe.engine.precision import Precision
from probe.errors import EnvironmentFault, InputError
from probe.prompts.pack import Pack, Prompt

WIDE = {"hidden_size": 128, "intermediate_size": 256}
PROMPTS = tuple(Prompt((3, 1, 4, 1, 5, n), ((9,), (2, 6))) for n in range(4))


@pytest.fixture(scope="module")
def folder(tiny_model_folder, demo_folder):
    """A tiny Llama in bfloat16 whose linear layers dominate."""
    return tiny_model_folder("llama", demo_folder, dtype="bfloat16", **WIDE)


@pytest.mark.parametrize(
    ("quant", "settings"),
    [
        ("none", {}),
        ("int8", {"kind": "int8", "threshold": 6.0}),
        ("nf4", {"kind": "nf4", "double_quantisation": True, "compute_dtype": "bfloat16"}),
    ],
)
def test_quantised_weights_load_read_and_take_what_was_expected(folder, quant, settings):
    loaded = load_model(folder, "tiny", precision=Precision(quant=quant), device="cpu")
    assert loaded.quantisation == settings
    assert loaded.weight_bytes == pytest.approx(loaded.estimated_bytes, rel=0.02)
    readings = PlainReader(loaded.model, np.zeros(8, dtype=bool), "tiny").read(Pack(PROMPTS, 4096))
    assert all(np.isfinite(reading.logprobs).all() for reading in readings)
    for prompt, reading in zip(PROMPTS, readings, strict=True):
        assert read_alone(loaded.model, prompt) == pytest.approx(reading.logprobs, abs=0.15)


def test_quantisation_shrinks_the_weights_and_says_its_compute_dtype(folder):
    sizes = [
        held_bytes(load_model(folder, "t", precision=Precision(quant=q), device="cpu").model)
        for q in ("none", "int8", "nf4")
    ]
    assert sizes == sorted(sizes, reverse=True)
    raised = load_model(folder, "t", precision=Precision(quant="nf4", compute="fp32"), device="cpu")
    assert raised.quantisation["compute_dtype"] == "float32"
    assert {type(m).__name__ for m in raised.model.modules()} >= {"Linear4bit"}
    assert type(raised.model.get_output_embeddings()).__name__ == "Linear"


@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen3_moe", "gemma2"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_memory_is_known_before_loading(tiny_model_folder, demo_folder, kind, dtype):
    folder = tiny_model_folder(kind, demo_folder)
    loaded = load_model(folder, "tiny", precision=Precision(dtype), device="cpu")
    assert estimate_memory(folder, "tiny", Precision(dtype)).weights == pytest.approx(loaded.weight_bytes, rel=0.02)
    assert loaded.parameters == sum(p.numel() for p in loaded.model.parameters())


def test_the_experts_of_a_mixture_are_said_to_stay(tiny_model_folder, demo_folder):
    folder = tiny_model_folder("qwen3_moe", demo_folder, dtype="bfloat16")
    estimate = estimate_memory(folder, "tiny", Precision(quant="nf4"))
    loaded = load_model(folder, "tiny", precision=Precision(quant="nf4"), device="cpu")
    assert estimate.unquantised_share > 0.3
    assert estimate.weights == pytest.approx(loaded.weight_bytes, rel=0.02)


def test_a_model_that_does_not_fit_is_refused_before_loading(folder, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda _: 1000)
    with pytest.raises(EnvironmentFault, match=r"tiny: needs .* GiB on cpu, of which 0\.0 are free"):
        load_model(folder, "tiny", precision=Precision(), device="cpu")


@pytest.mark.parametrize("wrong", [{"dtype": "float8"}, {"quant": "int3"}, {"compute": "fp64"}])
def test_unknown_precisions_are_refused(wrong):
    with pytest.raises(InputError, match="not known"):
        Precision(**wrong)


def test_the_stored_dtype_is_read_from_the_config(folder):
    from probe.engine.quantise import stored_dtype

    config = AutoConfig.from_pretrained(folder)
    assert stored_dtype(config, Precision()) is torch.bfloat16
    assert stored_dtype(config, Precision("float32")) is torch.float32
