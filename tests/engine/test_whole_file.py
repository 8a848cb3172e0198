"""Guards: no tensor of the files is dropped or made up in silence, and the likely cause is named."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_model

from probe.engine.whole_file import refuse_other_tensors
from probe.errors import ModelError

LAYER = "model.layers.0.self_attn.q_proj."


@pytest.fixture
def folder(tmp_path):
    tiny_model("llama").save_pretrained(tmp_path)
    return tmp_path


def edit(folder, add=(), drop=(), rename=None, **settings):
    path = folder / "model.safetensors"
    held = {key: value for key, value in load_file(path).items() if key not in drop}
    held |= {key: torch.zeros(shape) for key, shape in dict(add).items()}
    save_file({rename(key) if rename else key: value for key, value in held.items()}, path, {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **settings}))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("visual.patch_embed.weight", {"vision_config": {"depth": 1}}),
        ("model.vision_tower.x.weight", {"image_token_id": 7}),
        ("mtp.layers.0.w", {"mtp_num_hidden_layers": 1}),
        ("audio_tower.a.bias", {"audio_config": {"d_model": 8}}),
        ("talker.model.w", {"talker_config": {"d_model": 8}}),
        ("audio_tower.b.bias", {"thinker_config": {"audio_config": {"d_model": 8}}}),
    ],
)
def test_towers_and_further_heads_are_let_be_where_the_config_has_them(folder, name, said):
    edit(folder, {name: (2,)}, **said)
    refuse_other_tensors(folder, "own")
    edit(folder, {}, **dict.fromkeys(said))
    with pytest.raises(ModelError, match=rf"the tensor {name}, which its class does not take"):
        refuse_other_tensors(folder, "own")


def test_layers_that_predict_further_tokens_are_let_be(folder):
    edit(folder, {"model.layers.2.extra.weight": (2,)}, num_nextn_predict_layers=1)
    refuse_other_tensors(folder, "own")
    edit(folder, {"model.layers.3.extra.weight": (2,)})
    with pytest.raises(ModelError, match=r"model\.layers\.3\.extra\.weight, which its class does not take"):
        refuse_other_tensors(folder, "own")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"add": {f"{LAYER}bias": (32,)}}, rf"the tensor {LAYER}bias, .*biases that config\.json denies"),
        ({"add": {f"{LAYER}lora_A.weight": (2, 32)}}, "LoRA adapter that was not merged"),
        ({"add": {f"{LAYER}weight_scale_inv": (1, 1)}}, "no quantization_config that says so"),
        ({"add": {"score.weight": (1, 32)}}, r"a reward model, no language model: score\.weight"),
        ({"num_hidden_layers": 1}, r"hold 2 layers, and config\.json says num_hidden_layers: 1"),
        ({"rename": lambda key: f"_orig_mod.{key}"}, r"the prefix _orig_mod\."),
        ({"add": {"another.weight": (2,)}}, "another model's or architecture's"),
        ({"drop": ("model.norm.weight",)}, r"1 weights are missing or misshapen .*model\.norm\.weight"),
        ({"add": {"model.norm.weight": (31,)}}, r"misshapen .*model\.norm\.weight"),
        ({"drop": ("lm_head.weight",), "tie_word_embeddings": False}, "set tie_word_embeddings: true"),
    ],
)
def test_what_would_be_dropped_or_made_up_is_refused(folder, changes, why):
    edit(folder, **changes)
    with pytest.raises(ModelError, match=why):
        refuse_other_tensors(folder, "own")


def test_eight_bit_floats_without_a_word_in_the_config_are_the_cause(folder):
    path = folder / "model.safetensors"
    held = load_file(path)
    held[f"{LAYER}weight"] = held[f"{LAYER}weight"].to(torch.float8_e4m3fn)
    save_file({**held, f"{LAYER}amax": torch.ones(1)}, path, {"format": "pt"})
    with pytest.raises(ModelError, match=r"q_proj\.amax.* no quantization_config that says so"):
        refuse_other_tensors(folder, "own")


def test_no_weights_are_read(folder, monkeypatch):
    monkeypatch.setattr("safetensors.safe_open", None)
    refuse_other_tensors(folder, "own")


def test_a_class_that_cannot_be_built_just_now_is_looked_at_again(folder, monkeypatch):
    def fails(*_):
        raise RuntimeError("a library that is not whole")

    assert refuse_other_tensors(folder, "own")
    monkeypatch.setattr("probe.engine.whole_file._loading_info", fails)
    assert not refuse_other_tensors(folder, "own")
