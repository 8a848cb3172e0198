"""Layers that carry a state from token to token: what their code in transformers asks of whoever reads them."""

from __future__ import annotations

from inspect import unwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["CHUNK", "narrowest_row", "shorten_chunks"]

CHUNK = 32
"""Tokens of a chunk of a state space or of a delta rule on a CPU."""

_CHUNKED = {"torch_chunk_gated_delta_rule", "chunk_kimi_delta_attention"}
"""Functions of transformers that carry a state through chunks by a delta rule, and take the size of a chunk."""


def shorten_chunks(model: PreTrainedModel) -> None:
    """Let states be carried in chunks of few tokens: the same numbers up to rounding.

    For a CPU, where rows are filled up to whole chunks, of 64 or 256 tokens otherwise, at a cost that grows with the
    square of a chunk.
    """
    for layer in _state_spaces(model):
        layer.chunk_size = min(layer.chunk_size, CHUNK)
    for layer in _delta_rules(model):
        layer.register_forward_pre_hook(_in_short_chunks, with_kwargs=True)


def _in_short_chunks(
    _: torch.nn.Module, given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return given, {**named, "chunk_size": CHUNK}


def narrowest_row(model: PreTrainedModel) -> int:
    """Least tokens that a row which goes on from a state must have to be read as in one pass over the whole.

    One token alone is computed by other code, which forgets the bounds of a state space's time steps.
    """
    limits = (layer.time_step_limit for layer in _state_spaces(model))
    return 1 if all(limit is None or tuple(limit) == (0.0, float("inf")) for limit in limits) else 2


def _state_spaces(model: PreTrainedModel) -> list[Any]:
    return [one for one in model.modules() if hasattr(one, "time_step_limit") and hasattr(one, "chunk_size")]


def _delta_rules(model: PreTrainedModel) -> list[torch.nn.Module]:
    """Layers that hand on what they are called with to one of `_CHUNKED`."""
    return [layer for layer in model.modules() if _CHUNKED.intersection(unwrap(type(layer).forward).__code__.co_names)]
