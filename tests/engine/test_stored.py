"""Guards: weights stored in few bits are read as the numbers that their codes stand for, by packers written apart."""

from __future__ import annotations

import json
import sys
import types
from functools import partial

import numpy as np
import pytest
import torch
from packers import pack_awq, pack_bitsandbytes4, pack_bitsandbytes8, pack_compressed, pack_gptq
from safetensors.torch import load_file, save_file
from tiny import tiny_model

from probe.engine.load import load_model
from probe.engine.memory import estimate_memory
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision
from probe.errors import EnvironmentFault, ModelError

SEQUENCE = (3, 1, 4, 1, 5, 9, 2, 6)
SIZES = {"hidden_size": 64, "intermediate_size": 96, "tie_word_embeddings": False}


def group_scheme(bits, *, symmetric):
    weights = {"num_bits": bits, "type": "int", "strategy": "group", "group_size": 32, "symmetric": symmetric}
    return {
        "format": "pack-quantized",
        "quantization_status": "compressed",
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
        "ignore": ["lm_head"],
    }


GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": False, "sym": False}
BNB = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
COMPRESSED = {"quant_method": "compressed-tensors"}

CASES = {
    "gptq": (pack_gptq, GPTQ),
    "gptq-no-index": (partial(pack_gptq, index=False), GPTQ),
    "gptq-act-order": (partial(pack_gptq, act_order=True), {**GPTQ, "desc_act": True}),
    "gptq-v2": (partial(pack_gptq, version=2), {**GPTQ, "checkpoint_format": "gptq_v2"}),
    "gptq-8": (partial(pack_gptq, bits=8, group=-1), {**GPTQ, "bits": 8, "group_size": -1}),
    "gptq-3": (partial(pack_gptq, bits=3), {**GPTQ, "bits": 3, "checkpoint_format": "gptq"}),
    "gptq-2": (partial(pack_gptq, bits=2), {**GPTQ, "bits": 2}),
    "awq": (pack_awq, {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm", "zero_point": True}),
    "compressed-4": (pack_compressed, {**COMPRESSED, **group_scheme(4, symmetric=True)}),
    "compressed-8-uneven": (
        partial(pack_compressed, bits=8, symmetric=False),
        {**COMPRESSED, **group_scheme(8, symmetric=False)},
    ),
    "nf4": (pack_bitsandbytes4, {**BNB, "bnb_4bit_use_double_quant": True}),
    "nf4-single": (partial(pack_bitsandbytes4, double=False), {**BNB, "bnb_4bit_use_double_quant": False}),
    "fp4": (partial(pack_bitsandbytes4, kind="fp4"), {**BNB, "bnb_4bit_quant_type": "fp4", "llm_int8_threshold": 6.0}),
    "int8": (pack_bitsandbytes8, {"quant_method": "bitsandbytes", "load_in_8bit": True, "llm_int8_threshold": 6.0}),
}


def store(folder, pack, settings, *, kind="llama", changes=SIZES, dtype=torch.bfloat16, extra=()):
    """A tiny model whose inner projections are packed; returns the same model in float64 with what the codes mean."""
    double = tiny_model(kind, changes=changes).double()
    tiny_model(kind, changes=changes).to(dtype).save_pretrained(folder)
    plain, stored, meant = load_file(folder / "model.safetensors"), {}, {}
    for name, weight in plain.items():
        if not name.endswith("proj.weight"):
            stored[name] = weight
            continue
        tensors, values = pack(weight.double().numpy())
        module = name.removesuffix(".weight")
        stored |= {f"{module}.{key}": torch.from_numpy(np.array(value)) for key, value in tensors.items()}
        stored |= {f"{module}.{key}": torch.zeros(weight.shape[0], dtype=torch.float16) for key in extra}
        meant[name] = torch.from_numpy(values)
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization_config": settings}))
    double.load_state_dict(plain | meant, strict=False)
    return double


@torch.no_grad()
def in_float64(double):
    return torch.log_softmax(double(torch.tensor([SEQUENCE]), use_cache=False).logits[0, -1], -1)


def read(folder, **precision):
    loaded = load_model(folder, "tiny", precision=Precision(**precision), device="cpu")
    return next_token_logprobs(loaded.model, SEQUENCE), loaded


@pytest.mark.parametrize("case", CASES)
def test_read_as_a_float64_pass_over_what_the_codes_mean(tmp_path, case):
    pack, settings = CASES[case]
    right = in_float64(store(tmp_path, pack, settings))
    exact, loaded = read(tmp_path, compute="fp32")
    assert float((exact - right).abs().max()) < 1e-3
    rounded, native = read(tmp_path)
    assert float((rounded - right).abs().max()) < 0.4
    assert float((rounded - right).abs().mean()) < 0.08
    assert native.weight_bytes == pytest.approx(native.estimated_bytes, rel=0.01)
    assert loaded.weight_bytes == pytest.approx(loaded.estimated_bytes, rel=0.01)


@pytest.mark.parametrize(
    ("case", "stated"),
    [
        ("gptq-3", {"kind": "gptq", "expanded": True, "bits": 3}),
        ("awq", {"kind": "awq", "expanded": True, "bits": 4}),
        ("compressed-4", {"kind": "compressed-tensors", "expanded": True}),
        ("nf4", {"kind": "nf4", "stored": True, "double_quantisation": True, "compute_dtype": "bfloat16"}),
        ("fp4", {"kind": "fp4", "stored": True, "double_quantisation": False, "compute_dtype": "bfloat16"}),
        ("int8", {"kind": "int8", "stored": True, "threshold": 6.0}),
    ],
)
def test_the_manifest_is_told_what_was_read(tmp_path, case, stated):
    store(tmp_path, *CASES[case])
    found = dict(read(tmp_path)[1].quantisation)
    found.pop("expansion", None)
    assert found == stated


FAKE = """
import torch

def wrong(*args, **kwargs):
    raise AssertionError("a library that happens to be installed was asked")

class QuantLinear(torch.nn.Module):
    forward = wrong

def __getattr__(name):
    return QuantLinear
"""


@pytest.mark.parametrize("case", ["gptq", "awq"])
def test_other_libraries_that_are_installed_change_no_number(tmp_path, case, monkeypatch):
    folder, site = tmp_path / "model", tmp_path / "site"
    store(folder, *CASES[case])
    before, _ = read(folder)
    for package in ("auto_gptq", "gptqmodel", "optimum", "awq", "autoawq", "awq_ext", "exllama_kernels"):
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").write_text(FAKE)
        about = site / f"{package}-9.9.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr("transformers.utils.import_utils.is_gptqmodel_available", lambda: True)
    after, _ = read(folder)
    assert torch.equal(before, after)
    assert not {"auto_gptq", "gptqmodel", "awq"} & set(sys.modules)


def test_shards_tied_projections_and_biases_of_nothing(tmp_path):
    changes = {**SIZES, "tie_word_embeddings": True}
    right = in_float64(store(tmp_path, *CASES["gptq"], changes=changes, extra=("bias",)))
    tensors = load_file(tmp_path / "model.safetensors")
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, own in shards.items():
        save_file({name: tensors[name] for name in own}, tmp_path / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, own in shards.items() for name in own}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model.safetensors").unlink()
    found, loaded = read(tmp_path, compute="fp32")
    assert float((found - right).abs().max()) < 1e-3
    assert loaded.model.get_output_embeddings().weight is loaded.model.get_input_embeddings().weight


def test_biases_of_packed_layers_are_kept_where_the_model_has_them(tmp_path):
    right = in_float64(store(tmp_path, *CASES["gptq"], kind="qwen2"))
    found, _ = read(tmp_path, compute="fp32")
    assert float((found - right).abs().max()) < 1e-3


def test_the_end_of_a_text_is_what_the_folder_says(tmp_path):
    store(tmp_path, *CASES["awq"])
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [7, 9]}')
    assert read(tmp_path)[1].model.generation_config.eos_token_id == [7, 9]


def test_dtypes_that_are_asked_for_are_kept(tmp_path):
    store(tmp_path, *CASES["gptq"])
    assert read(tmp_path)[1].dtype == "bfloat16"
    assert read(tmp_path, compute="fp32")[1].dtype == "float32"
    assert read(tmp_path, compute="fp32", dtype="float16")[1].dtype == "float16"


def say(folder, **settings):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization_config": settings}))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"quant_method": "hqq"}, r"by hqq, and probe reads awq, bitsandbytes,"),
        ({"quant_method": "aqlm", "bits": 2}, r"by aqlm in 2 bits, and probe reads"),
        ({**GPTQ, "bits": 5}, r"by gptq in 5 bits, and of gptq probe reads 2, 3, 4, 8 bits"),
        ({**GPTQ, "checkpoint_format": "marlin"}, r"by gptq in the layout 'marlin', and of gptq probe reads gptq and"),
        ({"quant_method": "awq", "bits": 4, "version": "gemv"}, r"by awq in the layout 'gemv', and of awq probe reads"),
        ({**COMPRESSED, "sparsity_config": {"format": "sparse-24-bitmask"}}, r"sparsely \(sparse-24-bitmask\)"),
        ({**COMPRESSED, "transform_config": {"config_groups": {"R1": {}}}}, r"with rotations between its layers"),
    ],
)
def test_what_cannot_be_read_is_refused_before_loading_with_the_reason(tmp_path, settings, words):
    tiny_model("llama").save_pretrained(tmp_path)
    say(tmp_path, **settings)
    with pytest.raises(ModelError, match=rf"tiny: its weights are stored quantised .*{words}.*unquantised weights"):
        estimate_memory(tmp_path, "tiny", Precision())


