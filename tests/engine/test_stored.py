"""Guards: weights stored in few bits are read as the numbers that their codes stand for, by packers written apart."""

from __future__ import annotations

import json
import sys
import types
from functools import partial

import numpy as np
import pytest
import torch
from packers import pack_awq, pack_bitsandbytes4, pack_bitsandbytes8, pack_compressed, pack_float8, pack_gptq
from safetensors.torch import load_file, save_file
from tiny import tiny_model
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, BitsAndBytesConfig
from wrappers import tiny_wrapper

from probe.engine.expanded_files import unread_tensors
from probe.engine.load import load_model
from probe.engine.memory import estimate_memory
from probe.engine.packed_weights import expand_gptq
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision
from probe.engine.stored import Stored
from probe.engine.whole_file import refuse_other_tensors
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
    "compressed-float": (
        pack_float8,
        {
            **{**COMPRESSED, "format": "float-quantized", "quantization_status": "compressed", "ignore": ["lm_head"]},
            "config_groups": {
                "group_0": {
                    "targets": ["Linear"],
                    "weights": {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True},
                    "input_activations": {"num_bits": 8, "type": "float", "strategy": "token", "dynamic": True},
                }
            },
        },
    ),
    "nf4": (pack_bitsandbytes4, {**BNB, "bnb_4bit_use_double_quant": True}),
    "nf4-single": (partial(pack_bitsandbytes4, double=False), {**BNB, "bnb_4bit_use_double_quant": False}),
    "fp4": (partial(pack_bitsandbytes4, kind="fp4"), {**BNB, "bnb_4bit_quant_type": "fp4", "llm_int8_threshold": 6.0}),
    "int8": (pack_bitsandbytes8, {"quant_method": "bitsandbytes", "load_in_8bit": True, "llm_int8_threshold": 6.0}),
}


def as_tensor(value):
    return value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(value))


def store(folder, pack, settings, *, kind="llama", changes=SIZES, dtype=torch.bfloat16, extra=(), ends="proj.weight"):
    """A tiny model whose inner projections are packed; returns the same model in float64 with what the codes mean."""
    tiny_model(kind, changes=changes).to(dtype).save_pretrained(folder)
    plain, stored, meant = load_file(folder / "model.safetensors"), {}, {}
    for name, weight in plain.items():
        if not name.endswith(ends):
            stored[name] = weight
            continue
        tensors, values = pack(weight.double().numpy())
        module = name.removesuffix(".weight")
        stored |= {f"{module}.{key}": as_tensor(value) for key, value in tensors.items()}
        stored |= {f"{module}.{key}": torch.zeros(weight.shape[0], dtype=torch.float16) for key in extra}
        meant[name] = torch.from_numpy(values)
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization_config": settings}))
    meaning = folder.parent / "meaning"
    tiny_model(kind, changes=changes).save_pretrained(meaning)
    save_file({**plain, **meant}, meaning / "model.safetensors", metadata={"format": "pt"})
    double = AutoModelForCausalLM.from_pretrained(meaning, dtype=torch.float64).eval()
    double.set_experts_implementation("eager")
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
    right = in_float64(store(tmp_path / "model", pack, settings))
    exact, loaded = read(tmp_path / "model", compute="fp32")
    assert float((exact - right).abs().max()) < 1e-4
    rounded, native = read(tmp_path / "model")
    assert float((rounded - right).abs().max()) < 0.4
    assert float((rounded - right).abs().mean()) < 0.08
    assert native.weights.weight_bytes == pytest.approx(native.weights.estimated_bytes, rel=0.01)
    assert loaded.weights.weight_bytes == pytest.approx(loaded.weights.estimated_bytes, rel=0.01)


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
    store(tmp_path / "model", *CASES[case])
    found = dict(read(tmp_path / "model")[1].weights.quantisation)
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
    right = in_float64(store(tmp_path / "model", *CASES["gptq"], changes=changes, extra=("bias",)))
    tensors = load_file(tmp_path / "model/model.safetensors")
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, own in shards.items():
        save_file({name: tensors[name] for name in own}, tmp_path / "model" / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, own in shards.items() for name in own}}
    (tmp_path / "model/model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model/model.safetensors").unlink()
    found, loaded = read(tmp_path / "model", compute="fp32")
    assert float((found - right).abs().max()) < 1e-4
    assert loaded.model.get_output_embeddings().weight is loaded.model.get_input_embeddings().weight


def test_biases_of_packed_layers_are_kept_where_the_model_has_them(tmp_path):
    right = in_float64(store(tmp_path / "model", *CASES["gptq"], kind="qwen2"))
    found, _ = read(tmp_path / "model", compute="fp32")
    assert float((found - right).abs().max()) < 1e-4


