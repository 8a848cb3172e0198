"""Layers that carry a state from token to token: what their code in transformers asks of whoever reads them."""

from __future__ import annotations

from functools import partial
from inspect import unwrap
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["CHUNK", "chunk_of", "narrowest_row", "shorten_chunks"]

CHUNK = 32
"""Most tokens of a chunk of a state space or of a delta rule on a CPU."""

_CHUNKED = {"torch_chunk_gated_delta_rule", "chunk_kimi_delta_attention"}
"""Functions of transformers that carry a state through chunks by a delta rule, and take the size of a chunk."""


def shorten_chunks(model: PreTrainedModel) -> None:
    """Let states be carried in chunks of few tokens: the same numbers up to rounding.

    For a CPU, where rows would be filled up to whole chunks of 64 or 256 tokens, at a cost that grows with the square
    of a chunk.
    """
    for layer in _state_spaces(model):
        layer.register_forward_pre_hook(partial(_set_chunk, layer.chunk_size), with_kwargs=True)
    for layer in _delta_rules(model):
        layer.register_forward_pre_hook(_name_chunk, with_kwargs=True)


def chunk_of(width: int, longest: int = CHUNK) -> int:
    """Tokens of a chunk, so that rows of a width are the fewest chunks with the least filling.

    Example:
        >>> [chunk_of(width) for width in (5, 32, 33, 100)]
        [5, 32, 17, 25]
    """
    return ceil(width / ceil(width / longest))


def _set_chunk(stored: int, layer: torch.nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    vars(layer)["chunk_size"] = chunk_of(_width(given, named), min(stored, CHUNK))


def _name_chunk(
    _: torch.nn.Module, given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return given, {**named, "chunk_size": chunk_of(_width(given, named))}


def _width(given: tuple[Any, ...], named: dict[str, Any]) -> int:
    """Tokens of a row that a layer is called with, [rows, tokens, width]."""
    return int((given[0] if given else named["hidden_states"]).shape[1])


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
