"""Guards: every setting of a quantised model is stated, its memory is known before it is loaded, and it reads."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_model
from transformers import AutoConfig

from probe.engine import memory
from probe.engine.load import load_model
from probe.engine.memory import estimate_memory, held_bytes
from probe.engine.plain import PlainReader, read_alone
from probe.engine.precision import Precision
from probe.engine.quantise import quantisation_config, stored_dtype
from probe.errors import EnvironmentFault, InputError, ModelError
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
        ("int8", {"kind": "int8", "threshold": 6.0, "expansion": "library"}),
        (
            "nf4",
            {"kind": "nf4", "double_quantisation": True, "compute_dtype": "bfloat16", "expansion": "library"},
        ),
    ],
)
def test_quantised_weights_load_read_and_take_what_was_expected(folder, quant, settings):
    loaded = load_model(folder, "tiny", precision=Precision(quant=quant), device="cpu")
    assert loaded.weights.quantisation == settings
    assert loaded.weights.weight_bytes == pytest.approx(loaded.weights.estimated_bytes, rel=0.02)
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
    assert raised.weights.quantisation["compute_dtype"] == "float32"
    assert {type(m).__name__ for m in raised.model.modules()} >= {"Linear4bit"}
    assert type(raised.model.get_output_embeddings()).__name__ == "Linear"


@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen3_moe", "gemma2"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_memory_is_known_before_loading(tiny_model_folder, demo_folder, kind, dtype):
    folder = tiny_model_folder(kind, demo_folder)
    loaded = load_model(folder, "tiny", precision=Precision(dtype), device="cpu")
    assert estimate_memory(folder, "tiny", Precision(dtype)).weights == pytest.approx(
        loaded.weights.weight_bytes, rel=0.02
    )
    assert loaded.weights.parameters == sum(p.numel() for p in loaded.model.parameters())


def test_the_experts_of_a_mixture_are_said_to_stay(tiny_model_folder, demo_folder):
    folder = tiny_model_folder("qwen3_moe", demo_folder, dtype="bfloat16")
    estimate = estimate_memory(folder, "tiny", Precision(quant="nf4"))
    loaded = load_model(folder, "tiny", precision=Precision(quant="nf4"), device="cpu")
    assert loaded.weights.unquantised_share == estimate.unquantised_share > 0.3
    assert estimate.weights == pytest.approx(loaded.weights.weight_bytes, rel=0.02)


def test_a_model_that_does_not_fit_is_refused_before_loading(folder, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda _: 1000)
    with pytest.raises(EnvironmentFault, match=r"tiny: needs .* GiB on cpu, of which 0\.0 are free"):
        load_model(folder, "tiny", precision=Precision(), device="cpu")


@pytest.mark.parametrize("wrong", [{"dtype": "float8"}, {"quant": "int3"}, {"compute": "fp64"}])
def test_unknown_precisions_are_refused(wrong):
    with pytest.raises(InputError, match="not known"):
        Precision(**wrong)


def test_the_stored_dtype_is_read_from_the_config(folder):
    config = AutoConfig.from_pretrained(folder)
    assert stored_dtype(config, Precision()) is torch.bfloat16
    assert stored_dtype(config, Precision("float32")) is torch.float32


def store_quantised(folder, kind, changes, quantise):
    """A tiny model in bfloat16 whose weights `quantise` has replaced by codes; returns what these stand for."""
    tiny_model(kind, changes=changes).bfloat16().save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    stored, expected = {}, {}
    for name, weight in weights.items():
        codes, meant = quantise(name, weight)
        stored.update(codes)
        expected[name] = meant
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    return expected


def say_quantised(folder, **config):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization_config": config}))


def as_fp8(name, weight):
    if not name.endswith("proj.weight"):
        return {name: weight}, weight
    scale = weight.float().abs().max() / 448
    codes = (weight.float() / scale).to(torch.float8_e4m3fn)
    blocks = torch.full([-(-size // 128) for size in weight.shape], float(scale))
    return {name: codes, f"{name}_scale_inv": blocks}, (codes.float() * scale).bfloat16()


FOUR_BITS = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def as_mxfp4(name, weight):
    if not name.endswith(("gate_up_proj", "down_proj")):
        return {name: weight}, weight
    experts, into, out = weight.shape
    generator = torch.Generator().manual_seed(len(name))
    blocks = torch.randint(0, 256, (experts, out, into // 32, 16), dtype=torch.uint8, generator=generator)
    scales = torch.randint(120, 126, (experts, out, into // 32), dtype=torch.uint8, generator=generator)
    values = torch.stack([FOUR_BITS[(blocks & 15).long()], FOUR_BITS[(blocks >> 4).long()]], -1).flatten(-2)
    meant = (values * torch.exp2(scales.float() - 127)[..., None]).flatten(-2).transpose(1, 2)
    return {f"{name}_blocks": blocks, f"{name}_scales": scales}, meant.bfloat16()


STORED = {
    "fp8": (
        "llama",
        {"hidden_size": 128, "intermediate_size": 128, "num_key_value_heads": 4},
        as_fp8,
        {"activation_scheme": "dynamic", "weight_block_size": [128, 128]},
    ),
    "mxfp4": (
        "gpt_oss",
        {"hidden_size": 64, "intermediate_size": 64},
        as_mxfp4,
        {"modules_to_not_convert": ["lm_head"]},
    ),
}


@pytest.mark.parametrize("method", STORED)
def test_weights_stored_in_few_bits_are_expanded_exactly(tmp_path, method):
    kind, changes, quantise, config = STORED[method]
    expected = store_quantised(tmp_path, kind, changes, quantise)
    say_quantised(tmp_path, quant_method=method, **config)
    loaded = load_model(tmp_path, "tiny", precision=Precision(), device="cpu")
    assert loaded.weights.quantisation == {"kind": method, "expanded": True}
    assert loaded.weights.dtype == "bfloat16"
    assert loaded.weights.weight_bytes == loaded.weights.estimated_bytes
    found = loaded.model.state_dict()
    for name, weight in expected.items():
        assert torch.equal(found[name], weight), name


@pytest.mark.parametrize("quant", ["int8", "nf4"])
@pytest.mark.parametrize("method", ["fp8", "bitsandbytes", "gptq"])
def test_what_is_quantised_is_not_quantised_again(tmp_path, quant, method):
    """The trap: transformers keeps the stored quantisation, warns at most, and the run would bear the wrong name."""
    tiny_model("llama").save_pretrained(tmp_path)
    say_quantised(tmp_path, quant_method=method, load_in_8bit=True)
    with pytest.raises(ModelError, match=rf"tiny: its weights are stored quantised \({method}\), and --quant {quant}"):
        load_model(tmp_path, "tiny", precision=Precision(quant=quant), device="cpu")


@pytest.mark.parametrize("method", ["mxfp4", "fp8"])
def test_expanding_is_asked_for_whether_or_not_a_machine_has_the_kernels(folder, method):
    config = AutoConfig.from_pretrained(folder)
    config.quantization_config = {"quant_method": method}
    assert quantisation_config(config, Precision(), "t").dequantize is True


def test_every_setting_is_stated_to_the_library(folder):
    """The trap: its own defaults are fp4 without double quantisation, computing in float32."""
    config = AutoConfig.from_pretrained(folder)
    four = quantisation_config(config, Precision(quant="nf4"), "t")
    assert (four.bnb_4bit_quant_type, four.bnb_4bit_use_double_quant) == ("nf4", True)
    assert four.bnb_4bit_compute_dtype is torch.bfloat16
    assert quantisation_config(config, Precision("float16", "nf4"), "t").bnb_4bit_compute_dtype is torch.float16
    assert (
        quantisation_config(config, Precision(quant="nf4", compute="fp32"), "t").bnb_4bit_compute_dtype is torch.float32
    )
    eight = quantisation_config(config, Precision(quant="int8"), "t")
    assert (eight.load_in_8bit, eight.llm_int8_threshold) == (True, 6.0)
    loaded = load_model(folder, "tiny", precision=Precision(quant="nf4"), device="cpu")
    layers = [module for module in loaded.model.modules() if type(module).__name__ == "Linear4bit"]
    assert {layer.weight.quant_state.quant_type for layer in layers} == {"nf4"}
    assert all(layer.weight.quant_state.nested for layer in layers)
    assert {layer.compute_dtype for layer in layers} == {torch.bfloat16}
    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)