def test_a_missing_library_is_named_with_the_command_that_brings_it(tmp_path, monkeypatch):
    tiny_model("llama").save_pretrained(tmp_path)
    say(tmp_path, **CASES["compressed-4"][1])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "compressed_tensors" else types)
    with pytest.raises(EnvironmentFault, match=r"Run: pip install 'probe\[compressed-tensors\]'") as caught:
        estimate_memory(tmp_path, "tiny", Precision())
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("lost", ["qzeros", "scales"])
def test_a_packed_weight_that_is_not_whole_is_refused(tmp_path, lost):
    store(tmp_path, *CASES["gptq"])
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors[f"model.layers.1.mlp.up_proj.{lost}"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=rf"model\.layers\.1\.mlp\.up_proj.*{lost}"):
        read(tmp_path)


def test_a_table_that_is_not_that_of_the_format_is_refused(tmp_path):
    store(tmp_path, *CASES["nf4"])
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight.quant_map"][3] += 0.01
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"a table of numbers that is not the one of nf4"):
        read(tmp_path)


def test_each_module_is_expanded_by_its_own_scheme(tmp_path):
    """The trap: transformers takes the first group of a mixed config for every layer."""
    settings = {**COMPRESSED, **group_scheme(4, symmetric=True)}
    eight = group_scheme(8, symmetric=True)["config_groups"]["group_0"]
    settings["config_groups"] = settings["config_groups"] | {"group_1": {**eight, "targets": ["re:.*down_proj"]}}
    double = store(tmp_path, pack_compressed, settings)
    tensors = load_file(tmp_path / "model.safetensors")
    for layer in double.model.layers:
        wide, values = pack_compressed(layer.mlp.down_proj.weight.detach().numpy(), bits=8)
        name = next(n for n, module in double.named_modules() if module is layer.mlp.down_proj)
        tensors |= {f"{name}.{key}": torch.from_numpy(np.array(value)) for key, value in wide.items()}
        layer.mlp.down_proj.weight.data = torch.from_numpy(values)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    found, _ = read(tmp_path, compute="fp32")
    assert float((found - in_float64(double)).abs().max()) < 1e-3
