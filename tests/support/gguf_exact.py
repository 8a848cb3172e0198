"""A Llama of a GGUF file in float64: the values of its blocks, put by hand into transformers' own class."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM


def exact_model(file: Path, folder: Path) -> LlamaForCausalLM:
    """The blocks' values put by hand into a model in float64."""
    exact = LlamaForCausalLM(LlamaConfig.from_pretrained(folder)).double().eval()
    exact.load_state_dict(float64_weights(file, exact.config))
    return exact


def float64_weights(file: Path, config):
    """Every tensor of the file in float64, under transformers' names."""
    stored = {one.name: gguf.dequantize(one.data, one.tensor_type) for one in gguf.GGUFReader(file).tensors}
    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj"}
    names |= {"attn_output": "self_attn.o_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    names |= {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    found = {"model.embed_tokens.weight": stored["token_embd.weight"]}
    found["lm_head.weight"] = stored.get("output.weight", stored["token_embd.weight"])
    found["model.norm.weight"] = stored["output_norm.weight"]
    for name, value in stored.items():
        if name.startswith("blk."):
            _, layer, part, _ = name.split(".")
            if part in ("attn_q", "attn_k"):  # llama.cpp turns pairs, transformers halves
                heads = config.num_attention_heads if part == "attn_q" else config.num_key_value_heads
                size = value.shape[0] // heads
                order = [
                    head * size + 2 * i + half for head in range(heads) for half in (0, 1) for i in range(size // 2)
                ]
                value = value[order]  # noqa: PLW2901
            found[f"model.layers.{layer}.{names[part]}.weight"] = value
    return {name: torch.from_numpy(np.array(value)).double() for name, value in found.items()}
