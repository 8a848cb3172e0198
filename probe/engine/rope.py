"""Rotary positions whose meaning depends on the length of a whole sequence: where that is so, and without memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig, PreTrainedModel

__all__ = ["depends_on_length", "forget_lengths", "length_of_other_angles", "rope_kinds"]


def rope_kinds(config: PretrainedConfig) -> set[str]:
    """Kinds of rotary positions in a model, over its kinds of layers; empty without any."""
    stated = getattr(config, "rope_parameters", None) or {}
    each = stated.values() if any(isinstance(one, dict) for one in stated.values()) else [stated]
    return {str(one.get("rope_type", "default")) for one in each if isinstance(one, dict)}


def depends_on_length(config: PretrainedConfig) -> bool:
    """Whether a longer sequence turns its earlier tokens by other angles, so that no cache is exact."""
    return not rope_kinds(config).isdisjoint({"dynamic", "longrope"})


def length_of_other_angles(config: PretrainedConfig) -> int | None:
    """Length beyond which all angles of a sequence are others, if there is one such length."""
    if "longrope" not in rope_kinds(config):
        return None
    stated = getattr(config, "original_max_position_embeddings", None)
    return int(
        stated or config.rope_parameters.get("original_max_position_embeddings") or config.max_position_embeddings
    )


def forget_lengths(model: PreTrainedModel) -> None:
    """Make dynamic rotary positions a function of the given sequence.

    As they come, angles grow with the longest sequence that was ever read and are not taken back for a shorter one
    beyond the trained length: a reading would depend on what was read before it.
    """
    for module in model.modules():
        kinds = getattr(module, "rope_type", None)
        if "dynamic" in (kinds.values() if isinstance(kinds, dict) else (kinds,)):
            module.register_forward_pre_hook(_forget)


def _forget(module: nn.Module, _: tuple[object, ...]) -> None:
    for name in [name for name in vars(module) if name.endswith("max_seq_len_cached")]:
        setattr(module, name, 0)