def test_experts_of_a_mixture_are_expanded_one_by_one(tmp_path):
    pack = partial(pack_gptq, group=16)
    right = in_float64(store(tmp_path / "model", pack, {**GPTQ, "group_size": 16}, kind="qwen3_moe", changes={}))
    found, loaded = read(tmp_path / "model", compute="fp32")
    assert any(".experts." in name for name, _ in loaded.model.named_parameters())
    assert float((found - right).abs().max()) < 1e-4


def test_a_packed_output_projection_is_expanded_too(tmp_path):
    changes = {**SIZES, "vocab_size": 224}
    right = in_float64(
        store(tmp_path / "model", *CASES["gptq"], changes=changes, ends=("proj.weight", "lm_head.weight"))
    )
    found, _ = read(tmp_path / "model", compute="fp32")
    assert float((found - right).abs().max()) < 1e-4


def test_the_only_file_may_have_a_name_of_its_own(tmp_path):
    right = in_float64(store(tmp_path / "model", *CASES["gptq"]))
    (tmp_path / "model/model.safetensors").rename(tmp_path / "model/gptq_model-4bit-32g.safetensors")
    assert float((read(tmp_path / "model", compute="fp32")[0] - right).abs().max()) < 1e-4


@pytest.mark.parametrize("case", ["gptq", "nf4", "compressed-4"])
def test_damaged_files_end_in_a_sentence(tmp_path, case):
    store(tmp_path / "model", *CASES[case])
    (tmp_path / "model/model.safetensors").write_bytes(b"no header at all")
    with pytest.raises(
        ModelError, match=r"tiny: (the (weights|headers of its weights) cannot be|model.safetensors is not a whole)"
    ):
        read(tmp_path / "model")


@pytest.mark.parametrize("case", ["nf4", "int8", "gptq", "compressed-4"])
@pytest.mark.parametrize(
    ("lost", "found", "why"),
    [
        ((), ("model.layers.0.self_attn.q_norm.weight",), r"q_norm\.weight, which its class does not take"),
        (
            ("model.norm.weight",),
            (),
            r"1 weights are missing or misshapen .* model\.norm\.weight; they would have been",
        ),
    ],
    ids=["more", "less"],
)
def test_tensors_beside_stored_codes_are_held_against_the_class_after_loading(tmp_path, case, lost, found, why):
    store(tmp_path / "model", *CASES[case])
    path = tmp_path / "model" / "model.safetensors"
    held = {key: tensor for key, tensor in load_file(path).items() if key not in lost}
    save_file({**held, **{key: torch.ones(8) for key in found}}, path, metadata={"format": "pt"})
    refuse_other_tensors(tmp_path / "model", "tiny")  # headers alone cannot tell
    with pytest.raises(ModelError, match=why):
        read(tmp_path / "model")


def test_the_end_of_a_text_is_what_the_folder_says(tmp_path):
    store(tmp_path / "model", *CASES["awq"])
    (tmp_path / "model/generation_config.json").write_text('{"eos_token_id": [7, 9]}')
    assert read(tmp_path / "model")[1].model.generation_config.eos_token_id == [7, 9]


def test_dtypes_that_are_asked_for_are_kept(tmp_path):
    store(tmp_path / "model", *CASES["gptq"])
    assert read(tmp_path / "model")[1].weights.dtype == "bfloat16"
    assert read(tmp_path / "model", compute="fp32")[1].weights.dtype == "float32"
    assert read(tmp_path / "model", compute="fp32", dtype="float16")[1].weights.dtype == "float16"


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
    store(tmp_path / "model", *CASES["gptq"])
    tensors = load_file(tmp_path / "model/model.safetensors")
    del tensors[f"model.layers.1.mlp.up_proj.{lost}"]
    save_file(tensors, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=rf"model\.layers\.1\.mlp\.up_proj.*{lost}"):
        read(tmp_path / "model")


def test_words_of_another_size_are_refused(tmp_path):
    """The trap: llm-awq packs into 16 bits in an order of its own, and calls its tensors the same."""
    store(tmp_path / "model", *CASES["awq"])
    tensors = load_file(tmp_path / "model/model.safetensors")
    name = "model.layers.1.mlp.up_proj.qweight"
    tensors[name] = tensors[name].view(torch.int16)
    save_file(tensors, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"model\.layers\.1\.mlp\.up_proj packs its codes into torch\.int16"):
        read(tmp_path / "model")


def test_a_table_that_is_not_that_of_the_format_is_refused(tmp_path):
    store(tmp_path / "model", *CASES["nf4"])
    tensors = load_file(tmp_path / "model/model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight.quant_map"][3] += 0.01
    save_file(tensors, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"a table of numbers that is not the one of nf4"):
        read(tmp_path / "model")


