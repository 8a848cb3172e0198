"""Tiny models of many architectures with seeded random weights, large enough that attention and position matter."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import transformers

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

__all__ = ["KINDS", "as_float64", "tiny_config", "tiny_model", "write_model_folder"]

_COMMON = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 1024,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
_GROUPED = {**_COMMON, "num_key_value_heads": 2}
_WIDE_HEADS = {**_GROUPED, "head_dim": 8}
_EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}

KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "gpt2": (
        "GPT2Config",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024, "bos_token_id": None, "eos_token_id": None},
    ),
    "gpt_neox": ("GPTNeoXConfig", _COMMON),
    "llama": ("LlamaConfig", _GROUPED),
    "mistral": ("MistralConfig", {**_GROUPED, "sliding_window": 5}),
    "qwen2": ("Qwen2Config", _GROUPED),
    "qwen3": ("Qwen3Config", _WIDE_HEADS),
    "gemma2": (
        "Gemma2Config",
        {**_WIDE_HEADS, "sliding_window": 4, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
    ),
    "gemma3_text": ("Gemma3TextConfig", {**_WIDE_HEADS, "sliding_window": 4}),
    "phi3": ("Phi3Config", _GROUPED),
    "cohere": ("CohereConfig", {**_GROUPED, "logit_scale": 0.25}),
    "granite": ("GraniteConfig", {**_GROUPED, "logits_scaling": 4.0, "embedding_multiplier": 2.0}),
    "olmo2": ("Olmo2Config", _GROUPED),
    "gpt_oss": ("GptOssConfig", {**_WIDE_HEADS, **_EXPERTS, "sliding_window": 4}),
    "qwen3_moe": ("Qwen3MoeConfig", {**_WIDE_HEADS, **_EXPERTS}),
    "smollm3": ("SmolLM3Config", _GROUPED),
    "deepseek_v3": (
        "DeepseekV3Config",
        {
            **_COMMON,
            **{"num_key_value_heads": 4, "moe_intermediate_size": 16, "n_routed_experts": 4, "num_experts_per_tok": 2},
            **{"n_group": 2, "topk_group": 1, "first_k_dense_replace": 1},
            **{"q_lora_rank": 12, "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 8},
        },
    ),
}


def tiny_config(kind: str, vocabulary: int, changes: dict[str, object] | None = None) -> PretrainedConfig:
    """Configuration of a tiny model; `changes` go over the kind's own values."""
    name, values = KINDS[kind]
    return getattr(transformers, name)(**{**values, "vocab_size": vocabulary, **(changes or {})})


def tiny_model(kind: str, vocabulary: int = 211, changes: dict[str, object] | None = None) -> PreTrainedModel:
    """A tiny model whose predictions differ from token to token by several nats."""
    config = tiny_config(kind, vocabulary, changes)
    torch.manual_seed(7)
    model = transformers.AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(7)
    for name, weight in model.named_parameters():
        if weight.ndim == 2 and "embed" not in name and "wte" not in name:
            scale = weight.shape[1] ** -0.5
            weight.data.normal_(0.0, 1.5 * scale, generator=generator)
        elif weight.ndim >= 2:
            weight.data.normal_(0.0, 0.5, generator=generator)
    return model.eval()


def as_float64(model: PreTrainedModel) -> PreTrainedModel:
    """A copy in float64, on the plainest code path that the architecture has."""
    double = copy.deepcopy(model).double()
    if hasattr(double.config, "num_experts_per_tok"):
        double.set_experts_implementation("eager")
    return double


def write_model_folder(folder: Path, kind: str, tokenizer: Path, dtype: str, changes: dict[str, object]) -> Path:
    """A complete model folder: config, safetensors, and the files of `tokenizer`.

    The vocabulary is a little larger than the tokenizer, as in many published models.
    """
    encoder = transformers.AutoTokenizer.from_pretrained(str(tokenizer))
    model = tiny_model(kind, len(encoder) + 3, changes).to(getattr(torch, dtype))
    model.save_pretrained(folder)
    for path in tokenizer.iterdir():
        if path.name.startswith(("tokenizer", "special_tokens", "chat_template", "vocab", "merges", "added_tokens")):
            shutil.copyfile(path, folder / path.name)
    return folder
