"""Tiny models that take images or sound beside their text, with seeded random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import transformers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["READER", "WRAPPERS", "tiny_wrapper"]

VOCABULARY = 211

_TEXT = {
    **{"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4},
    **{"num_key_value_heads": 2, "max_position_embeddings": 1024, "vocab_size": VOCABULARY},
    **{"bos_token_id": None, "eos_token_id": None, "pad_token_id": None},
}
_WIDE = {**_TEXT, "head_dim": 8}
_ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_SIGHT = {
    **{"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2},
    **{"image_size": 28, "patch_size": 14},
}
_QWEN_SIGHT = {
    **{"depth": 1, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32},
    "patch_size": 14,
}
_DEEP = {**_QWEN_SIGHT, "deepstack_visual_indexes": [0]}
_SQUARE = {**_SIGHT, "image_size": [28, 28], "patch_size": [14, 14]}
_SOUND = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
_PALI = {**_SIGHT, "projection_dim": 32, "vocab_size": VOCABULARY}
_LINEAR = {
    **{"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8},
    "num_hidden_layers": 4,
}


def _of(kind: str, text: dict[str, object]) -> dict[str, object]:
    return {"model_type": kind, **text}


def _sees(sight: str, text: dict[str, object], **more: object) -> dict[str, object]:
    return {"text_config": text, "vision_config": _of(sight, _SIGHT), **more}


_WINDOW = {**_WIDE, "sliding_window": 5}

WRAPPERS: dict[str, dict[str, object]] = {
    "mistral3": _sees("pixtral", _of("mistral", _WIDE)),
    "mistral3/ministral3": _sees("pixtral", _of("ministral3", _WIDE)),
    "llava": _sees("clip_vision_model", _of("llama", _TEXT)),
    "llava/pixtral": _sees("pixtral", _of("mistral", _WINDOW)),
    "llava_next": _sees("clip_vision_model", _of("mistral", _WINDOW)),
    "llava_onevision": _sees("siglip_vision_model", _of("qwen2", _TEXT)),
    "vipllava": _sees("clip_vision_model", _of("llama", _TEXT), vision_feature_layers=[-1]),
    "qwen2_vl": {
        "text_config": {**_TEXT, **_ROPE},
        "vision_config": {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14},
    },
    "qwen2_5_vl": {"text_config": {**_TEXT, **_ROPE}, "vision_config": _QWEN_SIGHT},
    "qwen3_vl": {"text_config": {**_WIDE, **_ROPE}, "vision_config": _DEEP},
    "qwen3_vl_moe": {"text_config": {**_WIDE, **_ROPE, **_EXPERTS}, "vision_config": _DEEP},
    "internvl": {"text_config": _of("qwen2", _TEXT), "vision_config": _SQUARE},
    "idefics3": {"text_config": _of("llama", _TEXT), "vision_config": _SIGHT},
    "smolvlm": {"text_config": _of("llama", _TEXT), "vision_config": _SIGHT},
    "glm4v": {"text_config": {**_TEXT, **_ROPE}, "vision_config": _QWEN_SIGHT},
    "gemma3": {"text_config": _WINDOW, "vision_config": _SIGHT},
    "gemma4": {
        "text_config": {
            **{**_WINDOW, "global_head_dim": 8, "num_hidden_layers": 6, "pad_token_id": 0},
            **{"hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": VOCABULARY},
        },
        "vision_config": _SIGHT,
        "audio_config": None,
    },
    "aya_vision": _sees("siglip_vision_model", _of("cohere2", _WINDOW)),
    "aria": _sees("idefics3_vision", _of("aria_text", {**_TEXT, "moe_num_experts": 4, "moe_topk": 2})),
    "voxtral": {"text_config": _of("llama", _TEXT), "audio_config": _SOUND},
    "paligemma": {
        "text_config": _of("gemma", _WIDE),
        "vision_config": _of("siglip_vision_model", _PALI),
        **{"projection_dim": 32, "hidden_size": 32, "vocab_size": VOCABULARY},
    },
    "mllama": {
        "text_config": {**_TEXT, "bos_token_id": 0, "cross_attention_layers": [1]},
        "vision_config": _SIGHT,
    },
    "llama4": {
        "text_config": {
            **{**_WIDE, "num_hidden_layers": 4, "intermediate_size_mlp": 48, "attention_chunk_size": 16},
            **{"num_local_experts": 4, "interleave_moe_layer_step": 2},
        },
        "vision_config": {**_SIGHT, "vision_output_dim": 32, "projector_input_dim": 32, "projector_output_dim": 32},
    },
    "qwen3_5": {"text_config": {**_WIDE, **_LINEAR}, "vision_config": _QWEN_SIGHT},
    "lfm2_vl": _sees("siglip2_vision_model", _of("lfm2", {**_TEXT, "layer_types": ["conv", "full_attention"]})),
}
"""By model type, behind a stroke what its text part is where a type has several."""

READER = {"paligemma": "plain", "mllama": "plain", "llama4": "plain", "qwen3_5": "forked", "lfm2_vl": "forked"}
"""Kinds whose prompts cannot share a pass; the others are read as a trie."""


def tiny_wrapper(kind: str) -> PreTrainedModel:
    """The whole model, towers included, by the class that its makers save it with."""
    values = {**WRAPPERS[kind], "image_token_id": VOCABULARY - 1, "image_token_index": VOCABULARY - 1}
    config = transformers.AutoConfig.for_model(kind.partition("/")[0], **values)
    torch.manual_seed(7)
    model = transformers.AutoModelForMultimodalLM.from_config(config)
    generator = torch.Generator().manual_seed(7)
    for name, weight in model.named_parameters():
        if weight.ndim == 2 and "embed" not in name:
            weight.data.normal_(0.0, 1.5 * weight.shape[1] ** -0.5, generator=generator)
        elif weight.ndim >= 2:
            weight.data.normal_(0.0, 0.5, generator=generator)
    return model.eval()
