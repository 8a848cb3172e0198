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

__all__ = [
    "KINDS",
    "MORE_HYBRIDS",
    "MORE_KINDS",
    "UNSHARED_KINDS",
    "as_float64",
    "tiny_config",
    "tiny_model",
    "write_model_folder",
]

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


_LINEAR = {
    **{"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8},
    "num_hidden_layers": 4,
}
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024, "bos_token_id": None, "eos_token_id": None}
_STATES = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}
_LONGROPE = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}

MORE_KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "opt": ("OPTConfig", {**_COMMON, "ffn_dim": 48, "word_embed_proj_dim": 32}),
    "gemma": ("GemmaConfig", _WIDE_HEADS),
    "mixtral": ("MixtralConfig", {**_GROUPED, "num_local_experts": 4, "sliding_window": 9}),
    "cohere2": ("Cohere2Config", {**_WIDE_HEADS, "sliding_window": 6, "num_hidden_layers": 4}),
    "olmo3": ("Olmo3Config", {**_GROUPED, "sliding_window": 6, "num_hidden_layers": 4}),
    "qwen2-window": (
        "Qwen2Config",
        {**_GROUPED, "use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1},
    ),
    "gemma4_text": (
        "Gemma4TextConfig",
        {**_WIDE_HEADS, "global_head_dim": 8, "sliding_window": 6, "num_hidden_layers": 6}
        | {"hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 211},
    ),
    "phi3-longrope": (
        "Phi3Config",
        {**_GROUPED, "original_max_position_embeddings": 70}
        | {"rope_parameters": {**_LONGROPE, "original_max_position_embeddings": 70}},
    ),
}
"""More architectures whose prompts can share prefixes in one pass."""

UNSHARED_KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "falcon_h1": (
        "FalconH1Config",
        {**_WIDE_HEADS, "mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8}
        | {"mamba_expand": 1, "mamba_chunk_size": 8},
    ),
    "qwen3_5_text": ("Qwen3_5TextConfig", {**_WIDE_HEADS, **_LINEAR}),
    "granitemoehybrid": (
        "GraniteMoeHybridConfig",
        {**_GROUPED, "num_local_experts": 4, "num_experts_per_tok": 2, "shared_intermediate_size": 16}
        | {"layer_types": ["mamba", "attention"], "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8},
    ),
    "mamba": ("MambaConfig", _STATES),
    "rwkv": ("RwkvConfig", {"hidden_size": 32, "num_hidden_layers": 2, "attention_hidden_size": 32}),
    "lfm2": ("Lfm2Config", {**_GROUPED, "layer_types": ["conv", "full_attention"]}),
    "recurrent_gemma": (
        "RecurrentGemmaConfig",
        {**_COMMON, "num_hidden_layers": 3, "num_key_value_heads": 1, "attention_window_size": 16},
    ),
    "llama4_text": (
        "Llama4TextConfig",
        {**_WIDE_HEADS, "num_local_experts": 4, "attention_chunk_size": 8, "intermediate_size_mlp": 48}
        | {"num_hidden_layers": 4},
    ),
    "bloom": ("BloomConfig", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "mpt": ("MptConfig", {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 1024}),
    "falcon": ("FalconConfig", {**_COMMON, "alibi": True}),
    "gptj": ("GPTJConfig", {**_GPT, "rotary_dim": 8}),
    "gpt_neo": (
        "GPTNeoConfig",
        {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]]}
        | {"window_size": 8},
    ),
    "llama-dynamic": (
        "LlamaConfig",
        {**_GROUPED, "max_position_embeddings": 64}
        | {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}},
    ),
}
"""Architectures in which a token sees more than its position and what is above it: recurrent, chunked, ALiBi, others."""


MORE_HYBRIDS: dict[str, tuple[str, dict[str, object]]] = {
    "qwen3_next": ("Qwen3NextConfig", {**_WIDE_HEADS, **_LINEAR, **_EXPERTS, "shared_expert_intermediate_size": 16}),
    "qwen3_5_moe_text": (
        "Qwen3_5MoeTextConfig",
        {**_WIDE_HEADS, **_LINEAR, **_EXPERTS, "shared_expert_intermediate_size": 16},
    ),
    "kimi_linear": (
        "KimiLinearConfig",
        {**_COMMON, "num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"]}
        | {
            "linear_num_heads": 4,
            "linear_head_dim": 8,
            "num_key_value_heads": 4,
            "mlp_layer_types": ["dense", "sparse"],
        }
        | {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_token": 2, "kv_lora_rank": 16}
        | {"qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8, "qk_head_dim": 16, "head_dim": 8},
    ),
    "olmo_hybrid": ("OlmoHybridConfig", {**_GROUPED, **_LINEAR}),
    "bamba": (
        "BambaConfig",
        {**_GROUPED, "attn_layer_indices": [1], "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8}
        | {"mamba_chunk_size": 8},
    ),
    "zamba2": (
        "Zamba2Config",
        {**_COMMON, "num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"]}
        | {"num_key_value_heads": 4, "mamba_d_state": 8, "n_mamba_heads": 4, "mamba_ngroups": 1, "chunk_size": 8}
        | {"num_mem_blocks": 1, "adapter_rank": 4, "mamba_expand": 2},
    ),
    "nemotron_h": (
        "NemotronHConfig",
        {**_WIDE_HEADS, "layers_block_type": ["mamba", "attention", "mamba", "moe"], "mamba_num_heads": 4}
        | {"mamba_head_dim": 8, "ssm_state_size": 8, "n_groups": 1, "chunk_size": 8, "n_routed_experts": 4}
        | {"num_experts_per_tok": 2, "moe_intermediate_size": 16, "moe_shared_expert_intermediate_size": 16},
    ),
}
"""More of those whose state can be forked."""


def tiny_config(kind: str, vocabulary: int, changes: dict[str, object] | None = None) -> PretrainedConfig:
    """Configuration of a tiny model; `changes` go over the kind's own values."""
    name, values = {**KINDS, **MORE_KINDS, **UNSHARED_KINDS, **MORE_HYBRIDS}[kind]
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