def test_each_module_is_expanded_by_its_own_scheme(tmp_path):
    """The trap: transformers takes the first group of a mixed config for every layer."""
    settings = {**COMPRESSED, **group_scheme(4, symmetric=True)}
    eight = group_scheme(8, symmetric=True)["config_groups"]["group_0"]
    settings["config_groups"] = settings["config_groups"] | {"group_1": {**eight, "targets": ["re:.*down_proj"]}}
    double = store(tmp_path / "model", pack_compressed, settings)
    tensors = load_file(tmp_path / "model/model.safetensors")
    for layer in double.model.layers:
        wide, values = pack_compressed(layer.mlp.down_proj.weight.detach().numpy(), bits=8)
        name = next(n for n, module in double.named_modules() if module is layer.mlp.down_proj)
        tensors |= {f"{name}.{key}": torch.from_numpy(np.array(value)) for key, value in wide.items()}
        layer.mlp.down_proj.weight.data = torch.from_numpy(values)
    save_file(tensors, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
    found, _ = read(tmp_path / "model", compute="fp32")
    assert float((found - in_float64(double)).abs().max()) < 1e-4


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "llava"])
def test_the_text_part_of_a_wrapper_is_packed(tmp_path, kind):
    model = tiny_wrapper(kind)
    model.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    for name in [name for name in tensors if name.endswith("proj.weight") and "vis" not in name]:
        packed, values = pack_awq(tensors.pop(name).double().numpy(), group=16)
        module = name.removesuffix(".weight")
        tensors |= {f"{module}.{key}": torch.from_numpy(value) for key, value in packed.items()}
        tail = name.partition("layers.")[2]
        own = next(own for own, _ in model.named_parameters() if own.endswith(tail) and "vis" not in own)
        model.get_parameter(own).data = torch.from_numpy(values)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    say(tmp_path, **{**CASES["awq"][1], "group_size": 16})
    found, _ = read(tmp_path, compute="fp32")
    assert float((found - in_float64(model.double())).abs().max()) < 1e-4


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "llava"])
def test_the_text_part_of_a_wrapper_stored_in_four_bits(tmp_path, kind):
    """Saved by transformers itself, as people do."""
    tiny_wrapper(kind).bfloat16().save_pretrained(tmp_path / "plain")
    four = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
    AutoModelForImageTextToText.from_pretrained(
        tmp_path / "plain", quantization_config=four, device_map={"": "cpu"}
    ).save_pretrained(tmp_path / "stored")
    right = load_model(tmp_path / "plain", kind, precision=Precision(quant="nf4", compute="fp32"), device="cpu")
    found, loaded = read(tmp_path / "stored", compute="fp32")
    assert float((found - next_token_logprobs(right.model, SEQUENCE)).abs().max()) < 1e-5
    assert loaded.weights.weight_bytes == pytest.approx(loaded.weights.estimated_bytes, rel=0.02)


def test_a_zero_point_of_nought_wraps_in_the_first_version():
    positive = np.abs(np.random.default_rng(1).normal(size=(32, 64))) + 0.1
    positive[:, ::16] = 0.0
    tensors, meant = pack_gptq(positive)
    parts = {key: torch.from_numpy(value) for key, value in tensors.items()}
    triple = parts["qweight"], parts["qzeros"], parts["scales"]
    found = expand_gptq(*triple, parts["g_idx"], group_size=32, second_version=False)
    assert np.abs(found.numpy() - meant).max() < 1e-6


def test_a_bias_that_is_no_number_of_the_model_is_left_out(tmp_path):
    store(tmp_path / "model", *CASES["gptq"], extra=("bias",))
    stored = Stored("gptq", CASES["gptq"][1])
    bias = "model.layers.0.mlp.up_proj.bias"
    assert bias not in unread_tensors(tmp_path / "model", stored, {"model.layers.0.mlp.up_proj.weight"}, "tiny")
    assert bias in unread_tensors(tmp_path / "model", stored, {bias}, "tiny")


def test_stored_layers_compute_in_the_dtype_of_the_rest(tmp_path):
    """The trap: a file that names no dtype means float32, and many name float16 beside weights in bfloat16."""
    pack, settings = CASES["nf4"]
    store(tmp_path / "model", pack, {**settings, "bnb_4bit_compute_dtype": "float16"})
    layers = [one for one in read(tmp_path / "model")[1].model.modules() if type(one).__name__ == "Linear4bit"]
    assert {layer.compute_dtype for layer in layers} == {torch.bfloat16}
