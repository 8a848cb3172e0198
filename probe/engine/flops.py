"""How many floating-point operations a model does for a token, known from its config before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.engine.estimates import FlopRate
from probe.engine.layer_kinds import decoder
from probe.engine.meta_model import read_config, skeleton_of

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PretrainedConfig

__all__ = ["experts_per_token", "flop_rate"]

_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_CHOSEN = ("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", "moe_k")
"""What configs call the number of experts, and the number that one token passes through."""


def flop_rate(folder: Path, name: str) -> FlopRate:
    """Build a model without its weights and count; what looks at images is not met by a text.

    Raises:
        ModelError: transformers does not know the architecture.
    """
    config = read_config(folder, name)
    model = skeleton_of(config, name)
    text = config.get_text_config()
    used = _experts_in_use(text)
    embedding = model.get_input_embeddings().weight
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    outer = {id(embedding), *([] if head is None else [id(head.weight)])}
    inner = sum(
        parameter.numel() * (used if ".experts." in name else 1.0)
        for name, parameter in decoder(model).named_parameters()
        if id(parameter) not in outer and parameter.dim() > 1
    )
    row = 0 if head is None else 2 * head.weight.numel()
    return FlopRate(round(2 * inner), row, _per_pair(text))


def _per_pair(config: PretrainedConfig) -> int:
    """Two products of a query with a key and of a weight with a value, in every head of every layer."""
    heads, layers = int(config.num_attention_heads), int(config.num_hidden_layers)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    return 4 * layers * heads * size


def experts_per_token(config: PretrainedConfig) -> int | None:
    """How many experts of a mixture one token passes through; None where the config names no number."""
    return _first(config.get_text_config(), _CHOSEN)


def _first(config: PretrainedConfig, keys: tuple[str, ...]) -> int | None:
    found = (getattr(config, key, None) for key in keys)
    return next((number for number in found if isinstance(number, int) and number), None)


def _experts_in_use(config: PretrainedConfig) -> float:
    every, chosen = _first(config, _EXPERTS), experts_per_token(config)
    return 1.0 if every is None or chosen is None else chosen / every
