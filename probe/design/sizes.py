"""How much memory a model's weights take, by what its entry says; nothing is loaded or looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from probe.design.models import Quantisation

if TYPE_CHECKING:
    from probe.design.models import ModelEntry

__all__ = ["SPARE_GIB", "fitting", "memory", "weights_gib"]

SPARE_GIB = 2.0
"""What a GPU needs beside the weights: the driver's own share and the activations of a forward pass."""

_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, None: 2.0}
"""Bytes per parameter; a dtype that is not stated counts as 16 bits, which nearly all models are published in."""

_SHRUNK = {"int8": 1.0, "nf4": 0.5 + 1 / 64 + 4 / (64 * 256)}
"""Bytes per quantised parameter; nf4 adds a byte per block of 64 and a float per 256 blocks (double quantisation)."""

_GIB = 2**30


def weights_gib(entry: ModelEntry, quantisation: Quantisation) -> float | None:
    """Memory of the weights in GiB; None where the entry does not say enough.

    Example:
        >>> from probe.design.models import load_models
        >>> entry = load_models()["llama-3.1-8b"]
        >>> [round(weights_gib(entry, way) or 0, 1) for way in ("none", "int8", "nf4")]
        [14.9, 8.4, 5.3]

    References:
        Dettmers, Pagnoni, Holtzman and Zettlemoyer (2023), QLoRA, section 3, for blocks and double quantisation.
    """
    if entry.params_b is None:
        return None
    stored = _BYTES[entry.dtype]
    if quantisation == "none":
        return entry.params_b * stored * 1e9 / _GIB
    if entry.unquantised_b is None:
        return None
    shrunk = entry.params_b - entry.unquantised_b
    return (entry.unquantised_b * stored + shrunk * _SHRUNK[quantisation]) * 1e9 / _GIB


def memory(entry: ModelEntry) -> dict[Quantisation, float | None]:
    """Memory of the weights in GiB for each way of loading that makes sense; plain loading where nothing is said."""
    return {way: weights_gib(entry, way) for way in get_args(Quantisation) if way in (entry.quant or ("none",))}


def fitting(entry: ModelEntry, gib: float) -> Quantisation | None:
    """The way of loading that changes the weights least and fits into `gib` with room to work; None if none does.

    Example:
        >>> from probe.design.models import load_models
        >>> entry = load_models()["llama-3.1-8b"]
        >>> fitting(entry, 24), fitting(entry, 12), fitting(entry, 8), fitting(entry, 4)
        ('none', 'int8', 'nf4', None)
    """
    ways = ((way, needed) for way, needed in memory(entry).items() if needed is not None)
    return next((way for way, needed in ways if needed + SPARE_GIB <= gib), None)
