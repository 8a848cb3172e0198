"""Guards: a config cannot make transformers fetch or run code, and what libraries look at once is set before them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tiny import tiny_config, tiny_model
from transformers.integrations import hub_kernels

from probe.commands.folder_facts import folder_facts
from probe.engine.load import load_model
from probe.engine.memory import estimate_memory
from probe.engine.meta_model import build_skeleton, quantisable_layers, read_config
from probe.engine.precision import Precision
from probe.errors import ModelError

NATIVE_CODE = "kernels-community/flash-attn"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tiny"
    tiny_model("llama").save_pretrained(path)
    return path


@pytest.fixture
def asked(monkeypatch):
    """Kernels that transformers was asked to load."""
    names = []

    def refuse(name, *_, **__):
        names.append(name)
        raise AssertionError(f"native code was asked for: {name}")

    monkeypatch.setattr(hub_kernels, "load_and_register_attn_kernel", refuse)
    monkeypatch.setattr(hub_kernels, "get_kernel", refuse)
    return names


def change(folder, **entries):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **entries}))


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
@pytest.mark.parametrize("name", [NATIVE_CODE, f"{NATIVE_CODE}@main:forward", "flash_attention_2", "flex_attention"])
@pytest.mark.parametrize("use", [load_model, estimate_memory])
def test_attention_that_a_config_asks_for_is_refused_before_anything_is_built(folder, asked, key, name, use):
    change(folder, **{key: name})
    given = {"device": "cpu"} if use is load_model else {}
    with pytest.raises(ModelError, match=rf"tiny: its config\.json asks for .*{name}.* of attention.*eager, sdpa"):
        use(folder, "tiny", precision=Precision(), **given)
    assert asked == []


def test_the_guard_is_needed(folder, asked):
    """The trap: left alone, transformers goes for the kernel that a config names."""
    from transformers import AutoModelForCausalLM

    change(folder, attn_implementation=NATIVE_CODE)
    with pytest.raises((AssertionError, ImportError, ValueError)):
        AutoModelForCausalLM.from_pretrained(folder)


def test_looking_at_a_folder_does_not_fetch_code_either(folder, asked):
    change(folder, attn_implementation=NATIVE_CODE)
    assert "asks for the implementation" in folder_facts(folder).gaps[0]
    assert asked == []


def test_nested_configs_are_looked_at(tmp_path, asked):
    text = tiny_config("gemma3_text", 211).to_dict()
    nested = {"model_type": "gemma3", "text_config": text, "attn_implementation": {"text_config": NATIVE_CODE}}
    (tmp_path / "config.json").write_text(json.dumps(nested))
    with pytest.raises(ModelError, match="of attention"):
        read_config(tmp_path, "nested")
    assert asked == []


def test_experts_in_native_code_are_refused(tmp_path):
    tiny_config("qwen3_moe", 211).save_pretrained(tmp_path)
    change(tmp_path, experts_implementation="deepgemm")
    with pytest.raises(ModelError, match="'deepgemm' of experts"):
        read_config(tmp_path, "moe")


@pytest.mark.parametrize("name", ["eager", "sdpa"])
def test_plain_attention_is_taken_and_read_back(folder, name):
    change(folder, attn_implementation=name)
    assert load_model(folder, "tiny", precision=Precision(), device="cpu").weights.attention == name


def test_what_was_loaded_otherwise_is_refused(folder, monkeypatch):
    monkeypatch.setattr("probe.engine.load.ATTENTIONS", ("other",))
    with pytest.raises(ModelError, match="tiny: was loaded with the attention 'sdpa'"):
        load_model(folder, "tiny", precision=Precision(), device="cpu")


def test_fused_layers_are_not_asked_for(folder):
    change(folder, fusion_config={"all": True})
    assert read_config(folder, "tiny").fusion_config is None


@pytest.mark.parametrize("tied", [True, False])
def test_the_skeleton_has_every_layer_and_no_weights(tied):
    config = tiny_config("llama", 211, {"tie_word_embeddings": tied})
    skeleton = build_skeleton(config)
    model = tiny_model("llama", changes={"tie_word_embeddings": tied})
    assert {p.device.type for p in skeleton.parameters()} == {"meta"}
    assert [p.shape for p in skeleton.parameters()] == [p.shape for p in model.parameters()]
    linear = quantisable_layers(model)
    assert len(linear) == 2 * 7
    assert model.get_output_embeddings() not in linear


ENVIRONMENT = """
import os, sys
os.environ["USE_HUB_KERNELS"] = "YES"
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "0"
os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
import probe
assert "transformers" not in sys.modules and "torch" not in sys.modules
names = ("USE_HUB_KERNELS", "DISABLE_SAFETENSORS_CONVERSION", "CUBLAS_WORKSPACE_CONFIG", "HF_HUB_DISABLE_TELEMETRY")
print(*(os.environ[name] for name in names))
from transformers.integrations import hub_kernels
print(hub_kernels._kernels_enabled)
"""


@pytest.mark.process
def test_the_environment_is_set_before_any_library_looks():
    done = subprocess.run([sys.executable, "-c", ENVIRONMENT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["NO", "1", ":4096:8", "1", "False"]


def test_the_environment_of_this_process():
    assert os.environ["USE_HUB_KERNELS"] == "NO"
    assert os.environ["DISABLE_SAFETENSORS_CONVERSION"] == "1"


@pytest.mark.parametrize(
    ("key", "most"),
    [("num_hidden_layers", 1000), ("n_layer", 1000), ("num_local_experts", 4096), ("num_attention_heads", 4096)],
)
@pytest.mark.parametrize("nested", [False, True])
def test_counts_that_no_model_has_are_refused_before_anything_is_built(key, most, nested, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.AutoConfig.from_pretrained", lambda *_, **__: pytest.fail("it was built"))
    content = {"model_type": "llama", key: most + 1}
    (tmp_path / "config.json").write_text(json.dumps({"text_config": content} if nested else content))
    with pytest.raises(ModelError, match=rf"big: its config.json says {key}: {most + 1}.* at most {most}"):
        read_config(tmp_path, "big")


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"num_hidden_layers": Infinity}', '{"num_hidden_layers": 1e400}']
)
def test_a_config_that_is_none_is_refused(text, tmp_path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"strange: its config.json (cannot be used|says num_hidden_layers)"):
        read_config(tmp_path, "strange")
