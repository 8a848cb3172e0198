"""What a model's layers are, as far as a trie must know: their kinds, windows and widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from probe.engine.rope import rope_kinds

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


__all__ = ["VECTORS", "decoder", "refused_kind", "stated_windows", "uneven_width", "windows_differ"]

KINDS = frozenset({"full_attention", "sliding_attention"})
"""Kinds of layers that a trie can stand for: what a token sees is a matter of position alone."""

VECTORS = 32
"""Floats that an element-wise operation of torch computes at a time, with AVX-512."""


def uneven_width(model: PreTrainedModel) -> int | None:
    """A width of the decoder that whole vectors do not fill, if there is one.

    What is left over at the end of an element-wise operation is computed by another code path, whose exponential is
    another in the last bit: then a node's numbers depend on whether it is the last of its trie.
    """
    for module in decoder(model).modules():
        for weight in module.parameters(recurse=False):
            widths = weight.shape[1:] if isinstance(module, nn.Embedding) else weight.shape[-2:]
            if weight.dim() > 1 and any(width % VECTORS for width in widths):
                return next(width for width in widths if width % VECTORS)
    return None


def decoder(model: PreTrainedModel) -> PreTrainedModel:
    """The layers of a model, without its output projection."""
    found: PreTrainedModel = model.get_decoder()  # type: ignore[no-untyped-call]
    return found


def refused_kind(model: PreTrainedModel) -> str | None:
    """Why a model's layers are not such that a trie could stand for them; None if they seem to be."""
    layers = decoder(model)
    config = layers.config
    other = sorted(set(getattr(config, "layer_types", None) or ()) - KINDS)
    if other:
        return f"it has layers of the kind {', '.join(other)}"
    if getattr(config, "alibi", False) or getattr(config, "use_bidirectional_attention", False):
        return "its attention is biased by distance or looks ahead"
    if any(isinstance(module, nn.Conv1d) for module in layers.modules()):
        return "it has convolutions over tokens"
    if "dynamic" in rope_kinds(config):
        return "its rotary positions depend on a prompt's length"
    return None


def stated_windows(config: PretrainedConfig) -> list[int | None]:
    """The window of each layer as the config states it."""
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return [getattr(config, "sliding_window", None) if kind == "sliding_attention" else None for kind in kinds]
    return [window] * int(config.num_hidden_layers)


def windows_differ(seen: list[int | None], wanted: list[int | None]) -> str | None:
    """Why the windows that calls of attention had are not those that a config states; None if they are."""
    if len(seen) != len(wanted):
        return f"{len(seen)} calls of attention were seen for {len(wanted)} layers"
    return None if seen == wanted else "its layers attend through other windows than its config states"
