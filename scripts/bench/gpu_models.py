"""Models of the GPU session: tiny ones of many kinds, one with linear attention, and a folder that fills memory."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from bitsandbytes.nn import Int8Params, Linear8bitLt
from torch import nn
from transformers import PreTrainedModel

from probe.engine.head import project_in_float32

COMMON = {
    **{"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4},
    **{"num_key_value_heads": 2, "vocab_size": 211, "max_position_embeddings": 1024},
    **{"bos_token_id": None, "eos_token_id": None, "pad_token_id": None},
}
HEADS = {"head_dim": 16}
EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LINEAR = {
    **{"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 16, "linear_value_head_dim": 16},
    "num_hidden_layers": 4,
}

HYBRID = "qwen3_5"

FAMILIES: dict[str, tuple[str, dict[str, object]]] = {
    "llama": ("LlamaConfig", {}),
    "mistral": ("MistralConfig", {"sliding_window": 9}),
    "qwen2": ("Qwen2Config", {}),
    "qwen3": ("Qwen3Config", HEADS),
    "gemma2": (
        "Gemma2Config",
        {**HEADS, "sliding_window": 9, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
    ),
    "gemma3": ("Gemma3TextConfig", {**HEADS, "sliding_window": 9}),
    "phi3": ("Phi3Config", {}),
    "gpt_oss": ("GptOssConfig", {**HEADS, **EXPERTS, "sliding_window": 9}),
    "qwen3_moe": ("Qwen3MoeConfig", {**HEADS, **EXPERTS}),
    HYBRID: ("Qwen3_5TextConfig", {**HEADS, **LINEAR}),
}
"""Ten kinds; every one but the last can be read as a trie."""

LARGE_HYBRID = {
    **{"hidden_size": 2560, "intermediate_size": 9216, "num_hidden_layers": 32, "num_attention_heads": 16},
    **{"num_key_value_heads": 4, "head_dim": 256, "vocab_size": 128_256},
    **{"linear_num_value_heads": 32, "linear_num_key_heads": 16},
    **{"linear_key_head_dim": 128, "linear_value_head_dim": 128},
}
"""Of about four billion parameters."""


def family(name: str, device: str, *, large: bool = False, layers: int | None = None) -> PreTrainedModel:
    """A model in bfloat16 with seeded random weights, the same on every device but for a large one."""
    kind, changes = FAMILIES[name]
    depth = {} if layers is None else {"num_hidden_layers": layers}
    config = getattr(transformers, kind)(**{**COMMON, **changes, **(LARGE_HYBRID if large else {}), **depth})
    torch.manual_seed(1)
    with torch.device(device if large else "cpu"):
        model: PreTrainedModel = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    if not large:
        with torch.no_grad():  # of a size at which attention and position matter
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0, 0.08)
    project_in_float32(model.eval(), name)
    return model.to(device)


def tiny_folder(folder: Path, *, large: bool) -> Path:
    """A folder of a Llama; a large one takes 3.2 GB in bfloat16."""
    sizes = {"hidden_size": 2560, "intermediate_size": 10_240, "num_hidden_layers": 15, "num_attention_heads": 20}
    changes = {**sizes, "num_key_value_heads": 4, "vocab_size": 32_000} if large else {}
    config = transformers.LlamaConfig(**{**COMMON, **changes})
    with torch.device("cuda" if large else "cpu"):
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    return folder


def int8(model: PreTrainedModel) -> None:
    """Put eight-bit layers in the place of the inner linear layers, made from their weights where they are."""
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear) and not isinstance(layer, Linear8bitLt) and layer is not head:
                eight = Linear8bitLt(
                    layer.in_features, layer.out_features, layer.bias is not None, has_fp16_weights=False
                )
                eight.bias = layer.bias
                weight = Int8Params(layer.weight.data.cpu(), requires_grad=False, has_fp16_weights=False)
                eight.weight = weight
                setattr(parent, name, eight.to(layer.weight.device).eval())
