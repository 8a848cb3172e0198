"""Rotary positions of a GGUF file that are stretched: what it says of them as transformers' own settings, exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.engine.gguf_header import read_floats

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from transformers import PretrainedConfig

    from probe.engine.gguf_header import GgufHeader

__all__ = ["FACTORS", "stretch_positions"]

FACTORS = "rope_freqs.weight"
"""Tensor of what each angle's frequency is divided by, as Llama 3.1 and later have it."""

_LLAMA3: dict[str, float] = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
_TRAINED = 8192
_EQUAL = 1e-6


def stretch_positions(file: Path, header: GgufHeader, config: PretrainedConfig) -> None:
    """Put a file's factors of frequencies, or its linear scaling, into the config, where that has one plain rotation.

    Factors that are those of Llama 3.1 and later become ``llama3``; any others stand in the config one by one, as
    ``longrope`` with the same factors for every length.
    """
    plain: dict[str, Any] = getattr(config, "rope_parameters", None) or {}
    if plain.get("rope_type") != "default" or float(plain.get("partial_rotary_factor", 1.0)) != 1.0:
        return
    key = f"{header.architecture}.rope.scaling"
    kind = header.metadata.get(f"{key}.type", "none")
    linear = header.metadata.get(f"{key}.factor") if kind == "linear" else None
    if FACTORS in header.tensors:
        factors = read_floats(file, header, FACTORS)
        if kind == "none" and factors is not None and 2 * factors.size == _width(config):
            config.rope_parameters = plain | _settings(factors, plain["rope_theta"], config.max_position_embeddings)
    elif isinstance(linear, float) and linear > 0:
        config.rope_parameters = plain | {"rope_type": "linear", "factor": linear}


def _width(config: PretrainedConfig) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _settings(factors: NDArray[np.float32], base: float, limit: int) -> dict[str, Any]:
    largest = float(factors.max())
    if np.allclose(factors, _llama3(factors.size, base, largest), rtol=_EQUAL, atol=0):
        return {
            **{"rope_type": "llama3", "factor": largest, **_LLAMA3},
            "original_max_position_embeddings": _TRAINED,
        }
    each = [float(one) for one in factors]
    return {
        **{"rope_type": "longrope", "short_factor": each, "long_factor": each, "attention_factor": 1.0},
        "original_max_position_embeddings": limit,
    }


def _llama3(count: int, base: float, factor: float) -> NDArray[np.float64]:
    """What Llama 3.1 and later divide frequencies by: nothing of short waves, `factor` of long ones, between in steps.

    References:
        Grattafiori et al. (2024), The Llama 3 herd of models, and the code published with it.
    """
    waves = 2 * math.pi * base ** (np.arange(count) / count)
    low, high = _LLAMA3["low_freq_factor"], _LLAMA3["high_freq_factor"]
    kept = np.clip((_TRAINED / waves - low) / (high - low), 0, 1)
    return np.asarray(1 / ((1 - kept) / factor + kept))
